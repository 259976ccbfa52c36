"""The charts of a method over the transfer intensity alpha."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from bench.report.charts import svg
from bench.report.charts.figures import Curve, curves, draw_curve, histogram, line_boxes
from bench.report.charts.labels import Box, place_labels
from bench.report.charts.plane import Axis, Plane, finite_runs, round_ticks
from bench.report.wording import crossover_text, number

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis.alpha import AlphaSearch

__all__ = [
    "alpha_axis",
    "distance_chart",
    "error_chart",
    "identity_chart",
    "oracle_chart",
]

_TO_TARGET, _TO_SOURCE = "to the target", "to the source"

ALPHA_NOTE: Final = "transfer intensity; 0: the target's mean face"

Size = tuple[float, float]
SIZE: Final[Size] = (400, 290)
"""Width and height in drawing units of a chart on the page."""


def _column(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return np.asarray(frame[name].to_numpy(), dtype=np.float64)


def alpha_axis(frames: Sequence[pd.DataFrame]) -> Axis:
    """The axis that holds the alphas of all curves."""
    return Axis.spanning(
        np.concatenate([_column(frame, "alpha") for frame in frames]),
        "alpha",
        ALPHA_NOTE,
    )


def error_chart(
    name: str,
    frames: Sequence[tuple[str, pd.DataFrame]],
    x: Axis,
    search: AlphaSearch | None,
    alpha: float | None,
    size: Size = SIZE,
) -> Markup:
    """AU error over alpha, a line for each part.

    Args:
        name: of the method.
        frames: (name, curve) of each part.
        x: axis of alpha.
        search: whose dev alpha* is marked; None to mark ``alpha`` instead.
        alpha: that of the board.
        size: width and height in drawing units.
    """
    lines = [
        Curve(label, _column(frame, "alpha"), _column(frame, "au_mse"), index)
        for index, (label, frame) in enumerate(frames)
    ]
    errors = np.concatenate([np.asarray(line.y) for line in lines])
    y = Axis.spanning(
        [0.0, *errors], "AU error (MSE)", "mean over AUs, in squared units of the AU scale"
    )
    chosen = search.dev_alpha if search is not None else alpha
    mark = f"dev alpha* {number(chosen)}" if search is not None else f"alpha {number(chosen)}"
    described = f"AU error of {name} over alpha; {mark}"
    return curves(lines, x, y, described, verticals=[(chosen, mark)], size=size)


def identity_chart(
    name: str, frame: pd.DataFrame, x: Axis, search: AlphaSearch | None, size: Size = SIZE
) -> Markup:
    """Identity distances to target and source over alpha, with their crossover."""
    alphas = _column(frame, "alpha")
    lines = [
        Curve(_TO_TARGET, alphas, _column(frame, "id_dist_target"), 0),
        Curve(_TO_SOURCE, alphas, _column(frame, "id_dist_source"), 1),
    ]
    distances = np.concatenate([np.asarray(line.y) for line in lines])
    y = _distance_axis(distances)
    found = search.crossover.alpha if search is not None else None
    described = crossover_text(search.crossover) if search is not None else "not searched"
    return curves(
        lines,
        x,
        y,
        f"Identity distance of {name} to target and source over alpha; crossover: {described}",
        verticals=[(found, f"crossover {number(found)}")],
        size=size,
    )


def distance_chart(
    alphas: ArrayLike,
    bands: Sequence[tuple[str, ArrayLike, ArrayLike, ArrayLike]],
    crossover: float | None,
    description: str,
    size: Size = SIZE,
) -> Markup:
    """Identity distances over alpha with their intervals.

    Args:
        alphas: (N,) ascending.
        bands: of each line its name, its values and the lower and upper ends of their intervals,
            all (N,); an interval without ends is not drawn.
        crossover: the alpha to mark; None for none.
        description: the text for screen readers.
        size: width and height in drawing units.
    """
    lines = [Curve(name, alphas, values, place) for place, (name, values, _, _) in enumerate(bands)]
    ends = np.concatenate([np.ravel(np.asarray(each)) for _, *values in bands for each in values])
    x = Axis.spanning(np.asarray(alphas, dtype=np.float64), "alpha", ALPHA_NOTE)
    plane = Plane(*size, x, _distance_axis(ends))
    root = svg.drawing(*size, description)
    svg.axes(root, plane)
    for place, (_, _, low, high) in enumerate(bands):
        _band(root, plane, np.asarray(alphas, dtype=np.float64), low, high, place)
    left, top, right, bottom = plane.frame
    obstacles = [box for line in lines for box in line_boxes(draw_curve(root, plane, line))]
    if crossover is not None and x.holds(crossover):
        at, _ = plane.at(crossover, plane.y.low)
        svg.add(root, "line", "vertical", x1=at, x2=at, y1=top, y2=bottom)
        obstacles.append(Box(at - 1, top, at + 1, bottom))
        mark = (at, bottom - 14, f"crossover {number(crossover)}")
        frame = Box(left + 2, top + 2, right, bottom - 2)
        svg.label_texts(root, place_labels([mark], frame, obstacles))
    return svg.markup(root)


def _band(
    root: svg.Element,
    plane: Plane,
    alphas: NDArray[np.float64],
    low: ArrayLike,
    high: ArrayLike,
    index: int,
) -> None:
    """The area between two lines, in a light tone of the series."""
    ends = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    whole = np.isfinite(ends[0]) & np.isfinite(ends[1])
    there = [np.where(whole, end, np.nan) for end in ends]
    for (xs, lower), (_, upper) in zip(
        finite_runs(alphas, there[0]), finite_runs(alphas, there[1]), strict=True
    ):
        around = [*zip(xs, lower, strict=True), *zip(xs[::-1], upper[::-1], strict=True)]
        points = [plane.at(float(a), float(b)) for a, b in around]
        area = svg.path(root, points, f"dot {svg.series_class(index)}")
        area.set("fill-opacity", "0.2")


def _distance_axis(values: ArrayLike) -> Axis:
    ends = np.concatenate([[0.0], np.asarray(values, dtype=np.float64)])
    return Axis.spanning(ends, "Identity distance", "L2 between unit embeddings, 0 to 2")


def oracle_chart(name: str, search: AlphaSearch, size: Size = (400, 270)) -> Markup | None:
    """How often each alpha is best in hindsight; None where the grid has one alpha alone."""
    alphas = _column(search.oracle, "alpha_mse")
    grid = _column(search.curve, "alpha")
    grid = grid[np.isfinite(grid)]
    if not np.isfinite(alphas).any() or not grid.size or grid.min() == grid.max():
        return None
    low, high = float(grid.min()), float(grid.max())
    x = Axis(low, high, round_ticks(low, high), "oracle alpha*", "per pair, sees the answer")
    edges = np.asarray(search.oracle["on_edge"].to_numpy(), dtype=bool)
    described = f"Distribution of the oracle alpha of {name}"
    return histogram(alphas, edges, x, described, chosen=search.dev_alpha, size=size)
