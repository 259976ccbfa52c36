"""The ranking as JSON and as Markdown."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable

import numpy as np

from bench.analysis.board import Board, BoardRow, Estimate
from bench.analysis.instruments.board_shifts import BoardShift
from bench.analysis.instruments.floor import Floor
from bench.analysis.statistics.comparisons import Comparison
from bench.report.contents import ReportInput
from bench.report.floor import _with_floor
from bench.report.markdown.text import markdown_code
from bench.report.sections.ranking import Ranking, collect

HOSTILE = "<script>|`x`*[a](b)\n# two"


def ranking(report: ReportInput) -> Ranking:
    found = collect(report)
    assert found is not None
    return found


def with_floor(report: ReportInput, size: float) -> ReportInput:
    shift = BoardShift("real-target", size, size, size)
    floor = Floor("dev", 122, (shift,), 0.3, 0.04, "bench check-instruments")
    return dataclasses.replace(report, floor=_with_floor(report.board, floor))


def test_json_says_what_the_board_does_not(report: ReportInput) -> None:
    said = ranking(report).to_dict()
    assert said["answer"].startswith("On london-64 (test, 328 pairs) glow-arith")
    assert said["commands"]["pixel-arith-1a2b3c4d"] == "bench run pixel-arith --benchmark london"
    assert said["floor"] is None
    assert not set(said) & set(report.board.to_dict())


def test_json_has_each_difference_and_whether_it_is_below_the_floor(report: ReportInput) -> None:
    said = ranking(with_floor(report, 0.031)).to_dict()
    first = said["floor"]["steps"][0]
    assert (first["above"], first["row"]) == ("glow-arith-1a2b3c4d", "pixel-arith-1a2b3c4d")
    assert first["expression_skill"]["below_floor"]
    assert not first["naturalness"]["below_floor"]
    assert abs(first["naturalness"]["difference"] - 0.09) < 1e-9
    assert len(said["floor"]["steps"]) == len(report.board.rows) - 1
    assert said["floor"]["expression_skill"] == 0.031
    assert "below the floor" in ranking(with_floor(report, 0.05)).to_dict()["answer"]


def test_json_has_null_for_what_is_undefined(
    report: ReportInput, changed_board: Callable[..., Board]
) -> None:
    board = changed_board(transfer_score=Estimate(np.nan, np.nan, np.nan))
    strange = with_floor(dataclasses.replace(report, board=board), np.nan)
    said = json.loads(json.dumps(ranking(strange).to_dict(), allow_nan=False))
    assert said["floor"]["expression_skill"] is None
    assert said["floor"]["steps"][0]["transfer_score"]["difference"] is None


def test_markdown_has_contestants_and_anchors_in_tables_of_their_own(report: ReportInput) -> None:
    text = ranking(report).to_markdown()
    tables = text.split("Anchors are references")
    assert re.search(r"\| glow-arith +\| +1-2 a \| +0\.412 \[0\.372, 0\.452\] ", tables[0])
    assert re.search(r"\| copy-source +\| +0\.000", tables[1])
    assert "copy-source" not in tables[0]
    assert "- 12 pairs are left out for every method." in text
    assert "`bench run glow-arith --benchmark london`" in text
    assert re.findall("^#+ .*", text, re.MULTILINE) == [
        "### How sure the order is",
        "### How to reproduce",
    ]


def test_markdown_tells_neighbours_and_what_lies_below_the_floor(report: ReportInput) -> None:
    one = Comparison("glow-arith", "pixel-arith", 0.023, -0.01, 0.05, 0.2, 0.2, 1.0, 40, 40, 0.03)
    board = dataclasses.replace(report.board, comparisons=(one,))
    text = ranking(with_floor(dataclasses.replace(report, board=board), 0.031)).to_markdown()
    assert re.search(r"\| glow-arith - pixel-arith \| \+0\.023 \[-0\.010, 0\.050\] \| ", text)
    assert re.search(r"\| glow-arith +\| pixel-arith +\| +\(?-0\.023\)? \| +\(-0\.030\) \|", text)
    assert "Below the floor of the instruments" in text
    assert not re.search(r"\n\n\n", text)


def test_a_board_of_anchors_alone_says_so(report: ReportInput) -> None:
    anchors = tuple(row for row in report.board.rows if row.is_anchor)
    board = dataclasses.replace(report.board, rows=anchors)
    alone = ranking(dataclasses.replace(report, board=board))
    assert "only anchors were measured" in alone.to_dict()["answer"]
    assert alone.to_markdown().startswith("Anchors are references")


def test_hostile_names_stay_text_in_markdown(
    report: ReportInput, changed_row: Callable[..., BoardRow]
) -> None:
    row = changed_row(1, (HOSTILE, False, 0.5, 0.4, 0.4, 0.4, 0.4))
    board = dataclasses.replace(report.board, rows=(row,), notes=(HOSTILE,))
    hostile = dataclasses.replace(report, board=board, methods=[])
    text = ranking(hostile).to_markdown()
    outside_code = re.sub(r"(`+) .*? \1", "", text)
    assert "<script>" not in outside_code.replace("\\<script\\>", "")
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if "two" in line}
    assert widths <= {0, 3, 9}
    assert not re.search("^# two", text, re.MULTILINE)


def test_code_cannot_be_left() -> None:
    assert markdown_code("bench run x") == "`bench run x`"
    assert markdown_code("a ` b") == "`` a ` b ``"
    assert markdown_code("a `` b | c") == "``` a `` b \\| c ```"
