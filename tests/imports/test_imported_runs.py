"""A release as stored runs: given distances in the place of embeddings, and closed forms."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.analysis.release.summary import ReleaseSummary
from bench.analysis.stored import search_command, search_stored
from bench.analysis.stored_terms import terms_of
from bench.api import Settings
from bench.api_alpha import alpha_search
from bench.api_imports import import_valenzuela2021
from bench.errors import BenchError
from bench.imports.valenzuela2021 import TRANSFER
from bench.report.collect import collect_report
from bench.report.page.html import render_html
from bench.report.pictures import ROLES, Pictures
from bench.run.store import StoredRun, list_runs

BENCHMARK = "valenzuela2021-256"
PICTURES = "Naturalness Q and the transfer score are not defined"


def stored(out: Path) -> dict[str, StoredRun]:
    return {run.method: run for run in (f.read() for f in list_runs(out, BENCHMARK))}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def summary(tree: Any, out: Path) -> ReleaseSummary:
    return import_valenzuela2021(tree.folder, out)


@pytest.fixture
def runs(summary: ReleaseSummary, out: Path) -> dict[str, StoredRun]:
    return stored(out)


@pytest.fixture(scope="module")
def drawn(make_tree: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A release with pictures, and its runs beside it."""
    tree = make_tree(tmp_path_factory.mktemp("drawn") / "release", numbers=(1,))
    tree.write()
    tree.draw()
    import_valenzuela2021(tree.folder, tree.folder.parent / "runs")
    return tree


def test_the_released_numbers_are_stored_as_they_are(runs: dict[str, StoredRun]) -> None:
    run = runs[TRANSFER]
    assert run.action_units == ("AU06", "AU12", "AU45")
    assert set(run.scores["part"]) == {"dev"}
    assert set(run.scores["outcome"]) == {"ok"}
    rows = run.scores.set_index(["sample", "target", "alpha"])
    row = rows.loc[("sol_expression4_aligned", "cy", 0.3)]
    assert row["AU06"] == pytest.approx(2.2)
    assert row["id_dist_target"] == pytest.approx(0.18)
    assert row["id_dist_source"] == pytest.approx(1.08)
    assert row["embedding"] is None
    means = run.references.set_index("sample")
    assert means.loc["bo_mean", "id_dist_to_sol"] == 1.0
    assert means.loc["sol_mean", "id_dist_to_bo"] == 1.0
    assert means.loc["bo_mean", "id_dist_to_bo"] == 0.0
    assert np.isnan(means.loc["bo_mean", "id_dist_to_cy"])
    assert means.loc["bo_mean", "is_neutral"]


def test_scores_follow_from_given_distances(runs: dict[str, StoredRun]) -> None:
    terms = terms_of(runs[TRANSFER], "dev")
    cross = terms[terms["kind"] == "cross"]
    # All mean faces read alike, so that the change that is wanted is the source's.
    missed = cross["alpha"] - cross["target"].map({"ada": 0.3, "bo": 0.5, "cy": 0.5})
    above = cross["alpha"] > 0
    np.testing.assert_allclose(cross.loc[above, "au_mse"], (missed**2 / 3)[above], atol=1e-12)
    np.testing.assert_allclose(cross.loc[above, "au_mae"], (missed.abs() / 3)[above], atol=1e-12)
    np.testing.assert_allclose(cross["id_dist_target"], 0.6 * cross["alpha"])
    gap = cross["target"].map({"ada": 0.4, "bo": 1.0, "cy": 1.2})
    np.testing.assert_allclose(cross["id_dist_source_neutral"], gap)
    assert (cross["id_dist_target_neutral"] == 0).all()
    # What was not released is nothing that a failure could be scored by.
    assert cross["id_dist_target_worst"].isna().all()


def test_the_board_leaves_each_target_out_of_its_own_choice(
    runs: dict[str, StoredRun], out: Path
) -> None:
    board = collect_report(out, None).board
    assert (board.benchmark, board.part) == (BENCHMARK, "dev")
    rows = {row.method: row for row in board.rows}
    row = rows[TRANSFER]
    assert row.alpha_protocol == "leave-one-target-out"
    # Without ada the other two are best at 0.5; of 0.3 and 0.5 the middle has the least square.
    assert row.alpha_by_target == {"ada": 0.5, "bo": 0.4, "cy": 0.4}
    assert row.alpha is None
    missed, wanted = [0.2, 0.1, 0.1], [(0.5, 1.0, 1.0), (1.0, 1.0, 1.0)]
    error = 2 * sum(m**2 for m in missed)
    change = 3 * sum(w**2 for one in wanted for w in one)
    assert row.expression_skill.value == pytest.approx(1 - error / change)
    away = 0.6 * (0.5 + 0.4 + 0.4)
    assert row.identity_retention.value == pytest.approx(1 - away / (0.4 + 1.0 + 1.2))
    assert row.expression_skill_at_zero == pytest.approx(0.0)
    assert row.identity_retention_at_zero == pytest.approx(1.0)
    still = rows["target-neutral"]
    assert still.expression_skill.value == pytest.approx(0.0)
    assert still.identity_retention.value == pytest.approx(1.0)
    text = " ".join(board.notes)
    assert "has no test part" in text
    assert "ada 0.50, bo 0.40, cy 0.40" in text
    assert "the best per pair (oracle) would give E 1.00" in text
    assert "decoded mean face and no photograph" in text


