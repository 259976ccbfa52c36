from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from bench.analysis.board import Board, Estimate
from bench.analysis.statistics.comparisons import Comparison, explain
from bench.report.terminal.board_details import print_board_details, print_explanation


def printed(show: Callable[[Console], None]) -> list[str]:
    stream = io.StringIO()
    show(Console(file=stream, width=80))
    lines = stream.getvalue().splitlines()
    assert "\x1b" not in stream.getvalue()
    assert max(map(len, lines), default=0) <= 80
    return lines


def test_every_contestant_has_a_line_and_no_anchor_has(board: Board) -> None:
    lines = printed(lambda console: print_board_details(board, console))
    [line] = [line for line in lines if "glow-arith" in line]
    assert line.split() == [
        *["glow-arith", "1-2", "50%", "1.50", "yes", ">99%", "0.300", "[0.260,", "0.340]"],
        *["41.3", "812"],
    ]
    assert not any(row.method in line for row in board.rows if row.is_anchor for line in lines)


def test_mean_ranks_are_explained_with_their_people(board: Board) -> None:
    text = " ".join(" ".join(printed(lambda console: print_board_details(board, console))).split())
    assert "40 target people (1 without a score left out)" in text
    assert "more than 0.31" in text


def test_undefined_numbers_read_as_such(changed_board: Callable[..., Board]) -> None:
    nothing = Estimate(np.nan, np.nan, np.nan)
    strange = changed_board(hypervolume=nothing, average_rank=np.nan, images_per_second=None)
    strange = dataclasses.replace(strange, average_ranks=None)
    lines = printed(lambda console: print_board_details(strange, console))
    [line] = [line for line in lines if "glow-arith" in line]
    assert line.split().count("n/a") == 3
    assert "nan" not in " ".join(lines)


def test_a_board_of_anchors_has_no_details(board: Board) -> None:
    anchors = tuple(row for row in board.rows if row.is_anchor)
    alone = dataclasses.replace(board, rows=anchors)
    assert printed(lambda console: print_board_details(alone, console)) == []


def comparison(p_value: float, reach: float) -> Comparison:
    return Comparison("a", "b", 0.1, -0.02, 0.22, p_value, 2 * p_value, 2.0, 40, 30, reach)


def test_explanation_tells_the_difference_and_what_would_separate() -> None:
    explanation = explain("a", "b", [comparison(0.08, 0.14)])
    text = " ".join(
        " ".join(printed(lambda console: print_explanation(explanation, console))).split()
    )
    assert "a - b: +0.100, 95% interval -0.020 to 0.220" in text
    assert "40 sources and 30 targets; p = 0.080 before Holm's correction." in text
    assert "about 39 more sources and 29 more targets would separate them" in text


def test_explanation_of_nothing_measured_has_no_number() -> None:
    nothing = dataclasses.replace(
        comparison(np.nan, np.nan), difference=np.nan, low=np.nan, high=np.nan, multiplicity=np.nan
    )
    explanation = explain("a", "b", [nothing])
    text = " ".join(
        " ".join(printed(lambda console: print_explanation(explanation, console))).split()
    )
    assert "The score of one of them is undefined, so nothing can be said." in text
    assert "nan" not in text


@pytest.mark.parametrize("width", [40, 46, 60, 80, 120])
def test_narrow_consoles_cut_nothing_and_name_what_is_left_out(width: int, board: Board) -> None:
    stream = io.StringIO()
    print_board_details(board, Console(file=stream, width=width))
    lines = stream.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "…" not in stream.getvalue()
    assert any(line.startswith("glow-arith ") and "1-2" in line for line in lines)
    text = " ".join(stream.getvalue().split())
    assert ("Left out for want of room: " in text) == (width < 80)
    assert ("0.300 [0.260, 0.340]" in text) == (width >= 60)
