"""The main chart: what a method pays in identity for what it gains in expression."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from bench.report.charts import svg
from bench.report.charts.figures import line_boxes
from bench.report.charts.labels import Box, place_labels, shorten
from bench.report.charts.plane import Axis, Plane
from bench.report.sections.trade_off import MethodTradeOff, TradeOff, TradeOffPoint, trade_off_of
from bench.report.wording import number, printable

if TYPE_CHECKING:
    from bench.report.contents import ReportMethod

__all__ = ["draw_trade_off", "series_indices", "trade_off"]

# Scores far outside 0..1 would squeeze everything else: curves leave the frame, marks sit on it.
_LIMITS = (-0.6, 1.25)
_HALF = 7.0
_MOST_LABELS: Final = {"narrow": 8, "wide": 26}

Point = tuple[float, float]


def series_indices(methods: Sequence[ReportMethod]) -> list[int | None]:
    """The series number of each method, None for anchors, which share one look."""
    indices: list[int | None] = []
    contestants = 0
    for method in methods:
        indices.append(None if method.row.is_anchor else contestants)
        contestants += not method.row.is_anchor
    return indices


def trade_off(methods: Sequence[ReportMethod], size: tuple[float, float]) -> Markup:
    """The chart of methods in the order of the board; see :func:`draw_trade_off`."""
    return draw_trade_off(trade_off_of(methods) or TradeOff("test", (), None), size)


def draw_trade_off(content: TradeOff, size: tuple[float, float]) -> Markup:
    """Expression skill over identity retention: a curve over alpha per method, anchors as points.

    The open mark is the first alpha of the grid, the filled one the alpha of the board, with the
    intervals of both scores as whiskers. A broad line is the Pareto front over all methods and
    alphas. Non-finite values are left out. What belongs to a method is in groups with its place
    as ``data-method``, and marks of single points have ``data-point``, place and number of the
    point: for the script of the page.

    Args:
        content: the methods.
        size: width and height in drawing units.
    """
    plane = _plane(content.methods, size)
    root = svg.drawing(
        *size, "Expression skill over identity retention, a curve over alpha for each method"
    )
    svg.axes(root, plane)
    (x_one, y_one), (left, top, right, bottom) = plane.at(1.0, 1.0), plane.frame
    svg.add(root, "line", "one", x1=x_one, x2=x_one, y1=top, y2=bottom)
    svg.add(root, "line", "one", x1=left, x2=right, y1=y_one, y2=y_one)
    _draw_front(root, plane, content)
    groups = [_group(root, place) for place in range(len(content.methods))]
    obstacles: list[Box] = []
    for place, (method, group) in enumerate(zip(content.methods, groups, strict=True)):
        if method.has_curve and method.index is not None:
            obstacles += _draw_curve(group, plane, method, method.index, place)
        if method.index is not None:
            _whiskers(group, plane, method, method.index)
    marks = [
        (place, method)
        for place, method in enumerate(content.methods)
        if np.isfinite([method.retention.value, method.skill.value]).all()
    ]
    targets = []
    for place, method in marks:
        across, up = method.retention.value, method.skill.value
        x, y = plane.at(across, up)
        name = printable(method.label)
        title = f"{name}: R {number(across)}, E {number(up)}"
        if method.index is None:
            svg.marker(groups[place], x, y, 3, 5.5, "anchor-mark", title)
        else:
            style = f"mark {svg.series_class(method.index)}"
            svg.marker(groups[place], x, y, method.index, 5.5, style, title)
        _name_point(groups[place], place, _chosen_place(method))
        obstacles.append(Box(x - _HALF, y - _HALF, x + _HALF, y + _HALF))
        inside = plane.x.holds(across) and plane.y.holds(up)
        beyond = "" if inside else f" (R {number(across)}, E {number(up)})"
        targets.append((x, y, shorten(name) + beyond))
    # Where many methods are, the legend names those that are not among the best.
    most = _MOST_LABELS["narrow" if size[0] < 500 else "wide"]
    named = _named(marks, most)
    frame = Box(left + 2, top + 2, right - 2, bottom - 2)
    labels = place_labels([targets[which] for which in named], frame, obstacles)
    for which, label in zip(named, labels, strict=True):
        svg.label_texts(_group(root, marks[which][0]), [label])
    return svg.markup(root)


def _named(marks: Sequence[tuple[int, MethodTradeOff]], most: int) -> list[int]:
    """Which marks get a label: anchors, which lie at their corners, and the first methods."""
    anchors = [place for place, (_, method) in enumerate(marks) if method.index is None]
    others = [place for place, (_, method) in enumerate(marks) if method.index is not None]
    return sorted([*anchors, *others[: max(0, most - len(anchors))]])


def _group(root: svg.Element, place: int) -> svg.Element:
    group = svg.add(root, "g", "of-method")
    group.set("data-method", str(place))
    return group


def _name_point(group: svg.Element, place: int, which: int) -> None:
    """Marks the last element of a group as one of the method's points."""
    group[-1].set("data-point", f"{place} {which}")


def _chosen_place(method: MethodTradeOff) -> int:
    """Number of the point of the board; one after the last where it is on no curve."""
    chosen = [place for place, point in enumerate(method.points) if point.is_chosen]
    return chosen[0] if chosen else len(method.points)


