"""The check of the instruments for the terminal: what they read against what is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.report.terminal.console import print_sentence, titled_table
from bench.report.terminal.repeatability import print_repeatability
from bench.report.wording import number, percent, printable

if TYPE_CHECKING:
    from bench.analysis.bootstrap import Interval
    from bench.analysis.instruments.check import InstrumentCheck
    from bench.analysis.instruments.units import UnitAgreement
    from bench.analysis.instruments.verification import Verification

__all__ = ["print_check"]


def print_check(check: InstrumentCheck, console: Console) -> None:
    """Prints what each instrument reads against what is known, and which limits are missed."""
    from bench.analysis.instruments.check import LEAST_COVERAGE
    from bench.analysis.instruments.units import LEAST_R
    from bench.analysis.instruments.verification import MOST_EER

    where = printable(check.benchmark)
    if check.au_estimator:
        console.print(_units_table(check, f"{where}: AU estimator {_named(check.au_estimator)}"))
        found = ", ".join(f"{part} {percent(share)}" for part, share in check.coverage.items())
        print_sentence(console, f"Faces found: {found} of the images.")
        if check.unread:
            units = ", ".join(check.unread)
            print_sentence(console, f"Known, but not read by this estimator: {units}.")
    else:
        print_sentence(
            console,
            f"{where} has no known Action Units, without which an AU estimator cannot be "
            "compared with the truth: bench check-instruments synthfaces does it.",
        )
    console.print()
    console.print(_people_table(check, f"{where}: embedder {_named(check.embedder)}"))
    print_sentence(
        console,
        "Distances are L2 between unit embeddings, 0 to 2, of all pairs of images; in brackets "
        "95 % intervals over people."
        + (
            " Last: correlation of an image's distance to its person with the strength of its "
            "expression; best 0."
            if check.au_estimator
            else ""
        ),
    )
    if check.repeatability:
        console.print()
        print_repeatability(check.repeatability, console)
    console.print()
    limits = f"EER at most {100 * MOST_EER:g} %"
    if check.au_estimator:
        limits = (
            f"r at least {LEAST_R:g}, {limits}, faces found at least {100 * LEAST_COVERAGE:g} %"
        )
    verdict = f"Missed: {', '.join(check.missed)}." if check.missed else "All limits are kept."
    print_sentence(console, f"{verdict} Limits: {limits}.", "bold")


def _units_table(check: InstrumentCheck, title: str) -> Table:
    table = titled_table(title)
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


def _people_table(check: InstrumentCheck, title: str) -> Table:
    """One column for each part, since there are more numbers than parts."""
    rows: list[tuple[str, Callable[[Verification], str]]] = [
        ("people, images", lambda row: f"{row.people}, {row.images}"),
        ("pairs of one person", lambda row: f"{row.same_pairs}"),
        ("pairs of strangers", lambda row: f"{row.different_pairs}"),
        ("mean distance, one person", lambda row: number(row.same)),
        ("mean distance, strangers", lambda row: number(row.different)),
        ("equal error rate (EER)", lambda row: _percents(row.equal_error_rate)),
        ("", lambda row: _interval(row.equal_error_rate_interval, _percents)),
        ("at 1 % false matches:", lambda _: ""),
        ("  distance", lambda row: number(row.threshold)),
        ("", lambda row: _interval(row.threshold_interval, number)),
        ("  of one person, accepted", lambda row: _percents(row.accepted)),
        ("", lambda row: _interval(row.accepted_interval, _percents)),
    ]
    if check.au_estimator:
        rows.append(("distance, expression: r", lambda row: number(row.follows_expression)))
    rows.append(("", lambda row: "ok" if row.passed else "missed"))
    table = titled_table(title)
    table.add_column("", overflow="fold")
    for part in check.verification:
        table.add_column(part.part, justify="right", no_wrap=True)
    for label, cell in rows:
        table.add_row(Text(label), *(Text(cell(part)) for part in check.verification))
    return table


def _percents(share: float) -> str:
    return f"{number(100 * share)} %"


def _interval(interval: Interval, written: Callable[[float], str]) -> str:
    low, high = (written(end).removesuffix(" %") for end in (interval.low, interval.high))
    return f"[{low}, {high}]"


def _named(card: dict[str, Any]) -> str:
    return printable(f"{card['name']} (weights {card['weights_sha256'][:8]})")