def test_an_unreleased_distance_is_missing_and_not_the_best(
    runs: dict[str, StoredRun], out: Path
) -> None:
    board = collect_report(out, None).board
    row = next(row for row in board.rows if row.method == "copy-source")
    assert row.raw_expression_skill.value == pytest.approx(1.0)
    assert np.isnan(row.identity_retention.value)
    assert np.isnan(row.transfer_score.value)
    note = next(note for note in board.notes if note.startswith("No score is defined"))
    assert "copy-source" in note
    assert "copy-source has no R" in " ".join(board.notes)


def test_without_pictures_there_is_no_naturalness_and_the_reason_stands_there(
    runs: dict[str, StoredRun], out: Path
) -> None:
    content = collect_report(out, None)
    assert all(np.isnan(row.naturalness.value) for row in content.board.rows)
    reason = next(note for note in content.board.notes if note.startswith(PICTURES))
    assert "24 of 24 pictures are missing, such as results/" in reason
    assert runs[TRANSFER].info["instruments"]["niqe"] is None
    assert reason in runs[TRANSFER].info["notes"]
    assert "n/a" in render_html(content)


def test_self_pairs_are_stored_and_not_scored(
    tree: Any, runs: dict[str, StoredRun], out: Path, tmp_path: Path
) -> None:
    scores = runs[TRANSFER].scores
    own = scores[scores["kind"] == "self"]
    assert len(own) == 2 * 4
    assert own.loc[own["alpha"] > 0, "id_dist_target"].isna().all()
    terms = terms_of(runs[TRANSFER], "dev")
    assert terms.loc[terms["kind"] == "self", "au_mse"].notna().all()
    skill = collect_report(out, None).board.rows[0].expression_skill.value
    tree.with_self = False
    tree.write()
    import_valenzuela2021(tree.folder, tmp_path / "without")
    again = collect_report(tmp_path / "without", None).board.rows[0].expression_skill.value
    assert again == skill


def test_importing_twice_stores_nothing_twice(
    tree: Any, runs: dict[str, StoredRun], out: Path
) -> None:
    before = sorted(path.name for path in (out / BENCHMARK).rglob("*"))
    import_valenzuela2021(tree.folder, out)
    assert sorted(path.name for path in (out / BENCHMARK).rglob("*")) == before


def test_another_release_is_another_run_and_the_older_is_named(
    tree: Any, runs: dict[str, StoredRun], out: Path
) -> None:
    for run in runs.values():
        run.info["created"] = "2001-01-01"
        (run.folder / "run.json").write_text(json.dumps(run.info))
    tree.numbers = (1, 2, 3)
    tree.write()
    import_valenzuela2021(tree.folder, out)
    board = collect_report(out, None).board
    assert {row.pairs for row in board.rows} == {9}
    left_out = [note for note in board.notes if note.endswith("other data or instruments.")]
    assert len(left_out) == 3


def test_alpha_search_takes_the_stored_run(runs: dict[str, StoredRun], out: Path) -> None:
    found = alpha_search(TRANSFER, Settings("valenzuela2021", out=out))
    assert (found.benchmark, found.label) == (BENCHMARK, TRANSFER)
    # Least sum of (a - 0.3)^2 + 2 (a - 0.5)^2 on the grid, and of the absolute values.
    assert (found.search.dev_alpha, found.search.dev_alpha_mae) == (0.4, 0.5)
    assert found.search.pairs == 6
    only = alpha_search(TRANSFER, Settings(BENCHMARK, out=out, alphas=(0.0, 0.3)))
    assert only.search.dev_alpha == 0.3
    assert search_stored(runs[TRANSFER]).dev_alpha == 0.4


def test_the_command_that_is_named_survives_the_shell(runs: dict[str, StoredRun]) -> None:
    words = shlex.split(search_command(runs[TRANSFER]))
    assert words == ["bench", "alpha-search", TRANSFER, "--benchmark", BENCHMARK]


