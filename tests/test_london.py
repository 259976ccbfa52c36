"""The whole harness on photographs of real people: the numbers must make sense."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench import api
from bench.analysis.ranking import Board, BoardRow
from bench.analysis.stored import terms_of
from bench.api_alpha import alpha_search
from bench.data.benchmark import load_benchmark
from bench.run.session import Session
from bench.run.store import StoredRun, list_runs


@pytest.fixture(scope="module")
def session(london_data: Path, weights_dir: Path) -> Session:
    return Session(load_benchmark("london"), london_data)


@pytest.fixture(scope="module")
def runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def board(london_data: Path, weights_dir: Path, runs_folder: Path) -> Board:
    """All test pairs; the two arithmetic methods at alpha 0, 0.5 and 1, ranked at 1."""
    settings = api.Settings("london", london_data, out=runs_folder, alphas=(0.0, 0.5, 1.0))
    return api.run(["pixel-arith", "glow-arith"], settings, alpha=1.0)


def row(board: Board, method: str) -> BoardRow:
    return next(row for row in board.rows if row.method == method)


def stored(runs_folder: Path, method: str) -> StoredRun:
    runs = [folder.read() for folder in list_runs(runs_folder, "london-64")]
    return next(run for run in runs if run.method == method)


def test_a_face_is_found_in_every_photograph_and_a_smile_is_read(session: Session) -> None:
    """All 204 images, after reduction to 64 pixels; AU12 is the lip corner puller."""
    identities = [i for part in ("dev", "test") for i in session.benchmark.split.identities(part)]
    faces = [session.face(s) for i in identities for s in session.dataset.samples(i)]
    features = session.instruments.measure([face.pixels for face in faces])
    assert len(features) == 204
    assert {read.outcome for read in features} == {"ok"}
    smile = session.instruments.action_units.index("AU12")
    values = {
        expression: np.mean(
            [
                read.action_units[smile]
                for face, read in zip(faces, features, strict=True)
                if face.expression == expression
            ]
        )
        for expression in ("neutral", "smiling")
    }
    assert values["neutral"] < 0.1
    assert values["smiling"] > 0.4


def test_one_person_is_nearer_than_strangers(session: Session) -> None:
    identities = session.benchmark.split.identities("test")
    faces = [
        [session.face(s) for s in session.dataset.samples(identity)] for identity in identities
    ]
    read = [session.instruments.measure([f.pixels for f in pair]) for pair in faces]
    neutral = np.stack([pair[0].embedding for pair in read])
    smiling = np.stack([pair[1].embedding for pair in read])
    cosines = neutral @ smiling.T
    same, different = np.diag(cosines), cosines[~np.eye(len(cosines), dtype=bool)]
    assert same.mean() > 0.75
    assert abs(different.mean()) < 0.12
    # A threshold exists that separates nearly all.
    assert np.quantile(same, 0.05) > np.quantile(different, 0.99)


def test_doing_nothing_has_no_skill_and_full_retention(board: Board) -> None:
    nothing = row(board, "target-neutral")
    assert nothing.expression_skill.value == pytest.approx(0.0, abs=1e-9)
    assert nothing.identity_retention.value == pytest.approx(1.0, abs=1e-6)
    assert nothing.transfer_score.value == pytest.approx(0.0, abs=1e-3)


def test_copying_the_source_keeps_nothing_of_the_target(board: Board) -> None:
    copy = row(board, "copy-source")
    assert copy.raw_expression_skill.value == pytest.approx(1.0, abs=1e-9)
    assert copy.identity_retention.value == pytest.approx(0.0, abs=0.05)
    assert copy.transfer_score.value < 0.1


def test_a_wrong_expression_is_below_the_right_one(board: Board) -> None:
    wrong, right = row(board, "shuffled-source"), row(board, "copy-source")
    assert wrong.expression_skill.value < right.expression_skill.value - 0.3
    assert wrong.identity_retention.value == pytest.approx(0.0, abs=0.05)


def test_the_real_target_keeps_identity_like_two_photographs_of_one_person(
    board: Board, session: Session
) -> None:
    real = row(board, "real-target")
    assert real.identity_retention.value == pytest.approx(0.68, abs=0.06)
    assert abs(real.expression_skill.value) < 0.2
    assert real.naturalness.value > 0.9


def test_all_photographs_are_natural_and_ghosts_are_not(board: Board) -> None:
    for anchor in ("target-neutral", "copy-source", "shuffled-source", "real-target"):
        assert row(board, anchor).naturalness.value > 0.9
    assert row(board, "pixel-arith").naturalness.value < 0.8


@pytest.mark.parametrize("method", ["pixel-arith", "glow-arith"])
def test_alpha_zero_is_the_target_up_to_reconstruction(board: Board, method: str) -> None:
    at_zero = row(board, method)
    assert at_zero.expression_skill_at_zero == pytest.approx(0.0, abs=0.02)
    assert at_zero.identity_retention_at_zero == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("method", ["pixel-arith", "glow-arith"])
def test_expression_and_identity_move_with_alpha(
    board: Board, runs_folder: Path, method: str
) -> None:
    terms = terms_of(stored(runs_folder, method), "test")
    cross = terms[(terms["kind"] == "cross") & (terms["outcome"] == "ok")]
    by_alpha = cross.groupby("alpha")[["id_dist_target", "id_dist_source"]].mean()
    assert by_alpha["id_dist_target"].is_monotonic_increasing
    assert by_alpha["id_dist_source"][1.0] < by_alpha["id_dist_source"][0.0]
    assert row(board, method).expression_skill.value > 0.1


@pytest.mark.parametrize("method", ["pixel-arith", "glow-arith"])
def test_a_self_pair_at_alpha_one_is_the_source_itself(
    board: Board, runs_folder: Path, method: str
) -> None:
    """Up to 8-bit rounding: no instrument sees a difference worth the name."""
    terms = terms_of(stored(runs_folder, method), "test")
    itself = terms[(terms["kind"] == "self") & (terms["alpha"] == 1.0)]
    assert len(itself) == 41
    assert itself["au_mae"].max() < 0.02
    assert itself["expression_error"].sum() / itself["expression_change"].sum() < 0.01


def test_every_score_has_an_interval_that_holds_it(board: Board) -> None:
    for line in board.rows:
        for estimate in (line.transfer_score, line.expression_skill, line.identity_retention):
            assert estimate.low <= estimate.value + 1e-9
            assert estimate.value <= estimate.high + 1e-9
    assert row(board, "pixel-arith").expression_skill.low > 0.0


def test_the_json_names_are_the_documented_ones(board: Board) -> None:
    values = json.loads(json.dumps(board.to_dict(), allow_nan=False))
    assert {"schema_version", "benchmark", "rows"} <= set(values)
    assert {
        "method", "alpha", "alpha_protocol", "transfer_score", "transfer_score_interval",
        "expression_skill", "raw_expression_skill", "identity_retention", "naturalness",
        "coverage", "images_per_second", "peak_memory_mib",
    } <= set(values["rows"][0])  # fmt: skip
    assert set(values["rows"][0]["transfer_score_interval"]) == {"low", "high"}


def test_a_second_run_computes_nothing_and_says_the_same(
    board: Board, london_data: Path, runs_folder: Path
) -> None:
    parts = sorted(runs_folder.rglob("*.parquet"))
    times = [path.stat().st_mtime_ns for path in parts]
    settings = api.Settings("london", london_data, out=runs_folder, alphas=(0.0, 0.5, 1.0))
    again = api.run(["pixel-arith", "glow-arith"], settings, alpha=1.0)
    assert again.to_dict()["rows"] == board.to_dict()["rows"]
    assert sorted(runs_folder.rglob("*.parquet")) == parts
    assert [path.stat().st_mtime_ns for path in parts] == times


def test_alpha_search_sees_dev_alone(london_data: Path, weights_dir: Path, tmp_path: Path) -> None:
    settings = api.Settings(
        "london-64", london_data, out=tmp_path, alphas=(0.0, 0.5, 1.0), limit=30
    )
    search = alpha_search("pixel-arith", settings).search
    (run,) = (folder.read() for folder in list_runs(tmp_path, "london-64"))
    assert set(run.scores["part"]) == {"dev"}
    assert set(run.references["part"]) == {"dev"}
    assert search.dev_alpha in (0.5, 1.0)
    curve = search.curve.set_index("alpha")
    assert search.dev_alpha == curve["au_mse"].idxmin()
    assert isinstance(search.oracle, pd.DataFrame)
    best = search.oracle["alpha_mse"]
    assert best.isin([0.0, 0.5, 1.0]).all()
