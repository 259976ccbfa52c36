"""``bench alpha-search`` as a whole: sealed, and refined with few images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.analysis.alpha_refinement import curve_values
from bench.analysis.board import Board
from bench.analysis.named_search import RowsRead
from bench.api import Settings, run
from bench.api_alpha import alpha_search
from bench.errors import BenchError
from bench.report.collect import collect_report
from bench.run.store import RunFolder, list_runs

METHOD = "pixel-arith"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def board(embed: Callable[[pytest.MonkeyPatch], Path], out: Path) -> Board:
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        return run([METHOD], Settings(out=out))


def folder_of(out: Path) -> RunFolder:
    return next(f for f in list_runs(out, "synthfaces-64") if f.info["method"]["name"] == METHOD)


def everything_but_the_footer_destroyed(path: Path) -> bytes:
    content = path.read_bytes()
    footer = 8 + int.from_bytes(content[-8:-4], "little")
    return b"PAR1" + b"\xff" * (len(content) - footer - 4) + content[-footer:]


def test_the_test_part_is_not_opened(embedded: Path, board: Board, out: Path) -> None:
    """The search says the same where nothing of the test part could be read."""
    before = alpha_search(METHOD, Settings(out=out)).to_dict()
    folder = folder_of(out).folder
    sealed = [*folder.glob("references/test-*.parquet")] + [
        path
        for path in folder.glob("scores/*.parquet")
        if "test" in pq.read_table(path)["part"].to_pylist()
    ]
    contents = {path: path.read_bytes() for path in sealed}
    assert len(sealed) > 1
    try:
        for path in sealed:
            poisoned = everything_but_the_footer_destroyed(path)
            path.write_bytes(poisoned)
        with pytest.raises(BenchError, match="is damaged"):
            collect_report(out, None)
        found = alpha_search(METHOD, Settings(out=out), refine=True, tolerance=0.1)
        assert {**found.to_dict(), "refined": None} == before
        assert found.read == {"dev": RowsRead(12 * 4, 4 * 23), "test": RowsRead(0, 0)}
        assert before["rows_read"]["test"] == {"outputs": 0, "real_images": 0}
        # Nor was any of it mended or removed.
        assert all(path.is_file() for path in sealed)
    finally:
        for path, content in contents.items():
            path.write_bytes(content)


def test_a_refined_alpha_costs_few_images_once_and_changes_no_board(
    embedded: Path, board: Board, out: Path, tmp_path: Path
) -> None:
    out = shutil.copytree(out, tmp_path / "runs", ignore=shutil.ignore_patterns("refined"))
    stored = {path: path.read_bytes() for path in out.rglob("scores/*.parquet")}
    info = (folder_of(out).folder / "run.json").read_text()
    rows = collect_report(out, None).board.rows
    settings = Settings(out=out)
    first = alpha_search(METHOD, settings, by="score", refine=True).refinement
    again = alpha_search(METHOD, settings, by="score", refine=True).refinement
    assert first is not None
    assert again is not None
    assert first.images_made == first.images == 12 * len(first.evaluations) > 0
    assert (again.images_made, again.images) == (0, first.images)
    assert again.evaluations == first.evaluations
    assert first.value is not None
    assert first.grid_value is not None
    assert first.value >= first.grid_value
    refined = folder_of(out).refined().read("dev")
    assert set(refined.scores["kind"]) == {"cross"}
    assert {alpha for alpha, _ in first.evaluations} <= set(refined.scores["alpha"])
    # The grid, the run's description, and what is made of them are as they were.
    apart = folder_of(out).folder / "refined"
    assert all(path.read_bytes() == content for path, content in stored.items())
    new = set(out.rglob("scores/*.parquet")) - set(stored)
    assert all(path.is_relative_to(apart) for path in new)
    assert (folder_of(out).folder / "run.json").read_text() == info
    assert collect_report(out, None).board.rows == rows


@pytest.mark.slow
def test_pixels_are_refined_to_what_a_dense_grid_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On drawn faces, read by the instruments that come with the package."""
    monkeypatch.chdir(tmp_path)
    coarse = Settings(out=tmp_path / "coarse", alphas=(0.0, 0.6, 1.0, 1.4), limit=6)
    dense = Settings(out=tmp_path / "dense", alphas=tuple(np.arange(0.6, 1.41, 0.04)), limit=6)
    curve = alpha_search(METHOD, dense).search.curve
    for by, best in (("au", np.argmin), ("score", np.argmax)):
        tolerance = 0.04
        found = alpha_search(METHOD, coarse, by=by, refine=True, tolerance=tolerance).refinement
        assert found is not None
        alphas, values = curve_values(curve, by)
        assert found.alpha == pytest.approx(alphas[best(values)], abs=tolerance + 0.02)
        assert len(found.evaluations) < len(alphas) / 2


def test_the_json_adds_to_what_was_there_and_has_no_nan(
    embedded: Path, board: Board, out: Path
) -> None:
    found = alpha_search(METHOD, Settings(out=out), fixed=0.5)
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["dev_alpha"] == next(r.alpha for r in board.rows if r.method == METHOD)
    assert values["by"] == "au"
    assert set(values["criteria"]) == {"au", "identity", "score"}
    assert set(values["protocols"]) == {"oracle", "dev", "fixed"}
    assert values["protocols"]["fixed"]["alpha"] == 0.5
    assert values["protocols"]["dev"]["held_out"] == "source and target"
    assert set(values["differences"]) == {
        "oracle_minus_dev", "fixed_minus_dev", "fixed_minus_oracle",
    }  # fmt: skip
    assert {group["name"] for group in values["per_expression"]} == {"happy", "sad", "sly"}
    assert len(values["per_target"]) == 4
    assert values["refined"] is None


def test_a_fixed_alpha_off_the_grid_is_refused_with_the_grid(
    embedded: Path, board: Board, out: Path
) -> None:
    with pytest.raises(BenchError, match=r"--fixed 0\.7 is not on the grid.*0, 0\.5, 1, 1\.2"):
        alpha_search(METHOD, Settings(out=out), fixed=0.7)
