from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from bench.analysis.board import Board, BoardRow, Estimate
from bench.report.terminal.board import print_board
from bench.report.wording import conclusion


def printed(show: Callable[[Console], None], width: int = 80) -> list[str]:
    """What lands in a pipe of that width."""
    stream = io.StringIO()
    show(Console(file=stream, width=width))
    text = stream.getvalue()
    assert "\x1b" not in text
    lines = text.splitlines()
    assert max(map(cell_len, lines)) <= width
    return lines


def line_of(lines: list[str], word: str) -> str:
    """The first line of the ranked table that has a word."""
    title = next(place for place, line in enumerate(lines) if "london-64, test part" in line)
    return next(line for line in lines[title:] if word in line)


def test_board_holds_every_number_at_80_columns(board: Board) -> None:
    lines = printed(lambda console: print_board(board, console))
    assert line_of(lines, "glow-arith").split() == [
        *["1-2", "a", "glow-arith", "0.70", "dev", "0.412", "[0.372,", "0.452]"],
        *["0.44", "0.36", "0.48", "100%", "41.3"],
    ]
    assert line_of(lines, "shuffled-source").split()[:4] == ["*", "shuffled-source", "-", "0.000"]
    assert "-0.23" in line_of(lines, "shuffled-source")


def test_anchors_have_a_star_for_a_rank_and_contestants_have_none(board: Board) -> None:
    lines = printed(lambda console: print_board(board, console))
    for row in board.rows:
        assert line_of(lines, row.method).strip().startswith("*") == row.is_anchor


def test_twenty_methods_with_wide_ranks_fit_into_80_columns(
    board: Board, changed_row: Callable[..., BoardRow]
) -> None:
    values = ("method", False, 1.0, 0.4, -0.44, 0.3, 0.5)
    rows = [
        changed_row(place, values, rank_low=10, rank_high=20, tie_group=27, coverage=0.999)
        for place in range(1, 21)
    ]
    many = dataclasses.replace(board, rows=tuple(rows))
    lines = printed(lambda console: print_board(many, console))
    assert line_of(lines, "method  ").split()[0] == "#"
    assert line_of(lines, "10-20 aa").split()[-1] == ">99%!"
    text = " ".join(" ".join(lines).split())
    assert "Left out for want of room: img/s." in text
    assert "! not every pair could be measured" in text


def test_a_whole_coverage_has_no_mark(board: Board) -> None:
    text = "\n".join(printed(lambda console: print_board(board, console)))
    assert "!" not in text


def test_conclusion_says_what_the_paired_difference_leaves_open(board: Board) -> None:
    text = conclusion(board)
    assert "pixel-arith follows with 0.39, a paired difference of 0.05 (95%" in text
    assert text.endswith("cannot tell glow-arith from pixel-arith, so they share the first place.")


def test_notes_and_own_mean_face_are_printed(board: Board) -> None:
    text = " ".join(" ".join(printed(lambda console: print_board(board, console))).split())
    # Methods that lose the same are named together.
    assert "E -0.02, R 0.91, Q 0.62 of glow-arith and pixel-arith." in text
    assert board.notes[0] in text


def test_the_table_comes_before_the_answer_which_is_last(board: Board) -> None:
    lines = printed(lambda console: print_board(board, console))
    text = " ".join(" ".join(lines).split())
    assert text.endswith(conclusion(board))
    assert text.index(board.notes[0]) < text.index("score [95% interval]")
    assert text.index("score [95% interval]") < text.index(conclusion(board))


@pytest.mark.parametrize("name", ["x" * 200, "[b]red[/b]", "方法名称很长的中文方法", "a\x1b[2Jb"])
def test_strange_names_break_no_line(
    name: str, board: Board, changed_row: Callable[..., BoardRow]
) -> None:
    row = changed_row(1, (name, False, 0.5, 0.3, -12.345, 0.5, 0.6))
    strange = dataclasses.replace(board, rows=(row, *board.rows[1:]))
    lines = printed(lambda console: print_board(strange, console))
    assert any("0.300 [0.260, 0.340]" in line and "-12.3" in line for line in lines)
    if name.startswith("["):
        assert name in line_of(lines, "[b]")


def test_undefined_numbers_read_as_such(board: Board, changed_board: Callable[..., Board]) -> None:
    nothing = Estimate(np.nan, np.nan, np.nan)
    strange = changed_board(transfer_score=nothing, images_per_second=None, coverage=0.9967)
    line = line_of(printed(lambda console: print_board(strange, console)), "glow-arith")
    assert line.split()[5] == "n/a"
    assert ">99%" in line
    assert "nan" not in line


def test_narrow_console_leaves_columns_out_by_name(board: Board) -> None:
    lines = printed(lambda console: print_board(board, console), width=46)
    assert "0.412 [0.372, 0.452]" in line_of(lines, "glow-arith")
    assert "Left out for want of room" in " ".join(lines)
