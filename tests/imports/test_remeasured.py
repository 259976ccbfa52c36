"""The released pictures measured again: agreement, and a table of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.release.agreement import agreement
from bench.api_imports import measure_valenzuela2021
from bench.errors import BenchError
from bench.imports.valenzuela2021 import TRANSFER
from bench.report.collect import collect_report
from bench.run.store import StoredRun, list_runs
from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images

MEASURED = "valenzuela2021-made-up-1-made-up-1-256"


class Instrument:
    """Reads colours: an embedding of 12 numbers and three Action Units."""

    action_units = ("AU06", "AU07", "AU12")
    card = InstrumentCard(
        name="Made up (1)", kind="embedder", version="1", description="", input_size=256,
        crop="none", scale="0..1", weights_name="", weights_sha256="", licence="CC0-1.0",
        source="tests",
    )  # fmt: skip

    def embed(self, images: Images) -> Any:
        blocks = images.reshape(len(images), 2, 128, 2, 128, 3).mean(axis=(2, 4))
        rows = blocks.reshape(len(images), -1) - 127.0
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def estimate(self, images: Images) -> AUReading:
        values = images.mean(axis=(1, 2)) / 255.0
        outcomes = ["no_face" if image[0, 0, 0] < 3 else "ok" for image in images]
        values[[outcome != "ok" for outcome in outcomes]] = np.nan
        return AUReading(outcomes, values.astype(np.float32))  # type: ignore[arg-type]


@pytest.fixture
def instruments(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("embedder", "au_estimator"):
        monkeypatch.setattr(f"bench.plugins.instruments.load_{kind}", lambda *_: Instrument())


@pytest.fixture(scope="module")
def pictures(make_tree: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    tree = make_tree(tmp_path_factory.mktemp("pictures") / "release", numbers=(1,))
    tree.write()
    tree.draw()
    return tree


def runs_of(out: Path, benchmark: str) -> dict[str, StoredRun]:
    return {run.method: run for run in (folder.read() for folder in list_runs(out, benchmark))}


def test_measured_numbers_are_a_table_of_their_own(
    pictures: Any, instruments: None, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    compared = measure_valenzuela2021(pictures.folder, out, "a", "b")
    assert compared.benchmark == MEASURED
    assert {path.name for path in out.iterdir()} == {"valenzuela2021-256", MEASURED}
    with pytest.raises(BenchError, match="holds several benchmarks"):
        collect_report(out, None)
    assert collect_report(out, "valenzuela2021").board.benchmark == "valenzuela2021-256"
    board = collect_report(out, MEASURED).board
    rows = {row.method: row for row in board.rows}
    assert set(rows) == {TRANSFER, "target-neutral", "copy-source"}
    # Here the source photographs have distances, too.
    assert np.isfinite(rows["copy-source"].identity_retention.value)
    assert rows["target-neutral"].identity_retention.value == pytest.approx(1.0)
    assert "never to be mixed" in " ".join(board.notes)
    run = runs_of(out, MEASURED)[TRANSFER]
    assert set(run.scores["kind"]) == {"cross"}
    assert run.action_units == Instrument.action_units
    assert len(run.scores["embedding"].iloc[0]) == 12


def test_agreement_counts_every_picture_once(
    pictures: Any, instruments: None, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    compared = measure_valenzuela2021(pictures.folder, out, "a", "b")
    assert [row.name for row in compared.action_units] == ["AU06", "AU12"]
    assert compared.only_released == ("AU45",)
    assert compared.only_measured == ("AU07",)
    # 3 targets at 3 alphas, 4 mean faces, 1 photograph.
    assert {row.images for row in compared.action_units} == {14 - compared.unread}
    assert [row.name for row in compared.distances] == ["to the target", "to the source"]
    assert {row.images for row in compared.distances} == {9}
    first = compared.action_units[0]
    assert first.difference == pytest.approx(first.measured - first.released)
    assert compared.released["au_estimator"] == "OpenFace 2.0 (released values), intensity 0..5"


def test_a_run_agrees_with_itself(pictures: Any, instruments: None, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    measure_valenzuela2021(pictures.folder, out, "a", "b")
    run = runs_of(out, MEASURED)[TRANSFER]
    same = agreement(run, run)
    for row in (*same.action_units, *same.distances):
        assert row.correlation == pytest.approx(1.0)
        assert row.difference == 0.0


def test_agreement_finds_a_known_shift_and_turn(
    pictures: Any, instruments: None, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    measure_valenzuela2021(pictures.folder, out, "a", "b")
    run, other = (runs_of(out, MEASURED)[TRANSFER] for _ in range(2))
    for table in (other.scores, other.references):
        table["AU06"] += 0.25
        table["AU12"] = 1.0 - table["AU12"]
    shifted, turned = (row for row in agreement(run, other).action_units if row.name != "AU07")
    assert (shifted.correlation, shifted.difference) == pytest.approx((1.0, 0.25))
    assert turned.correlation == pytest.approx(-1.0)


def test_measuring_needs_the_pictures(pictures: Any, instruments: None, tmp_path: Path) -> None:
    copy = shutil.copytree(pictures.folder, tmp_path / "copy")
    (copy / "results" / "means" / "bo_mean.png").unlink()
    with pytest.raises(BenchError, match=r"1 of 14 released pictures are missing, such as .*bo_m"):
        measure_valenzuela2021(copy, tmp_path / "runs", "a", "b")
