"""Which Action Units images show: a dot for each image and unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from bench.report.charts import svg
from bench.report.charts.action_unit_lines import UnitAxis, names_height, unit_names
from bench.report.charts.labels import shorten, text_width
from bench.report.charts.plane import Axis, Plane
from bench.report.wording import number, percent

__all__ = ["presence_matrix"]

_ROW, _BARS, _GAP = 22.0, 56.0, 12.0
_TOP, _RIGHT = 28.0, 8.0
_LEAST = 0.02
"""Of the scale's largest value: below it an Action Unit is at rest, and nothing is drawn."""


def presence_matrix(
    units: Sequence[str],
    names: Sequence[str],
    values: ArrayLike,
    shares: ArrayLike,
    highest: float,
    presence: float | None,
    shares_label: str,
    description: str,
    width: float = 400.0,
) -> Markup:
    """A row for each image, a column for each Action Unit, and bars over all images on top.

    A dot's area is the reading. It is filled where the unit is present and hollow where it is
    read below the threshold; on a scale that cannot tell presence all dots are alike.

    Args:
        units: the A names.
        names: of the N images.
        values: (N, A) on the scale of the estimator.
        shares: (A,) the height of the bars, 0..1; none are drawn where none is finite.
        highest: the largest value of the scale, which has the largest dot.
        presence: the threshold; None if the scale cannot tell it.
        shares_label: what the bars are.
        description: the text for screen readers.
        width: in drawing units; the height follows from N.
    """
    shown = np.asarray(values, dtype=np.float64).reshape(len(names), len(units))
    bars = np.asarray(shares, dtype=np.float64)
    labels = [shorten(name, 22) for name in names]
    left = max([44.0, *(text_width(label, 11) + 12 for label in labels)])
    above = _TOP + _BARS + _GAP if np.isfinite(bars).any() else _GAP
    x = UnitAxis.of(units)
    bottom = names_height(x) + 20
    height = above + _ROW * len(names) + bottom
    root = svg.drawing(width, height, description)
    if np.isfinite(bars).any():
        share = Axis(0.0, 1.0, (0.0, 0.5, 1.0), shares_label)
        _bars(root, Plane(width, _TOP + _BARS, x, share, left, _RIGHT, _TOP, 0.0), bars)
    rows = Axis(0.0, float(max(len(names), 1)), (), "")
    plane = Plane(width, height, x, rows, left, _RIGHT, above, bottom)
    _, top, end, low = plane.frame
    column = (end - left) / max(len(units), 1)
    for place, unit in enumerate(units):
        at, _ = plane.at(x.ticks[place], 0.0)
        svg.add(root, "line", "grid", x1=at, x2=at, y1=top, y2=low)
        for row, name in enumerate(names):
            y = top + _ROW * (row + 0.5)
            scale = (min(column, _ROW) * 0.47, highest, presence)
            _dot(root, at, y, float(shown[row, place]), scale, f"{unit} of {name}")
    for row, label in enumerate(labels):
        svg.add(root, "text", "tick end", label, x=left - 8, y=top + _ROW * (row + 0.5) + 4)
    unit_names(root, plane)
    return svg.markup(root)


def _bars(root: svg.Element, plane: Plane, shares: NDArray[np.float64]) -> None:
    left, _, right, bottom = plane.frame
    svg.add(root, "text", "axis", plane.y.label, x=4, y=14)
    for tick in plane.y.ticks:
        _, y = plane.at(0.0, tick)
        svg.add(root, "line", "zero" if tick == 0 else "grid", x1=left, x2=right, y1=y, y2=y)
        svg.add(root, "text", "tick end", percent(tick), x=left - 8, y=y + 4)
    half = 0.36 * (right - left) / max(len(shares), 1)
    for place, share in enumerate(shares):
        if np.isfinite(share):
            x, y = plane.at(plane.x.ticks[place], float(share))
            bar = svg.add(root, "rect", "bar", x=x - half, y=y, width=2 * half, height=bottom - y)
            svg.add(bar, "title", text=percent(float(share)))


def _dot(
    root: svg.Element,
    x: float,
    y: float,
    value: float,
    scale: tuple[float, float, float | None],
    name: str,
) -> None:
    largest, highest, presence = scale
    if not np.isfinite(value) or value < _LEAST * highest:
        return
    radius = max(largest * float(np.sqrt(min(value / highest, 1.0))), 1.5)
    is_present = presence is not None and value >= presence
    below = "mark open series-1" if presence is not None else "dot series-7"
    style = "bar" if is_present else below
    dot = svg.add(root, "circle", style, cx=x, cy=y, r=radius)
    said = "" if presence is None else ", present" if is_present else ", below the threshold"
    svg.add(dot, "title", text=f"{name}: {number(value)} of {number(highest, 0)}{said}")
