"""Markdown that reads well raw, too: tables in line, text that cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.report.wording import printable

__all__ = ["markdown_code", "markdown_table", "markdown_text"]


def markdown_text(text: object) -> str:
    """One line of plain text, in which nothing is markup or ends a table's cell."""
    return re.sub(r"([\\`*\[\]<>|])", r"\\\1", printable(text))


def markdown_code(text: object) -> str:
    """One line as code, which may stand in a cell of a table."""
    code = printable(text).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{fence}{code}{fence}" if fence == "`" else f"{fence} {code} {fence}"


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """A table whose columns stand in line.

    Args:
        headings: of the columns.
        rows: cells, as Markdown.
        texts: so many columns from the left are words and stand left, the others right.
    """
    widths = [
        max(3, *(len(cells[place]) for cells in (headings, *rows)))
        for place in range(len(headings))
    ]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if place < texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * width if place < texts else "-" * (width - 1) + ":"
        for place, width in enumerate(widths)
    ]
    return "\n".join([line(headings), line(rule), *map(line, rows)])
