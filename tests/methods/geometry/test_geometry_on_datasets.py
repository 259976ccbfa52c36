"""The methods of geometry on both datasets, as the harness prepares and measures them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import api
from bench.analysis.board import Board, BoardRow
from bench.data.benchmark import load_benchmark
from bench.run.session import Session

pytestmark = pytest.mark.slow

METHODS = Path(__file__).parents[3] / "bench" / "methods"
NAMES = ("landmark-warp", "expression-ratio", "region-paste")
ALPHAS = (0.0, 1.0)


@pytest.fixture(scope="module", autouse=True)
def opencv() -> None:
    pytest.importorskip("cv2", reason="needs OpenCV: pip install -e '.[opencv]'")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Board:
    out = tmp_path_factory.mktemp("runs")
    return _run(api.Settings(out=out, limit=24, alphas=ALPHAS))


@pytest.fixture(scope="module")
def photographed(
    london_data: Path, weights_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Board:
    out = tmp_path_factory.mktemp("runs")
    return _run(api.Settings("london", london_data, out=out, limit=24, alphas=ALPHAS))


def _run(settings: api.Settings) -> Board:
    files = [str(METHODS / f"{name.replace('-', '_')}.py") for name in NAMES]
    return api.run(files, settings, alpha=1.0)


def row(board: Board, method: str) -> BoardRow:
    return next(row for row in board.rows if row.method == method)


@pytest.mark.parametrize("benchmark_name", ["drawn", "photographed"])
@pytest.mark.parametrize("method", NAMES)
def test_it_beats_doing_nothing_and_starts_from_there(
    request: pytest.FixtureRequest, benchmark_name: str, method: str
) -> None:
    found = row(request.getfixturevalue(benchmark_name), method)
    assert found.coverage == 1.0
    assert found.expression_skill.value > 0.2
    assert found.expression_skill_at_zero == pytest.approx(0.0, abs=1e-3)
    assert found.identity_retention_at_zero == pytest.approx(1.0, abs=1e-3)


def test_the_ratio_adds_expression_to_the_warp(drawn: Board) -> None:
    skills = [row(drawn, name).expression_skill.value for name in NAMES[:2]]
    assert skills[1] > skills[0] + 0.05


def test_the_warp_keeps_more_of_a_person_than_pieces_of_another_s_face(
    photographed: Board,
) -> None:
    kept = [row(photographed, name).identity_retention.value for name in NAMES]
    assert kept[0] > kept[2] + 0.1
    assert kept[1] > kept[2]


def test_every_photograph_has_landmarks_on_its_eyes(london_data: Path, weights_dir: Path) -> None:
    session = Session(load_benchmark("london"), london_data)
    for points in session.landmarks.find(session.development()[:24]):
        assert points is not None
        for eye, place in ((slice(36, 42), (0.371, 0.48)), (slice(42, 48), (0.629, 0.48))):
            np.testing.assert_allclose(points[eye].mean(axis=0), place, atol=0.02)
