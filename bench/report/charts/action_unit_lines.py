"""Readings of Action Units side by side: a line for each image, over the units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

from bench.report.charts import svg
from bench.report.charts.figures import Curve, draw_curve
from bench.report.charts.labels import shorten
from bench.report.charts.plane import Axis, Plane

__all__ = [
    "SOURCE_SERIES",
    "UnitAxis",
    "UnitLine",
    "names_height",
    "unit_label",
    "unit_lines",
    "unit_names",
]

SOURCE_SERIES = 6
"""The series number of the source: the colour of ink, which no method has before the seventh."""

_LINE = 12.0
_CROWDED = 18.5
"""Drawing units of a column that a number of two digits needs."""


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One reading of A Action Units.

    Attributes:
        name: of the image, or of the mean over images.
        values: (A,), on the scale of the estimator; gaps where not finite.
        index: series number, for its colour, its dashes and its mark.
    """

    name: str
    values: ArrayLike
    index: int


@dataclass(frozen=True, slots=True)
class UnitAxis(Axis):
    """Names at 1, 2, 3, ..., with half a place of room at both ends."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, units: Sequence[str], note: str = "") -> UnitAxis:
        """The axis of these Action Units.

        They are named by their FACS number alone where each has one: ``AU06`` is 6.
        """
        names = tuple(unit_label(unit) for unit in units)
        ticks = tuple(float(place) for place in range(1, len(names) + 1))
        return cls(0.5, max(len(names), 1) + 0.5, ticks, "Action Unit", note, names)

    def tick_label(self, tick: float) -> str:
        return self.names[round(tick) - 1]

    @property
    def is_wide(self) -> bool:
        """Whether the names are too long to stand side by side."""
        return any(len(name) > 2 for name in self.names)


def unit_label(unit: str) -> str:
    """``6`` for AU06; another name as it is, shortened."""
    found = re.fullmatch(r"AU0*(\d+)", unit)
    return found[1] if found else shorten(unit, 9)


def unit_lines(
    units: Sequence[str],
    lines: Sequence[UnitLine],
    y_label: str,
    y_note: str,
    description: str,
    size: tuple[float, float] = (400, 290),
) -> Markup:
    """Readings over the Action Units, joined by lines that keep the eye on one image.

    Args:
        units: the A names.
        lines: the readings; a later one is drawn above an earlier one.
        y_label: name of the value axis.
        y_note: its unit.
        description: the text for screen readers.
        size: width and height in drawing units.
    """
    values = [np.asarray(line.values, dtype=np.float64) for line in lines]
    x = UnitAxis.of(units)
    y = Axis.spanning(np.concatenate([[0.0], *values]), y_label, y_note)
    plane = Plane(*size, x, y, bottom=names_height(x) + 24)
    root = svg.drawing(*size, description)
    svg.axes(root, replace(plane, x=replace(x, label="", names=("",) * len(x.names))))
    unit_names(root, plane)
    places = np.asarray(x.ticks, dtype=np.float64)
    for line, one in zip(lines, values, strict=True):
        draw_curve(root, plane, Curve(line.name, places, one, line.index))
    return svg.markup(root)


def names_height(x: UnitAxis) -> float:
    """Drawing units that the names of Action Units take below the frame."""
    return 60.0 if x.is_wide else 30.0


def unit_names(root: svg.Element, plane: Plane) -> None:
    """Names of Action Units below the frame of a plane whose x is a ``UnitAxis``, and of the axis.

    Numbers stand in turn on two lines where there is no room for all on one; names that are longer
    are turned.
    """
    x = plane.x
    if not isinstance(x, UnitAxis):
        raise ValueError("the axis has no names of Action Units")
    left, _, right, bottom = plane.frame
    crowded = (right - left) / max(len(x.names), 1) < _CROWDED
    for place, (tick, name) in enumerate(zip(x.ticks, x.names, strict=True)):
        at, _ = plane.at(tick, plane.y.low)
        if x.is_wide:
            child = svg.add(root, "text", "tick end", name, x=at + 4, y=bottom + 8)
            turn = f"rotate(-90 {svg.coordinate(at + 4)} {svg.coordinate(bottom + 8)})"
            child.set("transform", turn)
        else:
            lower = _LINE if crowded and place % 2 else 0.0
            svg.add(root, "text", "tick middle", name, x=at, y=bottom + 15 + lower)
    named = bottom + names_height(x) + (14 if crowded or x.is_wide else 4)
    svg.add(root, "text", "axis middle", x.label, x=(left + right) / 2, y=named)
