"""How far two rankings of the same methods agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["kendall_tau_b"]

Floats = NDArray[np.float64]


def kendall_tau_b(first: Floats, second: Floats, *, decimals: int) -> Floats:
    """Kendall's tau-b of two lists of scores; of many such pairs at once.

    Of all pairs of methods, those in the same order minus those in reverse order, divided by the
    geometric mean of the numbers of pairs that either list does not tie. Kendall, "The treatment
    of ties in ranking problems", Biometrika 33(3), 1945, doi:10.2307/2332303.

    Args:
        first, second: (..., k) scores of k methods, higher is better; NaN is worse than any number.
        decimals: scores that agree to this many decimals are tied.

    Returns:
        (...) from -1, the reverse order, to 1, the same; NaN where a list ties all methods or
        there are fewer than two.
    """
    orders = [_orders(scores, decimals) for scores in (first, second)]
    untied = [np.square(order).sum(axis=-1) for order in orders]
    with np.errstate(invalid="ignore"):
        return np.asarray((orders[0] * orders[1]).sum(axis=-1) / np.sqrt(untied[0] * untied[1]))


def _orders(scores: Floats, decimals: int) -> Floats:
    """(..., k (k - 1) / 2) for each pair 1, 0 or -1: whether the earlier is better."""
    rounded = np.where(np.isnan(scores), -np.inf, np.round(scores, decimals))
    earlier, later = np.triu_indices(scores.shape[-1], k=1)
    left, right = rounded[..., earlier], rounded[..., later]
    return (left > right).astype(np.float64) - (left < right)
