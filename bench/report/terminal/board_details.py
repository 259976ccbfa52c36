"""How far the order of a board can be trusted, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bench.report.explained import difference_sentence, reason_sentence
from bench.report.significance import mean_ranks_text
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
    interval,
    number,
    percent,
    printable,
    rank_interval,
    rate,
)

if TYPE_CHECKING:
    from bench.analysis.board import Board, BoardRow
    from bench.analysis.statistics.comparisons import Explanation

__all__ = ["print_board_details", "print_explanation"]


def _front(row: BoardRow) -> str:
    return f"{'yes' if row.on_front else 'no'} {percent(row.front_frequency)}"


def _hypervolume(row: BoardRow) -> str:
    volume = row.hypervolume
    return "" if volume is None else f"{number(volume.value, 3)} {interval(volume, 3)}".rstrip()


_COLUMNS = (
    Column("rank", 4, 9, rank_interval),
    Column("P(best)", 7, 8, lambda row: percent(row.best_probability)),
    Column("mean\nrank", 5, 4, lambda row: number(row.average_rank)),
    Column("Pareto", 7, 6, _front),
    Column("hypervolume [95%]", 20, 5, _hypervolume),
    Column("img/s", 5, 3, lambda row: rate(row.images_per_second)),
    Column("MiB", 4, 2, lambda row: number(row.peak_memory_mib, 0)),
)


def print_board_details(board: Board, console: Console) -> None:
    """Prints how sure the ranks of the contestants are, the front of E and R, speed and memory."""
    rows = [row for row in board.rows if not row.is_anchor]
    if not rows:
        return
    columns = fitting(_COLUMNS, rows, console.width)
    table = titled_table("How sure the order is; speed and memory", gap=GAP)
    add_names(table, console.width)
    add_columns(table, columns)
    for row in rows:
        cells = [Text(column.text(row)) for column in columns]
        table.add_row(Text(printable(row.label)), *cells)
    console.print(table)
    console.print()
    print_sentence(
        console,
        "rank: its 95% interval over resampled people; P(best): in how many of the resamples the "
        "method has the best score. Pareto: whether no other method is at least as good in E and "
        "in R and better in one, and in how many of the resamples. hypervolume: share of the plane "
        "of E and R that a method covers over all alphas, with which it need not choose one.",
        "dim",
    )
    if sentence := left_out_sentence(_COLUMNS, columns):
        print_sentence(console, sentence, "dim")
    if sentence := mean_ranks_text(board):
        print_sentence(console, sentence)


def print_explanation(explanation: Explanation, console: Console) -> None:
    """Prints why two methods share a place or do not, and what would separate them."""
    print_sentence(console, difference_sentence(explanation))
    print_sentence(console, reason_sentence(explanation), "bold")
