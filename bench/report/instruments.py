"""The check of the instruments for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.report.wording import number, percent, printable

if TYPE_CHECKING:
    from bench.analysis.instruments import InstrumentCheck, UnitAgreement, Verification

__all__ = ["print_check"]

_WIDTH_FOR_COUNTS = 76
"""Columns below which the numbers of people and images go, so that no other number is cut."""


def print_check(check: InstrumentCheck, console: Console) -> None:
    """Prints what each instrument reads against what is known, and which limits are missed."""
    from bench.analysis.instruments import LEAST_COVERAGE, LEAST_R, MOST_EER

    where = printable(check.benchmark)
    if check.au_estimator:
        console.print(_units_table(check, f"{where}: AU estimator {_named(check.au_estimator)}"))
        found = ", ".join(f"{part} {percent(share)}" for part, share in check.coverage.items())
        _sentence(console, f"Faces found: {found} of the images.")
        if check.unread:
            units = ", ".join(check.unread)
            _sentence(console, f"Known, but not read by this estimator: {units}.")
    else:
        _sentence(
            console,
            f"{where} has no known Action Units, without which an AU estimator cannot be "
            "checked: bench check-instruments synthfaces does it.",
        )
    console.print()
    title = f"{where}: embedder {_named(check.embedder)}"
    console.print(_people_table(check, title, counts=console.width >= _WIDTH_FOR_COUNTS))
    _sentence(
        console,
        "Cosines of all pairs of images, mean and the worst 1 %."
        + (
            " Last: correlation of an image's distance to its person with the strength of "
            "its expression; best 0."
            if check.au_estimator
            else ""
        ),
    )
    console.print()
    limits = f"EER at most {100 * MOST_EER:g} %"
    if check.au_estimator:
        limits = (
            f"r at least {LEAST_R:g}, {limits}, faces found at least {100 * LEAST_COVERAGE:g} %"
        )
    verdict = f"Missed: {', '.join(check.missed)}." if check.missed else "All limits are kept."
    _sentence(console, f"{verdict} Limits: {limits}.", "bold")


def _units_table(check: InstrumentCheck, title: str) -> Table:
    table = _table(title)
    table.add_column("AU", no_wrap=True)
    table.add_column("", overflow="fold")
    for heading in ("r dev", "r test [95% interval]", "error", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for unit in check.units:
        table.add_row(*map(Text, _unit_cells(unit)))
    return table


def _unit_cells(unit: UnitAgreement) -> list[str]:
    low, high = unit.test_interval.low, unit.test_interval.high
    return [
        unit.action_unit.removeprefix("AU").lstrip("0"),
        unit.name,
        number(unit.dev_r, 3),
        f"{number(unit.test_r, 3)} [{number(low, 3)}, {number(high, 3)}]",
        number(unit.test_error),
        "ok" if unit.passed else "missed",
    ]


def _people_table(check: InstrumentCheck, title: str, *, counts: bool) -> Table:
    table = _table(title)
    table.add_column("part", no_wrap=True)
    headings = ["people", "images"] if counts else []
    headings += ["EER", "same", "different"]
    headings += ["with AUs"] if check.au_estimator else []
    for heading in (*headings, ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in check.verification:
        table.add_row(*map(Text, _people_cells(row, counts=counts)))
    return table


def _people_cells(row: Verification, *, counts: bool) -> list[str]:
    cells = [
        row.part,
        *([str(row.people), str(row.images)] if counts else []),
        f"{number(100 * row.equal_error_rate)} %",
        f"{number(row.same)} ({number(row.same_low)})",
        f"{number(row.different)} ({number(row.different_high)})",
    ]
    if row.follows_expression is not None:
        cells.append(number(row.follows_expression))
    return [*cells, "ok" if row.passed else "missed"]


def _named(card: dict[str, Any]) -> str:
    return printable(f"{card['name']} (weights {card['weights_sha256'][:8]})")


def _table(title: str) -> Table:
    return Table(
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        title=Text(title),
        title_justify="left",
        title_style="bold",
        header_style="bold",
    )


def _sentence(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style))
