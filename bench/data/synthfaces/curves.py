"""Smooth curves through few points, and strokes of varying width as polygons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Points", "ellipse", "mirrored", "smooth", "stroke_outline"]

Points = NDArray[np.float64]
"""(N, 2) x and y."""

STEPS = 10
"""Points drawn between two control points."""


def smooth(points: ArrayLike, *, closed: bool = False) -> Points:
    """A curve through all points (centripetal parameters are not needed at these turns).

    Catmull and Rom, "A class of local interpolating splines", 1974.

    Args:
        points: (N, 2) control points, at least 2.
        closed: whether the last point is joined to the first.

    Returns:
        (M, 2) points along the curve.
    """
    p = np.asarray(points, dtype=np.float64)
    if closed:
        before, after, after_next = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    else:
        # The curve enters and leaves along the line to its neighbour.
        first, last = 2 * p[:1] - p[1:2], 2 * p[-1:] - p[-2:-1]
        padded = np.concatenate([first, p, last])
        before, after, after_next = padded[:-3], padded[2:-1], padded[3:]
        p = padded[1:-2]
    t = (np.arange(STEPS) / STEPS)[None, :, None]
    a, b, c, d = (q[:, None, :] for q in (before, p, after, after_next))
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, after[-1:]])


def mirrored(half: ArrayLike) -> Points:
    """A closed outline from its right half, listed from top to bottom along x >= 0."""
    right = np.asarray(half, dtype=np.float64)
    left = right[::-1] * [-1.0, 1.0]
    inner = left[left[:, 0] != 0.0]
    return np.concatenate([right, inner])


def ellipse(centre: ArrayLike, radii: ArrayLike, count: int = 28) -> Points:
    """A closed polygon of an axis-parallel ellipse."""
    angle = np.arange(count) * (2 * np.pi / count)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    outline: Points = np.asarray(centre) + circle * np.asarray(radii)
    return outline


def stroke_outline(line: Points, widths: ArrayLike) -> Points:
    """The closed outline of a stroke along a line.

    Args:
        line: (N, 2) points.
        widths: the stroke's width at control points spread evenly along the line.
    """
    steps = np.gradient(line, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    lengths[lengths == 0] = 1.0
    normals = np.stack([-steps[:, 1], steps[:, 0]], axis=1) / lengths[:, None]
    w = np.asarray(widths, dtype=np.float64)
    along = np.linspace(0.0, 1.0, len(line))
    half = np.interp(along, np.linspace(0.0, 1.0, len(w)), w)[:, None] / 2
    return np.concatenate([line + normals * half, (line - normals * half)[::-1]])
