"""Columns of a table of methods: the least important give way where the terminal is narrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from bench.analysis.board import BoardRow

__all__ = ["GAP", "Column", "add_columns", "add_names", "fitting", "left_out_sentence"]

GAP: Final = 1
"""Blanks between columns."""

_NARROWEST_NAME: Final = 15


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers.

    Attributes:
        title: may have several lines.
        width: how wide it is at least.
        keep: the smaller, the sooner it goes.
        text: the cell of a row.
    """

    title: str
    width: int
    keep: int
    text: Callable[[BoardRow], str]


def fitting(columns: Sequence[Column], rows: Sequence[BoardRow], room: int) -> list[Column]:
    """The columns that fit beside the names, without the least important ones.

    Args:
        columns: in their order.
        rows: whose cells they hold.
        room: for these columns and the names.
    """
    widths = {
        column.title: max([column.width, *(len(column.text(row)) for row in rows)])
        for column in columns
    }
    kept = list(columns)
    room -= min(_NARROWEST_NAME, room // 3)
    while len(kept) > 1 and sum(widths[column.title] + GAP for column in kept) > room:
        kept.remove(min(kept, key=lambda column: column.keep))
    return kept


def add_names(table: Table, width: int) -> None:
    """Adds the column of methods, where a long name takes several lines.

    Args:
        table: to add it to.
        width: of the console.
    """
    table.add_column("method", overflow="fold", min_width=min(_NARROWEST_NAME, width // 3))


def add_columns(table: Table, columns: Sequence[Column]) -> None:
    """Adds columns of numbers, of which none is cut."""
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True, min_width=column.width)


def left_out_sentence(columns: Sequence[Column], kept: Sequence[Column]) -> str:
    """Names the columns that there is no room for; nothing where all are there."""
    titles = [" ".join(column.title.split()) for column in columns if column not in kept]
    return f"Left out for want of room: {', '.join(titles)}." if titles else ""
