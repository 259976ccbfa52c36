"""The charts of the report as SVG of our own making.

Colours come from the page's style sheet (Okabe and Ito's palette, safe for colour-blind readers)
and series differ in shape and dash as well, so every chart reads in grey, light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from bench.report.charts import svg
from bench.report.charts.labels import Box, place_labels
from bench.report.charts.plane import Axis, Plane, finite_runs
from bench.report.wording import number

if TYPE_CHECKING:
    from bench.analysis.board import Estimate

__all__ = ["Curve", "curves", "histogram", "interval_bar", "swatch"]


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line: x and y of shape (N,), gaps where either is not finite."""

    name: str
    x: ArrayLike
    y: ArrayLike
    index: int


def swatch(index: int | None) -> Markup:
    """The legend's sample of a series, or of an anchor for None."""
    root = svg.drawing(34, 14, "", "swatch")
    root.attrib.pop("aria-label")
    root.set("role", "presentation")
    if index is None:
        svg.marker(root, 17, 7, 3, 5, "anchor-mark")
    else:
        svg.path(root, [(2, 7), (32, 7)], f"curve {svg.series_class(index)}")
        svg.marker(root, 17, 7, index, 5, f"mark {svg.series_class(index)}")
    return svg.markup(root)


def interval_bar(estimate: Estimate, axis: Axis, width: float = 96) -> Markup:
    """A value as a tick on its interval, on an axis shared by the column; 0 is a thin line."""
    height, pad = 14.0, 5.0
    text = f"{number(estimate.value)} in [{number(estimate.low)}, {number(estimate.high)}]"
    root = svg.drawing(width, height, text, "interval")

    def at(value: float) -> float:
        return pad + (width - 2 * pad) * axis.share(value)

    svg.add(root, "line", "grid", x1=pad, x2=width - pad, y1=7, y2=7)
    if axis.holds(0.0):
        svg.add(root, "line", "zero", x1=at(0), x2=at(0), y1=1, y2=13)
    if np.isfinite(estimate.low) and np.isfinite(estimate.high):
        left, right = at(estimate.low), at(estimate.high)
        svg.add(root, "rect", "interval-range", x=left, y=3, width=max(right - left, 1), height=8)
    if np.isfinite(estimate.value):
        svg.add(
            root, "rect", "interval-value", x=at(estimate.value) - 1.25, y=1, width=2.5, height=12
        )
    return svg.markup(root)


def curves(
    lines: Sequence[Curve],
    x: Axis,
    y: Axis,
    description: str,
    *,
    verticals: Sequence[tuple[float | None, str]] = (),
    size: tuple[float, float] = (400, 290),
) -> Markup:
    """Lines over alpha, each named beside the line, with named vertical marks.

    Args:
        lines: the curves; gaps stay gaps, a lone point is drawn as a mark.
        x: axis of alpha.
        y: axis of the values.
        description: the text for screen readers.
        verticals: (alpha, name) to mark; None, NaN and values outside the axis are left out.
        size: width and height in drawing units.
    """
    plane = Plane(*size, x, y)
    root = svg.drawing(*size, description)
    svg.axes(root, plane)
    obstacles: list[Box] = []
    targets: list[tuple[float, float, str]] = []
    left, top, right, bottom = plane.frame
    for value, name in verticals:
        if value is not None and np.isfinite(value) and x.holds(value):
            at, _ = plane.at(value, y.low)
            svg.add(root, "line", "vertical", x1=at, x2=at, y1=top, y2=bottom)
            obstacles.append(Box(at - 1, top, at + 1, bottom))
            targets.append((at, bottom - 14, name))
    drawn = [draw_curve(root, plane, line) for line in lines]
    for index, (line, points) in enumerate(zip(lines, drawn, strict=True)):
        obstacles.extend(line_boxes(points))
        if len(points):
            others = [other for other in drawn[:index] + drawn[index + 1 :] if len(other)]
            at, height = points[_most_apart(points, others)]
            targets.append((float(at), float(height), line.name))
    frame = Box(left + 2, top + 2, right, bottom - 2)
    svg.label_texts(root, place_labels(targets, frame, obstacles))
    return svg.markup(root)


def _most_apart(points: NDArray[np.float64], others: Sequence[NDArray[np.float64]]) -> int:
    """The point of a line at which its name can least be taken for another line's."""
    if not others:
        return len(points) // 2
    gaps = [np.abs(np.interp(points[:, 0], *other.T) - points[:, 1]) for other in others]
    return int(np.argmax(np.min(gaps, axis=0)))


