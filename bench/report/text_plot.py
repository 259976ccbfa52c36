"""A curve drawn with characters."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bench.report.plane import finite_runs
from bench.report.wording import number

__all__ = ["text_plot"]

MEASURED, BETWEEN, CHOSEN = "*", ".", "O"


def text_plot(
    x: ArrayLike, y: ArrayLike, chosen: float | None, *, width: int = 76, height: int = 9
) -> list[str]:
    """Lines of plain ASCII: ``*`` measured, ``.`` between, ``O`` the chosen x; gaps stay empty.

    Args:
        x: (N,) ascending.
        y: (N,); values that are not finite are left out.
        chosen: the x to mark, if it was measured.
        width: of the longest line, the labels of the axis included; 32 at least.
        height: rows of the drawing itself.

    Returns:
        ``height`` + 2 lines, or one line saying that there is nothing to draw.
    """
    runs = finite_runs(x, y)
    if not runs:
        return ["(no finite value to draw)"]
    xs, ys = (np.concatenate(parts) for parts in zip(*runs, strict=True))
    (left, right), (low, high) = (xs.min(), xs.max()), (ys.min(), ys.max())
    labels = [f"{low:.4g}", f"{high:.4g}"]
    margin = max(map(len, labels))
    columns = max(width, 32) - margin - 2

    def column(value: float) -> int:
        return round((value - left) / (right - left) * (columns - 1)) if right > left else 0

    def line(value: float) -> int:
        return round((high - value) / (high - low) * (height - 1)) if high > low else height // 2

    grid = [[" "] * columns for _ in range(height)]
    for run_x, run_y in runs:
        for at in range(column(float(run_x[0])), column(float(run_x[-1])) + 1):
            between = left + (right - left) * at / max(columns - 1, 1)
            grid[line(float(np.interp(between, run_x, run_y)))][at] = BETWEEN
    for a, b in zip(xs, ys, strict=True):
        grid[line(float(b))][column(float(a))] = MEASURED
    if chosen is not None and np.isfinite(chosen):
        for a, b in zip(xs, ys, strict=True):
            if np.isclose(a, chosen):
                grid[line(float(b))][column(float(a))] = CHOSEN
    names = {0: labels[1], height - 1: labels[0]} if high > low else {height // 2: labels[0]}
    rows = [
        f"{names.get(index, ''):>{margin}} |{''.join(cells)}".rstrip()
        for index, cells in enumerate(grid)
    ]
    ends = [number(float(left)), number(float(right))] if right > left else [number(float(left))]
    middle = "alpha".center(columns - sum(map(len, ends))) if len(ends) > 1 else " alpha"
    axis = ends[0] + middle + (ends[1] if len(ends) > 1 else "")
    return [*rows, f"{'':>{margin}} +{'-' * columns}", f"{'':>{margin}}  {axis}".rstrip()]
