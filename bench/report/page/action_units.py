"""The errors of Action Units on the page: a chart, and a table with a number in every cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from bench.analysis.board import Estimate
from bench.analysis.unit_comparison import UnitUnderMethod
from bench.report.charts.action_unit_errors import UnitMark, UnitRow, unit_errors
from bench.report.charts.figures import swatch
from bench.report.charts.labels import shorten
from bench.report.page.base import Page, Rendered
from bench.report.sections.action_units import (
    VERDICT_MARKS,
    ActionUnits,
    MethodUnits,
    unit_code,
    unit_name,
)
from bench.report.wording import number, percent, printable

__all__ = ["render"]

# Width, and what of it is for the names of the units.
_WIDE, _NARROW = (860.0, 200.0), (380.0, 58.0)

_SHADES: Final = (0.05, 0.25, 0.5)
"""Shares of the error of doing nothing at which a darker shade begins."""

_VERDICTS: Final = {"less": "less than doing nothing", "more": "more than doing nothing", "": ""}

_LONGEST_NAME = 26


@dataclass(frozen=True, slots=True)
class _Number:
    """A number with its interval and the value that it is sorted by."""

    text: str
    range: str
    value: float


@dataclass(frozen=True, slots=True)
class _Cell:
    """A number with its interval, shade and mark.

    Attributes:
        shade: CSS class; empty near the error of doing nothing.
        is_hard: whether it is among the largest errors of its method.
    """

    number: _Number
    shade: str
    mark: str
    verdict: str
    is_hard: bool
    is_anchor: bool


@dataclass(frozen=True, slots=True)
class _Row:
    code: str
    name: str
    nothing: _Number
    mean: _Number
    left: str
    left_value: float
    verdicts: str
    cells: list[_Cell]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    full_name: str
    is_anchor: bool
    alpha: str
    swatch: Markup
    hardest: str


def render(section: ActionUnits, page: Page) -> Rendered:
    body = page.template(
        "action_units",
        sentence=section.sentence(),
        gains=section.gains(),
        notes=list(section.notes()),
        charts=[("wide", _chart(section, page, _WIDE)), ("narrow", _chart(section, page, _NARROW))],
        legend=[
            (printable(method.label), swatch(page.series.get(method.run_id)))
            for method in section.contestants
        ],
        nothing_swatch=swatch(None),
        columns=[_column(method, page) for method in section.methods],
        rows=_rows(section),
        contestants=len(section.contestants),
    )
    return Rendered(body)


def _chart(section: ActionUnits, page: Page, size: tuple[float, float]) -> Markup:
    width, names = size
    rows = []
    for place, unit in enumerate(section.comparison.units):
        code, name = unit_code(unit.action_unit), unit_name(unit.action_unit)
        marks = [
            UnitMark(
                printable(method.label),
                method.units[place].mae.value,
                page.series.get(method.run_id) or 0,
            )
            for method in section.contestants
        ]
        shown = f"{code} {name}" if names > 100 and name else code
        rows.append(UnitRow(shown, unit.mae_of_nothing.value, marks))
    scale = f"in units of the estimator's scale: {printable(section.scale)}"
    unit_note = shorten(scale, int((width - names) / 6.2)) if section.scale else ""
    return unit_errors(rows, width, names, unit=unit_note, digits=section.digits)


def _column(method: MethodUnits, page: Page) -> _Column:
    name = printable(method.label)
    return _Column(
        name=shorten(name, _LONGEST_NAME),
        full_name=name,
        is_anchor=method.is_anchor,
        alpha=method.alpha,
        swatch=swatch(page.series.get(method.run_id)),
        hardest="" if method.is_anchor else ", ".join(map(unit_code, method.hardest)),
    )


def _rows(section: ActionUnits) -> list[_Row]:
    rows = []
    digits = section.digits
    for place, unit in enumerate(section.comparison.units):
        less, more = section.verdicts_of(place)
        rows.append(
            _Row(
                code=unit_code(unit.action_unit),
                name=unit_name(unit.action_unit),
                nothing=_number(unit.mae_of_nothing, digits),
                mean=_number(unit.mae, digits),
                left=percent(unit.left),
                left_value=unit.left,
                verdicts=f"{less} / {more}",
                cells=[
                    _cell(method, method.units[place], unit.mae_of_nothing.value, digits)
                    for method in section.methods
                ],
            )
        )
    return rows


def _cell(method: MethodUnits, unit: UnitUnderMethod, nothing: float, digits: int) -> _Cell:
    return _Cell(
        number=_number(unit.mae, digits),
        shade=_shade(unit, nothing),
        mark=VERDICT_MARKS[unit.verdict],
        verdict=_VERDICTS[unit.verdict],
        is_hard=not method.is_anchor and unit.action_unit in method.hardest,
        is_anchor=method.is_anchor,
    )


def _number(estimate: Estimate, digits: int) -> _Number:
    ends = estimate.low, estimate.high
    known = all(map(math.isfinite, ends))
    # With an en dash instead of brackets: shorter, in a table of hundreds of cells.
    text = "–".join(number(end, digits) for end in ends) if known else ""
    return _Number(number(estimate.value, digits), text, estimate.value)


def _shade(unit: UnitUnderMethod, nothing: float) -> str:
    """``gain-1`` to ``gain-3`` and ``loss-1`` to ``loss-3``."""
    share = unit.gain.value / nothing if nothing > 0 else float("nan")
    steps = sum(abs(share) >= least for least in _SHADES)
    return f"{'gain' if share > 0 else 'loss'}-{steps}" if steps else ""
