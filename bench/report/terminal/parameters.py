"""The parameters of methods, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Column
from rich.text import Text

from bench.plugins.registry import MethodEntry
from bench.report.terminal.console import titled_table
from bench.report.wording import printable

__all__ = ["print_parameters"]


def print_parameters(entries: Sequence[MethodEntry], console: Console) -> None:
    """Prints what ``--param`` sets: a row for each parameter of each method that has any."""
    table = titled_table("parameters: --param NAME=VALUE")
    table.columns = [
        Column("method", no_wrap=True),
        Column("name", no_wrap=True),
        Column("value", overflow="fold"),
        Column("default", overflow="fold"),
    ]
    for entry in entries:
        for place, parameter in enumerate(entry.parameters().values()):
            default = '""' if parameter.default == "" else str(parameter.default)
            cells = ("" if place else entry.name, parameter.name, parameter.values, default)
            table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)
