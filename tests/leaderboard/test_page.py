"""README.md of a board: the same bytes for the same files, and nothing of it may become markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import api_leaderboard
from bench.analysis.group_report import GroupReport
from bench.analysis.people_groups import GroupVariable
from bench.data.benchmark import card_of
from bench.errors import BenchError
from bench.leaderboard.basis import read_basis
from bench.leaderboard.contents import published_board
from bench.leaderboard.entry import list_entries
from bench.report.markdown.board_page import MADE_FROM, board_page
from bench.report.markdown.text import markdown_table, markdown_text


def section(page: str, title: str) -> str:
    return page.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_page_is_what_add_wrote_and_the_same_every_time(board: Path) -> None:
    written = (board / "README.md").read_text(encoding="utf-8")
    assert board_page(board) == board_page(board) == written
    assert written.endswith("\n")
    assert not written.endswith("\n\n")
    assert "\n\n\n" not in written


def test_the_table_has_the_numbers_of_the_board(board: Path) -> None:
    ranking = section(board_page(board), "Ranking")
    best = next(row for row in published_board(board).rows if not row.is_anchor)
    (line,) = (line for line in ranking.splitlines() if line.startswith("| pixel-arith"))
    score = best.transfer_score
    assert f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]" in line
    assert f"{best.alpha:.2f} dev" in line
    assert "claimed" in line


def test_anchors_stand_apart_and_have_no_rank(board: Path) -> None:
    contestants, anchors = section(board_page(board), "Ranking").split("Anchors are references")
    assert "pixel-arith" in contestants
    for name in ("target-neutral", "copy-source", "shuffled-source", "real-target"):
        assert f"| {name} " not in contestants
        assert f"| {name} " in anchors
    assert "rank" not in anchors.splitlines()[2]


def test_every_row_tells_how_to_reproduce_it(board: Path) -> None:
    reproduction = section(board_page(board), "How to reproduce")
    assert "`bench leaderboard make synthfaces-64`" in reproduction
    for entry in list_entries(board):
        assert f"`{entry.info['identity']['hash']}`" in reproduction
        assert f"`bench run {entry.method} --benchmark synthfaces-64`" in reproduction


def test_a_variant_is_reproduced_with_its_parameters_and_seed(runs: Any, board: Path) -> None:
    def variant(info: dict[str, Any]) -> None:
        info["identity"]["parts"] |= {"parameters": {"strength": "a | b"}, "seed": 3}
        info["method"]["origin"] = "my_method.py"

    runs.edit_info("pixel-arith", variant)
    api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    page = board_page(board)
    command = r"bench run my_method.py --benchmark synthfaces-64 --param 'strength=a \| b' --seed 3"
    assert f"`{command}`" in page
    assert "| pixel-arith strength=a \\| b " in section(page, "Ranking")


def test_methods_that_score_the_same_are_not_told_apart(runs: Any, board: Path) -> None:
    def twin(info: dict[str, Any]) -> None:
        info["identity"]["parts"]["parameters"] = {"twin": "1"}

    runs.edit_info("pixel-arith", twin)
    api_leaderboard.add_runs([runs.of("pixel-arith")], board)
    assert "they score the same on these people" in section(board_page(board), "Neighbours")


def test_what_was_measured_with_what(board: Path) -> None:
    told = section(board_page(board), "What was measured, and with what")
    assert "cross pairs: 12 of dev and 18 of test; 6 sources and 6 targets in test" in told
    assert "alphas: 0, 0.5, 1, 1.2" in told
    assert re.search(r"\| embedder +\| made-up +\| 1 +\| none", told)


def test_notes_stand_on_the_page_as_they_are(board: Path) -> None:
    (board / "notes.md").write_text("## Notes\n\nWritten **by hand**.\n", encoding="utf-8")
    assert board_page(board).endswith("## Notes\n\nWritten **by hand**.\n")
    path = api_leaderboard.write_page(None, board)
    assert path.read_text(encoding="utf-8") == board_page(board)


def test_groups_of_an_earlier_state_say_so(board: Path) -> None:
    hashes = {entry.label: entry.info["identity"]["hash"] for entry in list_entries(board)}
    report = GroupReport(
        benchmark="synthfaces-64", part="test", variables=(), pairs=18, results=(), looks=0,
        anchor_looks=0, notes=(),
    )  # fmt: skip
    values = report.to_dict()
    (board / "groups.json").write_text(json.dumps({**values, MADE_FROM: hashes}))
    assert "Made before" not in section(board_page(board), "Groups of people")
    changed = hashes | {"pixel-arith": "00000000"}
    (board / "groups.json").write_text(json.dumps({**values, MADE_FROM: changed}))
    told = section(board_page(board), "Groups of people")
    assert "Made before these rows stood here as they are: pixel-arith." in told


def test_groups_of_the_dataset_s_people_stand_on_the_page(
    runs: Any, board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = replace(card_of("synthfaces"), groups=("side",))
    people = sorted(set(read_basis(board).of_part("test")["target"]))
    sides = {name: "left" if place < 5 else "right" for place, name in enumerate(people)}
    variable = GroupVariable("side", sides, ("left", "right"))
    monkeypatch.setattr("bench.data.benchmark.card_of", lambda name: card)
    monkeypatch.setattr("bench.analysis.people_groups.people_groups", lambda *_: [variable])
    api_leaderboard.write_groups(runs.all(), board=board)
    page = (board / "README.md").read_text(encoding="utf-8")
    assert "left (5 people, 15 pairs)" in section(page, "Groups of people")
    assert "withheld" in section(page, "Groups of people")
    assert page == board_page(board)


@pytest.mark.parametrize("name", ["groups.json", "opinion.json"])
def test_a_stored_result_that_is_damaged_is_named(board: Path, name: str) -> None:
    (board / name).write_text('{"benchmark": "synthfaces-64"}')
    with pytest.raises(BenchError, match=name):
        board_page(board)


def test_names_cannot_become_markup() -> None:
    assert markdown_text("a|b\n<b>`c` [d](e) *f*\x1b[31m") == (
        r"a\|b \<b\>\`c\` \[d\](e) \*f\*\[31m"
    )


def test_columns_of_a_table_stand_in_line() -> None:
    table = markdown_table(["name", "n"], [["long name", "1"], ["b", "-23.5"]])
    assert table.splitlines() == [
        "| name      |     n |",
        "| --------- | ----: |",
        "| long name |     1 |",
        "| b         | -23.5 |",
    ]