def _draw_front(root: svg.Element, plane: Plane, content: TradeOff) -> None:
    """The border of what some method attains, as steps; it says nothing beyond its ends."""
    corners: list[Point] = []
    for _, point in content.front:
        if corners:
            # What is attained with more R is attained with less, until the next point.
            corners.append((point.retention, corners[-1][1]))
        corners.append((point.retention, point.skill))
    for piece in _inside(plane, corners):
        line = svg.path(root, [plane.at(*corner) for corner in piece], "front")
        # As attributes, since a chart that stands alone has only the style sheet of all charts.
        for name, value in {
            "fill": "none",
            "stroke": "currentColor",
            "stroke-width": "7",
            "stroke-opacity": "0.22",
            "stroke-linejoin": "round",
            "stroke-linecap": "round",
        }.items():
            line.set(name, value)


def _draw_curve(
    group: svg.Element, plane: Plane, method: MethodTradeOff, index: int, place: int
) -> list[Box]:
    """Draws line and points; returns boxes that labels should not cover."""
    style = svg.series_class(index)
    obstacles: list[Box] = []
    for run in _finite(method.points):
        data = [(point.retention, point.skill) for _, point in run]
        for piece in _inside(plane, data):
            drawn = [plane.at(*corner) for corner in piece]
            svg.path(group, drawn, f"curve {style}")
            obstacles += line_boxes(np.array(drawn, dtype=np.float64))
        for which, point in run:
            if not (plane.x.holds(point.retention) and plane.y.holds(point.skill)):
                continue
            x, y = plane.at(point.retention, point.skill)
            if which == 0:
                svg.marker(group, x, y, index, 4.5, f"mark open {style}")
                obstacles.append(Box(x - _HALF, y - _HALF, x + _HALF, y + _HALF))
            else:
                svg.marker(group, x, y, index, 2.3, f"dot {style}")
            _name_point(group, place, which)
    return obstacles


def _finite(points: Sequence[TradeOffPoint]) -> Iterator[list[tuple[int, TradeOffPoint]]]:
    """The stretches between gaps, each point with its number."""
    run: list[tuple[int, TradeOffPoint]] = []
    for which, point in enumerate(points):
        if np.isfinite([point.retention, point.skill]).all():
            run.append((which, point))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _inside(plane: Plane, line: Sequence[Point]) -> Iterator[list[Point]]:
    """The pieces of a line that lie inside the frame, in data coordinates."""
    piece: list[Point] = []
    for start, end in pairwise(line):
        clipped = _clip(plane, start, end)
        if clipped is None:
            continue
        if piece and piece[-1] != clipped[0]:
            yield piece
            piece = []
        piece = piece or [clipped[0]]
        piece.append(clipped[1])
    if len(piece) > 1:
        yield piece


def _clip(plane: Plane, start: Point, end: Point) -> tuple[Point, Point] | None:
    """The part of a straight line inside the frame (Liang and Barsky 1984), None if none is."""
    enters, leaves = 0.0, 1.0
    for axis, a, b in zip((plane.x, plane.y), start, end, strict=True):
        step = b - a
        if step == 0:
            if not axis.holds(a):
                return None
            continue
        near, far = sorted(((axis.low - a) / step, (axis.high - a) / step))
        enters, leaves = max(enters, near), min(leaves, far)
    if enters >= leaves:
        return None

    def at(share: float) -> Point:
        # The ends themselves stay exact, so that neighbouring pieces join.
        if share == 0:
            return start
        if share == 1:
            return end
        (x, y), (u, v) = start, end
        return x + share * (u - x), y + share * (v - y)

    return at(enters), at(leaves)


def _plane(methods: Sequence[MethodTradeOff], size: tuple[float, float]) -> Plane:
    points = [(m.retention.value, m.skill.value) for m in methods]
    points += [(p.retention, p.skill) for m in methods if m.has_curve for p in m.points]
    about = 5 if size[0] < 500 else 8
    x = Axis.spanning(
        [0.0, 1.0, *(x for x, _ in points)],
        "Identity retention R",
        "0: the source · 1: the target's own neutral face",
        limits=_LIMITS,
        about=about,
        margin=0.04,
    )
    y = Axis.spanning(
        [0.0, 1.0, *(y for _, y in points)],
        "Expression skill E",
        "0: doing nothing · 1: the source's change exactly",
        limits=_LIMITS,
        about=8,
        margin=0.04,
    )
    return Plane(*size, x, y)


def _whiskers(group: svg.Element, plane: Plane, method: MethodTradeOff, index: int) -> None:
    across, up = method.retention, method.skill
    if not (np.isfinite(across.value) and np.isfinite(up.value)):
        return
    style = f"whisker {svg.series_class(index)}"
    if np.isfinite(across.low) and np.isfinite(across.high):
        x1, y = plane.at(across.low, up.value)
        x2, _ = plane.at(across.high, up.value)
        svg.add(group, "line", style, x1=x1, x2=x2, y1=y, y2=y)
    if np.isfinite(up.low) and np.isfinite(up.high):
        x, y1 = plane.at(across.value, up.low)
        _, y2 = plane.at(across.value, up.high)
        svg.add(group, "line", style, x1=x, x2=x, y1=y1, y2=y2)
