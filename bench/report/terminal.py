"""Results for the terminal: right at 80 columns, without colour and in a pipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.text import Text

from bench.report.console import print_sentence, titled_table
from bench.report.text_plot import text_plot
from bench.report.wording import (
    alpha_conclusion,
    conclusion,
    crossover_text,
    interval,
    lead_text,
    number,
    own_mean_face,
    percent,
    printable,
    rank_text,
    rate,
)

if TYPE_CHECKING:
    from bench.analysis.alpha import AlphaSearch
    from bench.analysis.board import Board, BoardRow
    from bench.report.floor import BoardFloor

__all__ = ["print_alpha_search", "print_board"]

_GAP = 1
_NARROWEST_NAME = 17
_MOST_PLOT_WIDTH = 100


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
    _Column("cov.", 4, 5, lambda row: percent(row.coverage)),
    _Column("img/s", 5, 2, lambda row: rate(row.images_per_second)),
)


def print_board(board: Board, console: Console, floor: BoardFloor | None = None) -> None:
    """Prints the ranked table, what it says in one sentence, and what to know before using it.

    Anchors carry a ``*``. A long name takes several lines and no number is cut; where the console
    is narrower than 80 columns, the least important columns are left out by name. With a floor,
    the differences between neighbours follow, grey where they are below it.
    """
    columns = _fitting(console.width)
    table = titled_table(f"{printable(board.benchmark)}, {board.part} part", gap=_GAP)
    table.add_column("#", justify="right", no_wrap=True, min_width=2)
    table.add_column("method", overflow="fold", min_width=min(_NARROWEST_NAME, console.width // 3))
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True, min_width=column.width)
    for row in board.rows:
        name = Text(printable(row.label) + (" *" if row.is_anchor else ""))
        cells = [Text(rank_text(row, board.rows)), name]
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
        "E expression skill, R identity retention, Q naturalness, cov. coverage, * anchor: a "
        "reference, not a contestant. The score is the harmonic mean of E, R and Q.",
    )
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


def print_alpha_search(search: AlphaSearch, benchmark: str, method: str, console: Console) -> None:
    """Prints what an alpha search found, and its curve of AU error as a small plot."""
    oracle = search.oracle["alpha_mse"].to_numpy(dtype=np.float64)
    oracle = oracle[np.isfinite(oracle)]
    title = f"alpha search: {printable(method)} on {printable(benchmark)}, dev part"
    table = titled_table(title, header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    unusable = f", {search.unusable} unusable" if search.unusable else ""
    rows = [
        ("pairs", f"{search.pairs}{unusable}"),
        ("dev alpha*", f"{number(search.dev_alpha)} (least mean squared AU error)"),
        ("", f"{number(search.dev_alpha_mae)} by mean absolute error"),
        ("oracle alpha*", _spread(oracle)),
        ("on the grid's edge", f"{percent(search.oracle_edge_share)} of the oracle alphas"),
        ("crossover", f"{crossover_text(search.crossover)} (to the identity references)"),
    ]
    if search.crossover_decoded is not None:
        rows.append(("", f"{crossover_text(search.crossover_decoded)} (to the decoded mean faces)"))
    for name, text in rows:
        table.add_row(Text(name), Text(text))
    console.print(table)
    console.print()
    console.print(Text("AU error (MSE) over alpha   * measured   O dev alpha*", style="bold"))
    curve = search.curve
    width = min(console.width - 1, _MOST_PLOT_WIDTH)
    for line in text_plot(
        curve["alpha"].to_numpy(dtype=np.float64),
        curve["au_mse"].to_numpy(dtype=np.float64),
        search.dev_alpha,
        width=width,
    ):
        console.print(Text(line), no_wrap=True, overflow="ignore", crop=False)
    console.print()
    print_sentence(console, alpha_conclusion(search, benchmark, method), "bold")


def _fitting(width: int) -> list[_Column]:
    kept = list(_COLUMNS)
    room = width - min(_NARROWEST_NAME, width // 3) - 2 - 2 * _GAP
    while len(kept) > 1 and sum(column.width + _GAP for column in kept) > room + _GAP:
        kept.remove(min(kept, key=lambda column: column.keep))
    return kept


def _spread(oracle: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    if not oracle.size:
        return "no pair could be measured"
    low, middle, high = (float(q) for q in np.quantile(oracle, [0.25, 0.5, 0.75]))
    return (
        f"median {number(middle)}, middle half {number(low)} to {number(high)}, "
        f"all {number(float(oracle.min()))} to {number(float(oracle.max()))}"
    )
