"""A report for the terminal: how sure the order is, then the table, and last what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from bench.report.sections import comparison
from bench.report.terminal.board import print_board
from bench.report.terminal.board_details import print_board_details
from bench.report.terminal.console import print_sentence

if TYPE_CHECKING:
    from bench.report.contents import ReportInput

__all__ = ["print_report"]


def print_report(report: ReportInput, console: Console) -> None:
    """Prints the board of a report; of exactly two methods also how they compare."""
    print_board_details(report.board, console)
    console.print()
    print_board(report.board, console, report.floor)
    if found := comparison.collect(report):
        console.print()
        print_sentence(console, f"{found.difference()} {found.reason()}")
