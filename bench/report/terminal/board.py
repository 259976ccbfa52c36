"""Results for the terminal: right at 80 columns, without colour and in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bench.report.terminal.columns import (
    GAP,
    Column,
    add_columns,
    add_names,
    fitting,
    left_out_sentence,
)
from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import (
    conclusion,
    coverage_text,
    interval,
    lead_text,
    listed,
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


def _alpha(row: BoardRow) -> str:
    if row.alpha_by_target:
        return "LOTO"
    if row.alpha is None:
        return "-"
    return f"{number(row.alpha)} {'fix' if row.alpha_protocol == 'fixed' else 'dev'}"


def _score(row: BoardRow) -> str:
    return f"{number(row.transfer_score.value, 3)} {interval(row.transfer_score, 3)}".rstrip()


_COLUMNS = (
    Column("alpha", 8, 3, _alpha),
    Column("score [95% interval]", 20, 9, _score),
    Column("E", 5, 8, lambda row: number(row.expression_skill.value)),
    Column("R", 5, 7, lambda row: number(row.identity_retention.value)),
    Column("Q", 4, 6, lambda row: number(row.naturalness.value)),
    Column("cov.", 4, 5, coverage_text),
    Column("img/s", 5, 2, lambda row: rate(row.images_per_second)),
)


def print_board(board: Board, console: Console, floor: BoardFloor | None = None) -> None:
    """Prints what to know before using a board, its ranked table, and last what it says.

    Anchors carry a ``*`` for a rank. A long name takes several lines and no number is cut; where
    there is too little room, the least important columns are left out by name. With a floor, the
    differences between neighbours come first, grey where they are below it.
    """
    if floor is not None:
        _print_floor(floor, console)
    if sentence := _mean_faces(board):
        print_sentence(console, sentence)
    for note in board.notes:
        print_sentence(console, printable(note))
    if sentence or board.notes:
        console.print()
    ranks = ["*" if row.is_anchor else rank_text(row) for row in board.rows]
    widest_rank = max([2, *map(len, ranks)])
    columns = fitting(_COLUMNS, board.rows, console.width - widest_rank - GAP)
    table = titled_table(f"{printable(board.benchmark)}, {board.part} part", gap=GAP)
    table.add_column("#", justify="right", no_wrap=True, min_width=widest_rank)
    add_names(table, console.width)
    add_columns(table, columns)
    for rank, row in zip(ranks, board.rows, strict=True):
        cells = [Text(rank), Text(printable(row.label))]
        cells += [Text(column.text(row)) for column in columns]
        table.add_row(*cells, style="dim" if row.is_anchor else None)
    console.print(table)
    console.print()
    print_sentence(console, _legend(board, columns), "dim")
    console.print()
    below = floor is not None and floor.lead_is_below
    answer = Text(conclusion(board, lead_is_below=below), style="bold")
    if below:
        answer.highlight_words([lead_text(board)], style="not bold dim")
    console.print(answer)


def _legend(board: Board, columns: Sequence[Column]) -> str:
    """What the columns and marks mean."""
    text = (
        "#: rank, a range where other people could change it (95%); the data cannot tell a method "
        "from the best one with its letter; * anchor, a reference. E: expression, R: identity, "
        "Q: naturalness, score: their harmonic mean; cov.: coverage."
    )
    if any(row.coverage < 1 for row in board.rows):
        text += " ! not every pair could be measured: the rest are failures."
    if any(row.alpha_by_target for row in board.rows):
        text += " LOTO: leave-one-target-out, each target with an alpha of its own."
    return f"{text} {left_out_sentence(_COLUMNS, columns)}".rstrip()


def _mean_faces(board: Board) -> str:
    """What methods lose before any transfer, those that lose the same together."""
    by_scores: dict[str, list[str]] = {}
    for row in board.rows:
        if scores := own_mean_face(row):
            by_scores.setdefault(scores, []).append(row.label)
    if not by_scores:
        return ""
    told = [f"{scores} of {listed(names, len(names))}" for scores, names in by_scores.items()]
    return f"Own mean face, at alpha 0 (without loss E 0, R 1): {'; '.join(told)}."


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
