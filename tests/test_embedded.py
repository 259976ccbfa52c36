"""The whole harness on a dataset that ships its images: 20 reference images, no self pairs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench import api
from bench.analysis.board import Board, BoardRow
from bench.api_alpha import alpha_search
from bench.data.benchmark import load_benchmark
from bench.report.collect import collect_report
from bench.report.page.html import render_html
from bench.report.pictures import ROLES, Pictures
from bench.run.session import Session
from bench.run.store import StoredRun, list_runs


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def board(embed: Callable[[pytest.MonkeyPatch], Path], out: Path) -> Board:
    """Everything by default, but for the folder of runs."""
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        return api.run(["pixel-arith"], api.Settings(out=out))


@pytest.fixture
def run_of(board: Board, out: Path) -> Callable[[str], StoredRun]:
    runs = [folder.read() for folder in list_runs(out, "synthfaces-64")]
    return lambda method: next(run for run in runs if run.method == method)


def row(board: Board, method: str) -> BoardRow:
    return next(row for row in board.rows if row.method == method)


def test_nothing_but_a_method_s_name_is_needed(board: Board) -> None:
    assert board.benchmark == "synthfaces-64"
    # Six test identities with three expressions each, and every one of them goes to one target.
    assert {row.pairs for row in board.rows} == {18}
    assert {row.coverage for row in board.rows} == {1.0}


def test_arithmetic_on_additive_faces_is_nearly_right(board: Board) -> None:
    """Identity and expression add up here, so equation (2) on pixels is the truth."""
    best = row(board, "pixel-arith")
    # The real target shows the very expression: the one anchor that is a ceiling here.
    assert [line.method for line in board.rows[:2]] == ["real-target", "pixel-arith"]
    assert best.alpha == 1.0
    assert best.expression_skill.value > 0.95
    assert best.identity_retention.value > 0.95
    assert row(board, "real-target").expression_skill.value > 0.95
    for anchor in ("target-neutral", "copy-source", "shuffled-source"):
        assert row(board, anchor).transfer_score.value < 0.05


def test_the_mean_of_twenty_images_is_near_the_neutral_face(board: Board) -> None:
    at_zero = row(board, "pixel-arith")
    assert at_zero.expression_skill_at_zero == pytest.approx(0.0, abs=0.1)
    assert at_zero.identity_retention_at_zero == pytest.approx(1.0, abs=0.05)


def test_every_real_image_is_stored_once_with_its_role(
    run_of: Callable[[str], StoredRun],
) -> None:
    references = run_of("pixel-arith").references
    assert len(references) == 10 * 23
    per_person = references.groupby("identity")[["is_reference", "is_neutral"]].sum()
    assert set(per_person["is_reference"]) == {20}
    assert set(per_person["is_neutral"]) == {1}
    assert np.isfinite(references["niqe"]).all()
    assert set(run_of("copy-source").scores["kind"]) == {"cross"}


def test_an_alpha_search_adds_nothing_to_a_finished_run(
    embedded: Path, board: Board, out: Path
) -> None:
    parts = sorted(out.rglob("*.parquet"))
    search = alpha_search("pixel-arith", api.Settings(out=out)).search
    assert sorted(out.rglob("*.parquet")) == parts
    assert search.pairs == 12
    assert search.curve["alpha"].tolist() == [0.0, 0.5, 1.0, 1.2]
    assert search.dev_alpha == 1.0
    # Everybody is a target, so that the decoded mean face of every source is known.
    assert search.crossover_decoded is not None
    curve = search.curve.set_index("alpha")
    assert curve["id_dist_target_mean"][0.0] == pytest.approx(0.0, abs=1e-6)


def test_the_page_shows_pictures_and_cites_without_a_doi(board: Board, out: Path) -> None:
    content = collect_report(out, None)
    assert content.board.rows == board.rows
    run_id = next(m.row.run_id for m in content.methods if m.row.method == "pixel-arith")
    pictures = Pictures.of(content)
    assert len(pictures.pairs) >= 6
    for pair in pictures.pairs:
        assert pictures.alphas(run_id, pair) == (0.0, 0.5, 1.0, 1.2)
        assert all(pictures.real(pair, role) for role in ROLES)
    page = render_html(content)
    assert "A. Author. Made-up faces. 2026." in page
    assert "Made-up faces. 2026. doi" not in page
    assert "None" not in page


def test_a_neutral_face_that_is_not_marked_is_the_calmest_reference(embedded: Path) -> None:
    benchmark = load_benchmark("synthfaces")
    benchmark.card.expressions["neutral"] = "natural"
    session = Session(benchmark, embedded)
    faces = [session.face(s) for s in session.dataset.references("p0")]
    read = session.instruments.measure([face.pixels for face in faces])
    calmest = min(zip(faces, read, strict=True), key=lambda pair: (pair[1].action_units ** 2).sum())
    assert session.neutral("p0").key == calmest[0].key
    assert session.neutral("p0").sample == "neutral"


def test_a_stranger_shows_another_expression_of_a_third_person(embedded: Path) -> None:
    session = Session(load_benchmark("synthfaces"), embedded)
    for part in ("dev", "test"):
        people = set(session.benchmark.split.identities(part))
        for pair in session.benchmark.pairs(part):
            face = session.stranger(pair)
            assert face.identity in people - {pair.source, pair.target}
            assert face.expression != pair.sample
