"""What may stand on a board: each reason to refuse a run, in its own words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench import api_leaderboard
from bench.analysis.stored import make_board
from bench.errors import BenchError
from bench.leaderboard.basis import read_basis
from bench.leaderboard.contents import published_board
from bench.leaderboard.entry import list_entries, read_entry
from bench.run.store import RunFolder
from bench.run.test_reads import count_test_reads


@pytest.fixture
def refused(runs: Any, tmp_path: Path) -> Callable[..., str]:
    """The sentence with which a run is refused; nothing may have been written then."""

    def add(method: str = "pixel-arith", board: Path | None = None) -> str:
        place = board or tmp_path / "fresh"
        before = _contents(place)
        with pytest.raises(BenchError) as refusal:
            api_leaderboard.add_runs([runs.of(method)], place)
        assert _contents(place) == before
        return str(refusal.value)

    return add


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_first_run_makes_the_board_and_brings_the_anchors(runs: Any, tmp_path: Path) -> None:
    board = tmp_path / "synthfaces-64"
    added = api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    assert [one.label for one in added if one.asked] == ["pixel-arith"]
    anchors = ["copy-source", "real-target", "shuffled-source", "target-neutral"]
    assert sorted(one.label for one in added if not one.asked) == anchors
    assert not any(one.replaced for one in added)
    assert {entry.name for entry in list_entries(board)} == {"pixel-arith", *anchors}
    assert {path.name for path in board.iterdir() if path.is_file()} == {
        "benchmark.json",
        "pairs.parquet",
        "README.md",
    }
    again = api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    assert [(one.label, one.replaced) for one in again] == [("pixel-arith", True)]


def test_a_board_of_anchors_learns_its_dev_part_from_the_first_method(
    runs: Any, tmp_path: Path
) -> None:
    """Anchors have no alpha and so no dev rows: the pairs of dev come with a method that has."""
    board = tmp_path / "synthfaces-64"
    api_leaderboard.add_runs([runs.of("copy-source")], board)
    assert set(read_basis(board).pairs["part"]) == {"test"}
    assert "only anchors were measured" in (board / "README.md").read_text(encoding="utf-8")
    api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    assert read_basis(board).unusable_pairs == {"dev": 0, "test": 0}
    assert [row.rank for row in published_board(board).rows if not row.is_anchor] == [1]


def test_a_board_says_what_the_runs_say(runs: Any, board: Path) -> None:
    """Storing keeps float32: that is all that may differ."""
    stored = make_board([RunFolder(folder).read() for folder in runs.all()], "synthfaces-64")
    published = published_board(board)
    assert [row.label for row in published.rows] == [row.label for row in stored.rows]
    for ours, theirs in zip(published.rows, stored.rows, strict=True):
        assert ours.alpha == theirs.alpha
        assert ours.run_id == theirs.run_id
        assert ours.rank == theirs.rank
        for name in ("transfer_score", "expression_skill", "identity_retention", "naturalness"):
            a, b = getattr(ours, name), getattr(theirs, name)
            assert [a.value, a.low, a.high] == pytest.approx([b.value, b.low, b.high], abs=1e-5)
        assert ours.au_mse == pytest.approx(theirs.au_mse, rel=1e-5)
        assert ours.id_dist_source == pytest.approx(theirs.id_dist_source, rel=1e-5)
        assert ours.expression_skill_at_zero == pytest.approx(
            theirs.expression_skill_at_zero, abs=1e-5
        )


def test_variants_of_a_method_stand_beside_each_other(runs: Any, board: Path) -> None:
    def set_parameter(info: dict[str, Any]) -> None:
        info["identity"]["parts"]["parameters"] = {"weights": "a/b.pt", "depth": "3"}

    runs.edit_info("pixel-arith", set_parameter)
    (added,) = api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    assert added.folder.name == "pixel-arith+depth=3+weights=a%2Fb.pt"
    assert not added.replaced
    assert read_entry(added.folder).label == "pixel-arith depth=3 weights=a/b.pt"


def test_a_command_is_stored_without_folders_of_the_machine(runs: Any, board: Path) -> None:
    def from_a_home(info: dict[str, Any]) -> None:
        info["command"] = (
            "bench run '/home/ann/my code/m.py' --data=/secret/faces -o ../out -p w=~/x"
        )
        info["method"]["origin"] = "/home/ann/my code/m.py"

    runs.edit_info("pixel-arith", from_a_home)
    (added,) = api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    info = read_entry(added.folder).info
    assert info["command"] == "bench run m.py --data=faces -o out -p w=x"
    assert info["method"]["origin"] == "m.py"
    assert "/home" not in (added.folder / "entry.json").read_text()


def test_an_added_run_counts_as_a_reading_of_the_test_part(runs: Any, board: Path) -> None:
    before = count_test_reads(runs.folder, "synthfaces-64")["pixel-arith"].reads
    (added,) = api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    assert read_entry(added.folder).info["test_reads"] == {"reads": before + 1, "variants": 1}


def test_another_split_is_refused(runs: Any, refused: Callable[..., str]) -> None:
    def other_split(info: dict[str, Any]) -> None:
        info["identity"]["parts"]["split_sha256"] = "ab" * 32

    runs.edit_info("pixel-arith", other_split)
    assert "was made on another split: split_sha256 abababababab…, the benchmark's is" in refused()


def test_another_list_of_images_is_refused(runs: Any, refused: Callable[..., str]) -> None:
    def other_images(info: dict[str, Any]) -> None:
        info["identity"]["parts"]["manifest_sha256"] = "cd" * 32

    runs.edit_info("pixel-arith", other_images)
    assert "was made on another list of images (manifest): manifest_sha256 cdcd" in refused()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": "2"}, "embedder version 2, the board's is 1"),
        ({"weights_sha256": "ab" * 32}, "embedder weights_sha256 abababababab…, the board's is"),
    ],
)
def test_another_version_of_an_instrument_is_refused(
    runs: Any,
    board: Path,
    refused: Callable[..., str],
    change: dict[str, str],
    sentence: str,
) -> None:
    def other_version(info: dict[str, Any]) -> None:
        info["identity"]["parts"]["instruments"]["embedder"] |= change

    runs.edit_info("pixel-arith", other_version)
    found = refused(board=board)
    assert "was measured with other instruments" in found
    assert sentence in found


def test_a_published_board_has_the_benchmark_s_own_instruments(
    runs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_embedder(info: dict[str, Any]) -> None:
        info["identity"]["parts"]["instruments"]["embedder"]["name"] = "another"

    monkeypatch.setenv("BENCH_LEADERBOARDS", str(tmp_path / "published"))
    for folder in runs.all():
        runs.edit_info(folder.name.rpartition("-")[0], other_embedder)
    with pytest.raises(BenchError, match="measured with embedder another, benchmark synthfaces-64"):
        api_leaderboard.add_runs([runs.of("pixel-arith")])
    own = tmp_path / "own"
    api_leaderboard.add_runs([runs.of("pixel-arith")], own)
    assert read_basis(own).measured_with["instruments"]["embedder"]["name"] == "another"


@pytest.mark.parametrize("part", ["dev", "test"])
def test_a_missing_pair_is_refused(runs: Any, refused: Callable[..., str], part: str) -> None:
    def without_a_pair(rows: pd.DataFrame) -> pd.DataFrame:
        first = rows[rows["part"] == part].iloc[0]
        keys = ["source", "sample", "target"]
        return rows[(rows[keys] != first[keys]).any(axis=1)]

    runs.edit_scores("pixel-arith", without_a_pair)
    found = refused()
    assert f"lacks 1 of the {18 if part == 'test' else 12} {part} pairs, the first p" in found
    command = "bench alpha-search" if part == "dev" else "bench run"
    assert f"({command} pixel-arith)" in found


def test_a_limited_run_is_refused(runs: Any, refused: Callable[..., str]) -> None:
    runs.edit_scores("copy-source", lambda rows: rows.iloc[:5])
    assert "lacks 13 of the 18 test pairs" in refused("copy-source")


def test_an_alpha_that_was_not_chosen_on_dev_is_refused(
    runs: Any, refused: Callable[..., str]
) -> None:
    runs.edit_scores("pixel-arith", lambda rows: rows[rows["part"] == "test"])
    found = refused()
    assert found.startswith("alpha of pixel-arith-")
    assert "was not chosen on dev: it lacks 12 of the 12 dev pairs" in found


@pytest.mark.parametrize("part", ["dev", "test"])
def test_a_hole_in_the_grid_is_refused(runs: Any, refused: Callable[..., str], part: str) -> None:
    runs.edit_scores(
        "pixel-arith", lambda rows: rows[(rows["part"] != part) | (rows["alpha"] != 0.5)]
    )
    found = refused()
    assert f"has 0 rows for {part} pair p" in found
    assert "at alpha 0.5" in found
    assert ("was not chosen on dev" in found) == (part == "dev")


def test_rows_beside_the_grid_are_left_out(runs: Any, board: Path) -> None:
    """A run with ``--alpha 0.7`` has more rows than the board: they are not published."""

    def with_another_alpha(rows: pd.DataFrame) -> pd.DataFrame:
        more = rows[(rows["part"] == "test") & (rows["alpha"] == 0.5)].assign(alpha=0.7)
        return pd.concat([rows, more])

    runs.edit_scores("pixel-arith", with_another_alpha)
    (added,) = api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    assert sorted(read_entry(added.folder).scores["alpha"].unique()) == [0.0, 0.5, 1.0, 1.2]


@pytest.mark.parametrize("column", ["niqe", "AU06"])
@pytest.mark.parametrize("part", ["dev", "test"])
def test_a_nan_where_the_outcome_is_ok_is_refused(
    runs: Any, refused: Callable[..., str], column: str, part: str
) -> None:
    def with_a_hole(rows: pd.DataFrame) -> pd.DataFrame:
        place = rows.index[(rows["part"] == part) & (rows["kind"] == "cross")][0]
        rows.loc[place, column] = np.nan
        return rows

    runs.edit_scores("pixel-arith", with_a_hole)
    found = refused()
    assert "has outcome ok but" in found
    assert "pair p" in found


def test_a_failure_is_no_reason_to_refuse(runs: Any, board: Path) -> None:
    """It is published as the failure that it is, and counts as the worst anchor."""

    def with_a_failure(rows: pd.DataFrame) -> pd.DataFrame:
        test = rows["part"] == "test"
        failed = test & (rows["source"] == rows.loc[test, "source"].max())
        rows.loc[failed, "outcome"] = "no_face"
        rows.loc[failed, ["AU01", "AU06", "AU12"]] = np.nan
        return rows

    before = next(row for row in published_board(board).rows if row.method == "pixel-arith")
    runs.edit_scores("pixel-arith", with_a_failure)
    (added,) = api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    info = read_entry(added.folder).info
    failures = info["failures"]["no_face"]
    assert failures > 0
    assert info["measures"]["coverage"] == pytest.approx(1 - failures / info["pairs"])
    assert info["scores"]["expression_skill"]["value"] < before.expression_skill.value


def test_other_images_under_the_same_names_are_refused(
    runs: Any, board: Path, refused: Callable[..., str]
) -> None:
    runs.edit_references("pixel-arith", "test", "AU12", 1.05)
    found = refused(board=board)
    assert "the real images of test pair p" in found
    assert "read differently than the board's: expression_change" in found


def test_rounding_of_the_instruments_is_no_other_image(runs: Any, board: Path) -> None:
    runs.edit_references("pixel-arith", "test", "AU12", 1 + 1e-6)
    (added,) = api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    assert added.replaced


def test_another_version_of_the_format_is_refused(runs: Any, refused: Callable[..., str]) -> None:
    def another_version(info: dict[str, Any]) -> None:
        info["schema_version"] = 2

    runs.edit_info("pixel-arith", another_version)
    assert "was written with schema version 2, this is 1" in refused()


def test_other_formulas_on_the_board_are_refused(board: Path, refused: Callable[..., str]) -> None:
    path = board / "benchmark.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"scores_version": 0}))
    assert "the board holds scores of version 0, this bench computes version 1" in refused(
        board=board
    )


def test_an_entry_of_another_tool_s_schema_is_refused(
    board: Path, refused: Callable[..., str]
) -> None:
    path = board / "copy-source" / "entry.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 7}))
    found = refused(board=board)
    assert str(path) in found
    assert "has schema version 7, this bench reads and writes 1" in found


def test_a_board_without_anchors_says_what_to_run(runs: Any, refused: Callable[..., str]) -> None:
    shutil.rmtree(runs.of("real-target"))
    found = refused()
    assert "the board lacks the anchors real-target, and no runs of them" in found
    assert "bench run real-target --benchmark synthfaces-64" in found


def test_two_runs_of_one_method_cannot_be_added_together(runs: Any, tmp_path: Path) -> None:
    twin = runs.of("pixel-arith").with_name("pixel-arith-00000000")
    shutil.copytree(runs.of("pixel-arith"), twin)
    with pytest.raises(BenchError, match="would be the same entry, pixel-arith"):
        api_leaderboard.add_runs([*runs.all()], tmp_path / "fresh")


def test_what_is_no_run_is_refused(runs: Any, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="is not the folder of a run: it has no run"):
        api_leaderboard.add_runs([runs.folder], tmp_path / "fresh")


def test_imported_measurements_have_no_split_to_be_checked_against(
    runs: Any, refused: Callable[..., str]
) -> None:
    def imported(info: dict[str, Any]) -> None:
        info["benchmark"] = "valenzuela2021-256"

    runs.edit_info("pixel-arith", imported)
    assert "valenzuela2021-256, which has no dataset card here" in refused()
