"""Which methods nobody beats in everything at once, and how much of the plane a curve covers.

Fonseca and Fleming, "On the performance assessment and comparison of stochastic multiobjective
optimizers", PPSN IV, 1996, doi:10.1007/3-540-61723-X_1022; Zitzler and Thiele, "Multiobjective
evolutionary algorithms: a comparative case study and the strength Pareto approach", IEEE
Transactions on Evolutionary Computation 3(4), 1999, doi:10.1109/4235.797969 (hypervolume).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["front_frequency", "hypervolume", "non_dominated"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Comparisons in work at once.
CHUNK = 2**24


def non_dominated(points: Floats) -> Flags:
    """Points that no other point equals or beats in every objective and beats in one.

    Args:
        points: (k, d), higher is better; a point with an undefined coordinate is never on the
            front and beats nobody.

    Returns:
        (k,). Equal points are all on the front or all not.
    """
    return np.asarray(_fronts(points[None])[0])


def front_frequency(points: Floats, owners: Sequence[int] | None = None) -> Floats:
    """Share of resamples in which a method is on the front.

    Args:
        points: (B, n, d) on the same draws, higher is better.
        owners: the method of each point, 0 to k - 1, where a method has several (one for each
            alpha): it is on the front with any of them. By default each point is a method.

    Returns:
        (k,), each 0 to 1.
    """
    step = max(1, CHUNK // max(1, points.shape[1] ** 2))
    on_front = np.concatenate(
        [_fronts(points[start : start + step]) for start in range(0, len(points), step)]
    )
    if owners is not None:
        owner = np.asarray(owners)
        on_front = np.column_stack(
            [on_front[:, owner == method].any(axis=1) for method in range(owner.max() + 1)]
        )
    return np.asarray(on_front.mean(axis=0))


def hypervolume(
    points: Floats,
    *,
    reference: tuple[float, float] = (0.0, 0.0),
    ideal: tuple[float, float] = (1.0, 1.0),
) -> Floats:
    """Area that the points cover, as a share of the box between reference and ideal.

    A point covers the rectangle between the reference and itself. The sweep is exact: from the
    largest first coordinate down, each strip is as high as the highest point so far. For a method
    over alpha the points are (E, R), the reference is to do nothing for the expression and to
    become the source, and the ideal is the source's change on the target's own face.

    Args:
        points: (..., n, 2), higher is better; clipped to the box, undefined ones cover nothing.
        reference: the worst corner.
        ideal: the best corner.

    Returns:
        (...), each 0 to 1.
    """
    low, high = np.asarray(reference), np.asarray(ideal)
    defined = np.isfinite(points).all(axis=-1, keepdims=True)
    shares = np.clip((np.where(defined, points, low) - low) / (high - low), 0.0, 1.0)
    order = np.argsort(-shares[..., 0], axis=-1)
    width = np.take_along_axis(shares[..., 0], order, axis=-1)
    height = np.maximum.accumulate(np.take_along_axis(shares[..., 1], order, axis=-1), axis=-1)
    strips = -np.diff(width, axis=-1, append=0.0)
    return np.asarray((strips * height).sum(axis=-1))


def _fronts(points: Floats) -> Flags:
    """(B, n): for each resample the points on its front."""
    at_least = np.ones((*points.shape[:2], points.shape[1]), dtype=bool)
    better = np.zeros_like(at_least)
    for objective in np.moveaxis(points, -1, 0):
        at_least &= objective[:, :, None] >= objective[:, None, :]
        better |= objective[:, :, None] > objective[:, None, :]
    dominated = (at_least & better).any(axis=1)
    return np.asarray(~dominated & np.isfinite(points).all(axis=-1))
