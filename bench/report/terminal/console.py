"""What all terminal output shares: tables without lines under a bold title, and sentences."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["print_sentence", "titled_table"]


def titled_table(title: str, *, gap: int = 2, header: bool = True) -> Table:
    """An empty table under its title.

    Args:
        title: plain text, without control characters.
        gap: blanks between columns.
        header: whether its columns have names.
    """
    return Table(
        box=None,
        padding=(0, gap, 0, 0),
        pad_edge=False,
        show_header=header,
        title=Text(title),
        title_justify="left",
        title_style="bold",
        header_style="bold",
    )


def print_sentence(console: Console, text: str, style: str = "") -> None:
    """Prints plain text, wrapped to the console; brackets are no markup."""
    console.print(Text(text, style=style))
