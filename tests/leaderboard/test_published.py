"""The boards in ``leaderboards/``: they are what the code makes of their entries."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.api_leaderboard import built_in_names
from bench.api_leaderboard_checks import verify
from bench.data.benchmark import list_benchmarks, load_benchmark
from bench.leaderboard.basis import BASIS_FILE, read_basis
from bench.leaderboard.entry import list_entries
from bench.leaderboard.recomputation import board_faults, recompute
from bench.leaderboard.verification import is_verified
from bench.paths import packaged_leaderboards
from bench.report.markdown.board_page import board_page

BOARDS = sorted(path.parent for path in packaged_leaderboards().glob(f"*/{BASIS_FILE}"))


def test_every_entry_fits_the_schema_and_its_numbers_follow_from_its_scores() -> None:
    for board in BOARDS:
        basis = read_basis(board)
        for entry in list_entries(board):
            assert recompute(entry.folder, basis).faults == ()


def test_the_page_is_what_the_code_makes() -> None:
    for board in BOARDS:
        assert (board / "README.md").read_text(encoding="utf-8") == board_page(board)


def test_the_board_is_of_the_benchmark_as_it_is_here() -> None:
    for board in BOARDS:
        assert board.name in list_benchmarks()
        assert board_faults(read_basis(board), load_benchmark(board.name)) == []


def test_every_method_of_the_package_stands_on_every_board() -> None:
    for board in BOARDS:
        assert {entry.method for entry in list_entries(board)} >= set(built_in_names())


def test_nothing_on_the_board_names_a_folder_of_a_machine() -> None:
    for board in BOARDS:
        for path in (*board.rglob("*.json"), *board.rglob("*.md")):
            text = path.read_text(encoding="utf-8")
            assert not [place for place in ("/home/", "/root/", "/work/") if place in text], path


def test_every_board_is_listed_on_the_first_page() -> None:
    listed = (packaged_leaderboards() / "README.md").read_text(encoding="utf-8")
    for board in BOARDS:
        assert f"]({board.name}/README.md)" in listed


@pytest.mark.slow
@pytest.mark.parametrize("board", [board.name for board in BOARDS])
def test_methods_and_instruments_make_the_stored_scores_again(
    board: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """On some pairs of every entry, from the images on; a copy, for a check writes its verdict."""
    data = None
    if not load_benchmark(board).card.ships_images:
        request.getfixturevalue("weights_dir")
        data = request.getfixturevalue("london_data")
    copy = shutil.copytree(packaged_leaderboards() / board, tmp_path / board)
    entries = [entry.folder for entry in list_entries(copy)]
    found = verify(entries, data=lambda benchmark: data, pairs=4, seed=1)
    assert not found.is_wrong
    assert all(is_verified(entry) for entry in list_entries(copy))
    verdicts = [verdict for one in found.boards for verdict in one.entries]
    assert len(verdicts) == len(entries)
    assert {(verdict.status, verdict.faults) for verdict in verdicts} == {("verified", ())}
