"""The error of each Action Unit: a row for each, with marks for methods and for doing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from bench.report.charts import svg
from bench.report.charts.labels import shorten
from bench.report.charts.plane import Axis, Plane
from bench.report.wording import number

__all__ = ["UnitMark", "UnitRow", "unit_errors"]

_ROW = 26.0
_TOP, _BOTTOM = 8.0, 56.0
# Marks of one row stand a little apart, in turn, so that equal errors do not hide each other.
_LANES = (0.0, -5.0, 5.0, -2.5, 2.5)


@dataclass(frozen=True, slots=True)
class UnitMark:
    """The error of one method: its name, and the number of its series."""

    name: str
    value: float
    index: int


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One Action Unit: its name, the error of doing nothing, and a mark for each method."""

    name: str
    nothing: float
    marks: Sequence[UnitMark]


def unit_errors(
    rows: Sequence[UnitRow], width: float, names: float, *, unit: str = "", digits: int = 2
) -> Markup:
    """The rows from top to bottom, all on one axis that begins at 0.

    Args:
        rows: what to draw; values that are not finite are left out.
        width: of the drawing, in drawing units.
        names: so much of it is left for the names of the rows.
        unit: a note on the unit of the errors.
        digits: decimals of the numbers that stand in the marks' titles.
    """
    values = [value for row in rows for value in (row.nothing, *(m.value for m in row.marks))]
    x = Axis.spanning(
        [0.0, *values], "Mean absolute error to the source", unit, about=4 if width < 500 else 8
    )
    height = _TOP + _ROW * len(rows) + _BOTTOM
    rest = Axis(0.0, 1.0, (), "")
    plane = Plane(width, height, x, rest, left=names, top=_TOP, bottom=_BOTTOM)
    root = svg.drawing(
        width, height, "Error of each Action Unit under each method, and of doing nothing"
    )
    svg.axes(root, plane)
    left, top, right, _ = plane.frame
    longest = int((names - 14) / 6.7)
    for place, row in enumerate(rows):
        middle = top + _ROW * (place + 0.5)
        svg.add(root, "line", "grid", x1=left, x2=right, y1=middle, y2=middle)
        svg.add(root, "text", "end", shorten(row.name, longest), x=left - 8, y=middle + 4)
        _draw_row(root, plane, row, middle, digits)
    return svg.markup(root)


def _draw_row(root: svg.Element, plane: Plane, row: UnitRow, middle: float, digits: int) -> None:
    finite = [mark for mark in row.marks if np.isfinite(mark.value)]
    if finite and np.isfinite(row.nothing):
        least = plane.at(min(mark.value for mark in finite), 0)[0]
        nothing = plane.at(row.nothing, 0)[0]
        svg.add(root, "line", "leader", x1=least, x2=nothing, y1=middle, y2=middle)
    # The first method is drawn last, on top.
    for order, mark in reversed(list(enumerate(finite))):
        at = plane.at(mark.value, 0)[0]
        svg.marker(
            root,
            at,
            middle + _LANES[order % len(_LANES)],
            mark.index,
            4,
            f"mark {svg.series_class(mark.index)}",
            f"{row.name}, {mark.name}: {number(mark.value, digits)}",
        )
    if np.isfinite(row.nothing):
        at = plane.at(row.nothing, 0)[0]
        title = f"{row.name}, doing nothing: {number(row.nothing, digits)}"
        svg.marker(root, at, middle, 3, 5.5, "anchor-mark", title)
