"""How far the order of a board can be trusted, for the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bench.report.console import print_sentence, titled_table
from bench.report.significance import mean_ranks_text, p_clause
from bench.report.wording import (
    interval,
    number,
    percent,
    printable,
    rank_interval,
    rate,
    signed,
)

if TYPE_CHECKING:
    from bench.analysis.board import Board, BoardRow
    from bench.analysis.statistics.comparisons import Explanation

__all__ = ["print_board_details", "print_explanation"]

_COLUMNS = (
    "rank",
    "P(best)",
    "mean\nrank",
    "Pareto",
    "hypervolume [95%]",
    "img/s",
    "MiB",
)


def print_board_details(board: Board, console: Console) -> None:
    """Prints how sure the ranks of the contestants are, the front of E and R, speed and memory."""
    rows = [row for row in board.rows if not row.is_anchor]
    if not rows:
        return
    table = titled_table("How sure the order is; speed and memory", gap=1)
    table.add_column("method", overflow="fold")
    for title in _COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(printable(row.label)), *map(Text, _cells(row)))
    console.print(table)
    console.print()
    print_sentence(
        console,
        "rank: its 95% interval over resampled people; P(best): in how many of the resamples the "
        "method has the best score. Pareto: whether no other method is at least as good in E and "
        "in R and better in one, and in how many of the resamples. hypervolume: share of the plane "
        "of E and R that a method covers over all alphas, with which it need not choose one.",
    )
    if sentence := mean_ranks_text(board):
        print_sentence(console, sentence)


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Prints why two methods share a place or do not, and what would separate them."""
    found, reason = explanation.comparison, printable(explanation.reason)
    first, second = printable(found.first), printable(found.second)
    between = (
        f", 95% interval {number(found.low, 3)} to {number(found.high, 3)}"
        if math.isfinite(found.low)
        else ""
    )
    # The reason has the corrected p-value.
    corrected = found.p_value != found.p_adjusted
    before = f"; {p_clause(found.p_value)} before Holm's correction" if corrected else ""
    print_sentence(
        console,
        f"{first} - {second}: {signed(found.difference, 3)}{between}, a paired difference on "
        f"{_counted(found.sources, 'source')} and {_counted(found.targets, 'target')}{before}.",
    )
    # A reason that begins with a method keeps its name as it is.
    if not reason.startswith((first, second)):
        reason = reason[:1].upper() + reason[1:]
    print_sentence(console, f"{reason}.", "bold")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _cells(row: BoardRow) -> list[str]:
    volume = row.hypervolume
    front = "yes" if row.on_front else "no"
    return [
        rank_interval(row),
        percent(row.best_probability),
        number(row.average_rank),
        f"{front} {percent(row.front_frequency)}",
        "" if volume is None else f"{number(volume.value, 3)} {interval(volume, 3)}".rstrip(),
        rate(row.images_per_second),
        number(row.peak_memory_mib, 0),
    ]
