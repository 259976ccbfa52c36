"""Results for the terminal: right at 80 columns, without colour and in a pipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bench.report.console import print_sentence, titled_table
from bench.report.wording import (
    conclusion,
    coverage_text,
    interval,
    lead_text,
    number,
    own_mean_face,
    printable,
    rank_text,
    rate,
)

if TYPE_CHECKING:
    from bench.analysis.board import Board, BoardRow
    from bench.report.floor import BoardFloor

__all__ = ["print_board"]

_GAP = 1
_NARROWEST_NAME = 15


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of numbers, how wide it gets, and how soon it goes where there is no room."""

    title: str
    width: int
    keep: int
    text: Callable[[BoardRow], str]


def _alpha(row: BoardRow) -> str:
    if row.alpha_by_target:
        return "LOTO"
    if row.alpha is None:
        return "-"
    return f"{number(row.alpha)} {'fix' if row.alpha_protocol == 'fixed' else 'dev'}"


def _score(row: BoardRow) -> str:
    return f"{number(row.transfer_score.value, 3)} {interval(row.transfer_score, 3)}".rstrip()


_COLUMNS = (
    _Column("alpha", 8, 3, _alpha),
    _Column("score [95% interval]", 20, 9, _score),
    _Column("E", 5, 8, lambda row: number(row.expression_skill.value)),
    _Column("R", 5, 7, lambda row: number(row.identity_retention.value)),
    _Column("Q", 4, 6, lambda row: number(row.naturalness.value)),
    _Column("cov.", 4, 5, coverage_text),
    _Column("img/s", 5, 2, lambda row: rate(row.images_per_second)),
)


def print_board(board: Board, console: Console, floor: BoardFloor | None = None) -> None:
    """Prints the ranked table, what it says in one sentence, and what to know before using it.

    Anchors carry a ``*`` for a rank. A long name takes several lines and no number is cut; where
    there is too little room, the least important columns are left out by name. With a floor, the
    differences between neighbours follow, grey where they are below it.
    """
    ranks = ["*" if row.is_anchor else rank_text(row) for row in board.rows]
    widest_rank = max([2, *map(len, ranks)])
    columns = _fitting(board, console.width - widest_rank - _GAP)
    table = titled_table(f"{printable(board.benchmark)}, {board.part} part", gap=_GAP)
    table.add_column("#", justify="right", no_wrap=True, min_width=widest_rank)
    table.add_column("method", overflow="fold", min_width=min(_NARROWEST_NAME, console.width // 3))
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True, min_width=column.width)
    for rank, row in zip(ranks, board.rows, strict=True):
        cells = [Text(rank), Text(printable(row.label))]
        cells += [Text(column.text(row)) for column in columns]
        table.add_row(*cells, style="dim" if row.is_anchor else None)
    console.print(table)
    console.print()
    below = floor is not None and floor.lead_is_below
    answer = Text(conclusion(board, lead_is_below=below), style="bold")
    if below:
        answer.highlight_words([lead_text(board)], style="not bold dim")
    console.print(answer)
    console.print()
    if floor is not None:
        _print_floor(floor, console)
    print_sentence(
        console,
        "# rank, a range where other people could change it (95%); the data cannot tell a method "
        "from the best one with its letter; * anchor: a reference, not a contestant. E expression "
        "skill, "
        "R identity retention, Q naturalness, cov. coverage. The score is the harmonic mean of E, "
        "R and Q.",
    )
    if any(row.coverage < 1 for row in board.rows):
        print_sentence(console, "! not every pair could be measured: the rest are failures.")
    if any(row.alpha_by_target for row in board.rows):
        print_sentence(console, "LOTO: leave-one-target-out, each target with an alpha of its own.")
    if left_out := [column.title for column in _COLUMNS if column not in columns]:
        print_sentence(console, f"Left out for want of room: {', '.join(left_out)}.")
    at_zero = [
        f"{printable(row.label)} {scores}" for row in board.rows if (scores := own_mean_face(row))
    ]
    if at_zero:
        print_sentence(
            console,
            f"Own mean face, before any transfer (alpha 0; without loss E 0, R 1): "
            f"{'; '.join(at_zero)}.",
        )
    for note in board.notes:
        print_sentence(console, printable(note))


def _print_floor(floor: BoardFloor, console: Console) -> None:
    if floor.steps:
        table = titled_table("Difference to the row above")
        table.add_column("", overflow="fold")
        for heading in ("score", "E", "R", "Q"):
            table.add_column(f"{heading} ", justify="right", no_wrap=True)
        for step in floor.steps:
            cells = [
                # A space for the bracket that others have, so that the digits stand in line.
                Text(d.text if d.below else f"{d.text} ", style="dim" if d.below else "")
                for d in step.differences
            ]
            table.add_row(Text(step.name + (" *" if step.is_anchor else "")), *cells)
        console.print(table)
    if floor.remark:
        print_sentence(console, floor.remark)
        console.print()


def _fitting(board: Board, room: int) -> list[_Column]:
    """The columns that fit beside the names, without the least important ones."""
    widths = {
        column.title: max([column.width, *(len(column.text(row)) for row in board.rows)])
        for column in _COLUMNS
    }
    kept = list(_COLUMNS)
    room -= min(_NARROWEST_NAME, room // 3)
    while len(kept) > 1 and sum(widths[column.title] + _GAP for column in kept) > room:
        kept.remove(min(kept, key=lambda column: column.keep))
    return kept
