"""Curves drawn with characters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.report.charts.plane import finite_runs
from bench.report.wording import number

__all__ = ["text_plot"]

BETWEEN, CHOSEN, INTERVAL = ".", "O", "="


def text_plot(
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    chosen: float | None,
    *,
    interval: tuple[float, float] | None = None,
    marks: Mapping[str, float | None] | None = None,
    width: int = 76,
    height: int = 9,
) -> list[str]:
    """Lines of plain ASCII: ``.`` between what was measured, ``O`` the chosen x; gaps stay empty.

    Args:
        x: (N,) ascending.
        curves: (N,) each, by the character of its measured points; values that are not finite are
            left out.
        chosen: the x to mark on every curve, if it was measured.
        interval: part of the axis to draw as ``=``.
        marks: x to mark on the axis, by character; None for none.
        width: of the longest line, the labels of the axis included; 32 at least.
        height: rows of the drawing itself.

    Returns:
        ``height`` + 2 lines, or one line saying that there is nothing to draw.
    """
    drawn = {mark: runs for mark, y in curves.items() if (runs := finite_runs(x, y))}
    if not drawn:
        return ["(no finite value to draw)"]
    points = {
        mark: tuple(np.concatenate(parts) for parts in zip(*runs, strict=True))
        for mark, runs in drawn.items()
    }
    (left, right), (low, high) = (
        _ends([found[axis] for found in points.values()]) for axis in (0, 1)
    )
    # What rounding leaves of a zero is no label.
    least = 1e-9 * max(abs(low), abs(high))
    labels = ["0" if abs(value) < least else f"{value:.4g}" for value in (low, high)]
    margin = max(map(len, labels))
    columns = max(width, 32) - margin - 2

    def column(value: float) -> int:
        return round((value - left) / (right - left) * (columns - 1)) if right > left else 0

    def line(value: float) -> int:
        return round((high - value) / (high - low) * (height - 1)) if high > low else height // 2

    grid = [[" "] * columns for _ in range(height)]
    for run_x, run_y in (run for runs in drawn.values() for run in runs):
        for at in range(column(float(run_x[0])), column(float(run_x[-1])) + 1):
            between = left + (right - left) * at / max(columns - 1, 1)
            grid[line(float(np.interp(between, run_x, run_y)))][at] = BETWEEN
    for mark, (xs, ys) in points.items():
        for a, b in zip(xs, ys, strict=True):
            is_chosen = chosen is not None and np.isclose(a, chosen)
            grid[line(float(b))][column(float(a))] = CHOSEN if is_chosen else mark
    names = {0: labels[1], height - 1: labels[0]} if high > low else {height // 2: labels[0]}
    rows = [
        f"{names.get(index, ''):>{margin}} |{''.join(cells)}".rstrip()
        for index, cells in enumerate(grid)
    ]
    axis = ["-"] * columns
    if interval is not None and np.isfinite(interval).all():
        begin, end = (column(float(np.clip(value, left, right))) for value in interval)
        axis[begin : end + 1] = [INTERVAL] * (end + 1 - begin)
    for mark, value in (marks or {}).items():
        if value is not None and left <= value <= right:
            axis[column(value)] = mark
    ends = [number(left), number(right)] if right > left else [number(left)]
    middle = "alpha".center(columns - sum(map(len, ends))) if len(ends) > 1 else " alpha"
    below = ends[0] + middle + (ends[1] if len(ends) > 1 else "")
    return [*rows, f"{'':>{margin}} +{''.join(axis)}", f"{'':>{margin}}  {below}".rstrip()]


def _ends(values: list[NDArray[np.float64]]) -> tuple[float, float]:
    together = np.concatenate(values)
    return float(together.min()), float(together.max())