def draw_curve(root: svg.Element, plane: Plane, line: Curve) -> NDArray[np.float64]:
    """Draws a line with a dot for every measured point; returns the points, (N, 2)."""
    drawn: list[tuple[float, float]] = []
    style = svg.series_class(line.index)
    for xs, ys in finite_runs(line.x, line.y):
        points = [plane.at(float(a), float(b)) for a, b in zip(xs, ys, strict=True)]
        if len(points) > 1:
            svg.path(root, points, f"curve {style}")
        for alpha, value, point in zip(xs, ys, points, strict=True):
            title = f"{line.name}: {value:.4g} at {alpha:.3g}"
            svg.marker(root, *point, line.index, 2.3, f"dot {style}", title)
        drawn += points
    return np.array(drawn, dtype=np.float64).reshape(-1, 2)


def line_boxes(points: NDArray[np.float64], half: float = 2.5) -> list[Box]:
    """Small boxes along a line, a few units apart: what its labels must not cover."""
    boxes = []
    for start, end in pairwise(points):
        steps = int(np.hypot(*(end - start)) // 6) + 1
        for share in np.linspace(0, 1, steps + 1):
            x, y = start + share * (end - start)
            boxes.append(Box(x - half, y - half, x + half, y + half))
    return boxes


def histogram(
    alphas: ArrayLike,
    on_edge: ArrayLike,
    x: Axis,
    description: str,
    *,
    chosen: float | None = None,
    bins: int = 11,
    size: tuple[float, float] = (400, 270),
) -> Markup:
    """How often each alpha is best; pairs on the edge of the grid stand out.

    Args:
        alphas: (N,) the best alpha per pair; NaN is left out.
        on_edge: (N,) whether that alpha is the first or last of the grid.
        x: axis of alpha, from the first to the last alpha of the grid; bins are centred on its
            ends and evenly spaced between.
        description: the text for screen readers.
        chosen: an alpha to mark.
        bins: how many.
        size: width and height in drawing units.
    """
    values = np.asarray(alphas, dtype=np.float64)
    edge = np.asarray(on_edge, dtype=bool)[np.isfinite(values)]
    values = values[np.isfinite(values)]
    step = (x.high - x.low) / (bins - 1)
    borders = x.low + step * (np.arange(bins + 1) - 0.5)
    counts = np.histogram(values, borders)[0]
    edge_counts = np.histogram(values[edge], borders)[0]
    # Half a bin of room on both sides, so that the bars at the ends are whole.
    wide = Axis(float(borders[0]), float(borders[-1]), x.ticks, x.label, x.note)
    most = max(int(counts.max(initial=0)), 1)
    tall = Axis.spanning([0, most], "Pairs", "number per bin", about=4)
    tall = Axis(0.0, tall.high, tuple(t for t in tall.ticks if t == int(t)), tall.label, tall.note)
    plane = Plane(*size, wide, tall)
    root = svg.drawing(*size, description)
    svg.axes(root, plane)
    _, top, _, bottom = plane.frame
    for index, (count, edges) in enumerate(zip(counts, edge_counts, strict=True)):
        left, y = plane.at(borders[index], float(count))
        right, y_edge = plane.at(borders[index + 1], float(edges))
        width = right - left - 2
        inner = svg.add(root, "rect", "bar", x=left + 1, y=y, width=width, height=y_edge - y)
        outer = svg.add(
            root, "rect", "bar-edge", x=left + 1, y=y_edge, width=width, height=bottom - y_edge
        )
        for bar in (inner, outer):
            svg.add(bar, "title", text=f"{count} pairs, {edges} of them on the edge of the grid")
    if chosen is not None and np.isfinite(chosen) and wide.holds(chosen):
        at, _ = plane.at(chosen, 0.0)
        svg.add(root, "line", "vertical", x1=at, x2=at, y1=top, y2=bottom)
        boxes = [
            Box(
                *plane.at(float(borders[i]), float(n)),
                plane.at(float(borders[i + 1]), 0)[0],
                bottom,
            )
            for i, n in enumerate(counts)
        ]
        frame = Box(plane.left + 2, top - 16, size[0] - plane.right, bottom)
        name = f"dev alpha* {number(chosen)}"
        svg.label_texts(root, place_labels([(at, top - 2, name)], frame, boxes))
    return svg.markup(root)