@pytest.mark.parametrize(
    ("method", "changes", "problem"),
    [
        ("copy-source", {}, "'copy-source' has no alpha"),
        ("glow-arith", {}, r"no run of 'glow-arith'; did you mean 'glow-arith \(released\)'"),
        (TRANSFER, {"limit": 3}, "--limit cannot change its stored numbers"),
        (TRANSFER, {"embedder": "synth"}, "--embedder cannot change"),
        (TRANSFER, {"benchmark": "valenzuela2022"}, "no benchmark called 'valenzuela2022'"),
    ],
)
def test_what_a_stored_run_cannot_do_is_said(
    runs: dict[str, StoredRun], out: Path, method: str, changes: dict[str, Any], problem: str
) -> None:
    settings = {"benchmark": "valenzuela2021", "out": out, **changes}
    with pytest.raises(BenchError, match=problem):
        alpha_search(method, Settings(**settings))


def test_what_was_imported_cannot_be_refined(runs: dict[str, StoredRun], out: Path) -> None:
    with pytest.raises(BenchError, match=r"no method is here.*leave out --refine"):
        alpha_search(TRANSFER, Settings("valenzuela2021", out=out), refine=True)


def test_the_one_source_of_a_release_stays_in_when_a_target_is_held_out(
    runs: dict[str, StoredRun], out: Path
) -> None:
    found = alpha_search(TRANSFER, Settings("valenzuela2021", out=out))
    assert found.study.held_out == "target"
    assert found.imported
    ranked = next(row for row in collect_report(out, None).board.rows if row.method == TRANSFER)
    assert found.study.costs["au_mse"].values["dev"].value == pytest.approx(ranked.au_mse)


def test_one_target_alone_cannot_be_left_out(
    make_tree: Callable[..., Any], tmp_path: Path, out: Path
) -> None:
    tree = make_tree(tmp_path / "release", best={"ada": 0.3}, gap={"ada": 0.4})
    summary = import_valenzuela2021(tree.write(), out)
    protocols = {item.protocol for item in summary.comparisons}
    assert protocols == {"oracle", "leave-one-expression-out", "best fixed"}
    with pytest.raises(BenchError, match="no two values of target"):
        collect_report(out, None)


def test_pictures_give_naturalness_and_are_shown(drawn: Any) -> None:
    out = drawn.folder.parent / "runs"
    content = collect_report(out, "valenzuela2021")
    run = stored(out)[TRANSFER]
    photographs = run.references[run.references["expression"] == "photograph"]
    assert len(photographs) == 16
    real = run.references[run.references["decoded"] == 0]
    made = run.scores[(run.scores["kind"] == "cross") & (run.scores["alpha"] == 0)]
    row = next(row for row in content.board.rows if row.method == TRANSFER)
    expected = min(1.0, real["niqe"].mean() / made["niqe"].mean())
    assert row.naturalness_at_zero == pytest.approx(expected)
    assert row.transfer_score.value > 0
    assert "fitted on the 16 aligned photographs" in " ".join(content.board.notes)
    (method,) = (m for m in content.methods if m.row.method == TRANSFER)
    pictures = Pictures.of(content)
    assert len(pictures.pairs) == 3
    for pair in pictures.pairs:
        assert pictures.alphas(method.row.run_id, pair)[:3] == (0.0, 0.3, 0.4)
        assert all(pictures.real(pair, role) for role in ROLES)
    page = render_html(content)
    assert page.count("data:image/") > 3 * 4  # each picture is there once
    assert "leave-one-target-out" in page
    assert "chooses one for each target" in page


def test_one_missing_picture_leaves_naturalness_undefined(drawn: Any, out: Path) -> None:
    path = drawn.folder / "results/transferring/expression1/bo/0.4/bo_0.4.png"
    content = path.read_bytes()
    path.unlink()
    try:
        summary = import_valenzuela2021(drawn.folder, out)
    finally:
        path.write_bytes(content)
    assert any("1 of 14 pictures are missing" in note for note in summary.notes)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda path: path.write_bytes(b"<html>"), r"bo_0\.4\.png is not an image"),
        (lambda path: path.write_bytes(path.read_bytes()[:500]), r"bo_0\.4\.png cannot be decod"),
    ],
)
def test_a_damaged_picture_is_named(
    drawn: Any, out: Path, damage: Callable[[Path], Any], problem: str
) -> None:
    path = drawn.folder / "results/transferring/expression1/bo/0.4/bo_0.4.png"
    content = path.read_bytes()
    damage(path)
    try:
        with pytest.raises(BenchError, match=problem):
            import_valenzuela2021(drawn.folder, out)
    finally:
        path.write_bytes(content)
