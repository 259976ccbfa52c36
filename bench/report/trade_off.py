"""The main chart: what a method pays in identity for what it gains in expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from bench.report import svg
from bench.report.figures import Curve, draw_curve, line_boxes
from bench.report.labels import Box, place_labels, shorten
from bench.report.plane import Axis, Plane
from bench.report.wording import number, printable

if TYPE_CHECKING:
    from bench.report.contents import ReportMethod

__all__ = ["series_indices", "trade_off"]

# Scores far outside 0..1 sit on the frame instead of squeezing everything else.
_LIMITS = (-0.6, 1.25)
_HALF = 7.0


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    x: float
    y: float
    index: int | None


def series_indices(methods: Sequence[ReportMethod]) -> list[int | None]:
    """The series number of each method, None for anchors, which share one look."""
    indices: list[int | None] = []
    contestants = 0
    for method in methods:
        indices.append(None if method.row.is_anchor else contestants)
        contestants += not method.row.is_anchor
    return indices


def trade_off(methods: Sequence[ReportMethod], size: tuple[float, float]) -> Markup:
    """Expression skill over identity retention: a curve over alpha per method, anchors as points.

    The open mark is the first alpha of the grid, the filled one the alpha of the board, with the
    intervals of both scores as whiskers. Non-finite values are left out.
    """
    indices = series_indices(methods)
    lines = [
        Curve(
            printable(method.row.label),
            method.curve["identity_retention"].to_numpy(dtype=np.float64),
            method.curve["expression_skill"].to_numpy(dtype=np.float64),
            index,
        )
        for method, index in zip(methods, indices, strict=True)
        if method.curve is not None and index is not None
    ]
    marks = [
        _Mark(
            printable(m.row.label), m.row.identity_retention.value, m.row.expression_skill.value, i
        )
        for m, i in zip(methods, indices, strict=True)
    ]
    marks = [mark for mark in marks if np.isfinite(mark.x) and np.isfinite(mark.y)]
    plane = _plane(lines, marks, size)
    root = svg.drawing(
        *size, "Expression skill over identity retention, a curve over alpha for each method"
    )
    svg.axes(root, plane)
    (x_one, y_one), (left, top, right, bottom) = plane.at(1.0, 1.0), plane.frame
    svg.add(root, "line", "one", x1=x_one, x2=x_one, y1=top, y2=bottom)
    svg.add(root, "line", "one", x1=left, x2=right, y1=y_one, y2=y_one)
    obstacles: list[Box] = []
    for line in lines:
        points = draw_curve(root, plane, line)
        obstacles += line_boxes(points)
        if len(points):
            x, y = map(float, points[0])
            svg.marker(root, x, y, line.index, 4.5, f"mark open {svg.series_class(line.index)}")
            obstacles.append(Box(x - _HALF, y - _HALF, x + _HALF, y + _HALF))
    for method, index in zip(methods, indices, strict=True):
        if index is not None:
            _whiskers(root, plane, method, index)
    targets = []
    for mark in marks:
        x, y = plane.at(mark.x, mark.y)
        style = "anchor-mark" if mark.index is None else f"mark {svg.series_class(mark.index)}"
        shape = 3 if mark.index is None else mark.index
        title = f"{mark.name}: R {number(mark.x)}, E {number(mark.y)}"
        svg.marker(root, x, y, shape, 5.5, style, title)
        obstacles.append(Box(x - _HALF, y - _HALF, x + _HALF, y + _HALF))
        inside = plane.x.holds(mark.x) and plane.y.holds(mark.y)
        beyond = "" if inside else f" (R {number(mark.x)}, E {number(mark.y)})"
        targets.append((x, y, shorten(mark.name) + beyond))
    frame = Box(left + 2, top + 2, right - 2, bottom - 2)
    svg.label_texts(root, place_labels(targets, frame, obstacles))
    return svg.markup(root)


def _plane(lines: Sequence[Curve], marks: Sequence[_Mark], size: tuple[float, float]) -> Plane:
    xs = [0.0, 1.0, *(mark.x for mark in marks)]
    ys = [0.0, 1.0, *(mark.y for mark in marks)]
    for line in lines:
        xs += list(np.asarray(line.x, dtype=np.float64))
        ys += list(np.asarray(line.y, dtype=np.float64))
    about = 5 if size[0] < 500 else 8
    x = Axis.spanning(
        xs,
        "Identity retention R",
        "0: the source · 1: the target's own neutral face",
        limits=_LIMITS,
        about=about,
        margin=0.04,
    )
    y = Axis.spanning(
        ys,
        "Expression skill E",
        "0: doing nothing · 1: the source's change exactly",
        limits=_LIMITS,
        about=6,
        margin=0.04,
    )
    return Plane(*size, x, y)


def _whiskers(root: svg.Element, plane: Plane, method: ReportMethod, index: int) -> None:
    across, up = method.row.identity_retention, method.row.expression_skill
    if not (np.isfinite(across.value) and np.isfinite(up.value)):
        return
    style = f"whisker {svg.series_class(index)}"
    if np.isfinite(across.low) and np.isfinite(across.high):
        x1, y = plane.at(across.low, up.value)
        x2, _ = plane.at(across.high, up.value)
        svg.add(root, "line", style, x1=x1, x2=x2, y1=y, y2=y)
    if np.isfinite(up.low) and np.isfinite(up.high):
        x, y1 = plane.at(across.value, up.low)
        _, y2 = plane.at(across.value, up.high)
        svg.add(root, "line", style, x1=x, x2=x, y1=y1, y2=y2)
