"""Whole runs on a made-up benchmark, to publish and to damage."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import api, api_leaderboard

BENCHMARK = "synthfaces-64"


@pytest.fixture(scope="session")
def whole_runs(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder of runs: pixel-arith and the anchors on all pairs of the made-up benchmark."""
    out = tmp_path_factory.mktemp("whole-runs")
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api.run(["pixel-arith"], api.Settings(out=out))
    return out


class Runs:
    """A copy of the runs that may be damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, method: str) -> Path:
        """The folder of a method's run."""
        return next((self.folder / BENCHMARK).glob(f"{method}-*"))

    def all(self) -> list[Path]:
        return sorted(path.parent for path in (self.folder / BENCHMARK).glob("*/run.json"))

    def edit_info(self, method: str, change: Callable[[dict[str, Any]], None]) -> None:
        path = self.of(method) / "run.json"
        info = json.loads(path.read_text())
        change(info)
        path.write_text(json.dumps(info))

    def edit_scores(self, method: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        """Replaces the stored rows; the values of lists stay as they are."""
        paths = sorted(self.of(method).glob("scores/*.parquet"))
        tables = [pq.read_table(path) for path in paths]
        table = pa.concat_tables(tables, promote_options="default")
        rows = change(table.to_pandas())
        for path in paths:
            path.unlink()
        changed = pa.Table.from_pandas(rows, schema=table.schema, preserve_index=False)
        # The name of a file of earlier versions, which says nothing of its content.
        pq.write_table(changed, paths[0].with_name(f"{paths[0].name[:21]}.parquet"))

    def edit_references(self, method: str, part: str, column: str, factor: float) -> None:
        (path,) = (self.of(method) / "references").glob(f"{part}-*.parquet")
        table = pq.read_table(path)
        rows = table.to_pandas()
        rows[column] *= factor
        path.unlink()
        changed = pa.Table.from_pandas(rows, schema=table.schema, preserve_index=False)
        pq.write_table(changed, path.with_name(f"{part}.parquet"))


@pytest.fixture
def runs(whole_runs: Path, embedded: Path, tmp_path: Path) -> Runs:
    return Runs(Path(shutil.copytree(whole_runs, tmp_path / "runs")))


@pytest.fixture(scope="session")
def whole_board(
    whole_runs: Path,
    embed: Callable[[pytest.MonkeyPatch], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The board of these runs."""
    board = tmp_path_factory.mktemp("boards") / BENCHMARK
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api_leaderboard.add_runs(Runs(whole_runs).all(), board)
    return board


@pytest.fixture
def board(whole_board: Path, embedded: Path, tmp_path: Path) -> Path:
    """A copy of the board that may be damaged."""
    return Path(shutil.copytree(whole_board, tmp_path / "boards" / BENCHMARK))
