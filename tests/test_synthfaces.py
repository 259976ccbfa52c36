"""The first run of a newcomer: drawn faces, shipped instruments, the shipped Glow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench import api
from bench.analysis.alpha import AlphaSearch
from bench.analysis.ranking import Board, BoardRow
from bench.analysis.stored import curve_of
from bench.api_alpha import alpha_search
from bench.run.store import list_runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> api.Settings:
    """A quarter of the pairs, in the benchmark's fixed order."""
    return api.Settings(out=tmp_path_factory.mktemp("runs"), limit=72)


@pytest.fixture(scope="module")
def board(settings: api.Settings) -> Board:
    return api.run(["glow-arith"], settings)


@pytest.fixture(scope="module")
def search(board: Board, settings: api.Settings) -> AlphaSearch:
    return alpha_search("glow-arith", settings).search


@pytest.fixture(scope="module")
def curve(board: Board, settings: api.Settings) -> pd.DataFrame:
    """glow-arith over alpha, test part."""
    runs = [folder.read() for folder in list_runs(settings.out, board.benchmark)]
    return curve_of(next(run for run in runs if run.method == "glow-arith"), "test")


def row(board: Board, method: str) -> BoardRow:
    return next(row for row in board.rows if row.method == method)


def test_glow_arith_beats_the_anchors_that_know_nothing(board: Board) -> None:
    glow = row(board, "glow-arith")
    assert glow.expression_skill.low > 0.0
    assert glow.coverage == 1.0
    for anchor in ("target-neutral", "copy-source", "shuffled-source"):
        assert glow.transfer_score.low > row(board, anchor).transfer_score.high


def test_the_real_target_is_a_ceiling_near_one(board: Board) -> None:
    real = row(board, "real-target")
    assert real.expression_skill.value > 0.9
    assert real.identity_retention.value > 0.85
    assert real.transfer_score.value > row(board, "glow-arith").transfer_score.value


def test_a_wrong_expression_is_worse_than_none(board: Board) -> None:
    assert row(board, "shuffled-source").expression_skill.value < 0.0


def test_alpha_moves_the_face_away_from_the_target_and_hardly_to_the_source(
    curve: pd.DataFrame,
) -> None:
    at = curve.set_index("alpha")
    to_target, to_source = at["id_dist_target"], at["id_dist_source"]
    assert (np.diff(to_target.loc[0.2:1.5]) > 0).all()
    rise = to_target[1.0] - to_target[0.0]
    assert abs(to_source[1.0] - to_source[0.0]) < 0.6 * rise


def test_the_least_au_error_lies_inside_the_range(curve: pd.DataFrame, search: AlphaSearch) -> None:
    for errors in (curve, search.curve):
        best = errors.loc[errors["au_mse"].idxmin(), "alpha"]
        assert 0.0 < best < errors["alpha"].max()
    assert search.dev_alpha == search.curve.loc[search.curve["au_mse"].idxmin(), "alpha"]


def test_nothing_outside_the_package_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty folder, without home, cache or network."""
    import socket

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a network connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path / "nothing"))
    monkeypatch.chdir(tmp_path)
    board = api.run(["glow-arith"], api.Settings(limit=3, alphas=(0.0, 1.0)))
    assert {row.method for row in board.rows} >= {"glow-arith", *api.ANCHORS}
    assert (tmp_path / "runs" / "synthfaces-64").is_dir()
