"""Step-down correction for several comparisons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["holm", "holm_multiplicities"]

Floats = NDArray[np.float64]


def holm(p_values: Floats) -> Floats:
    """Adjusted p-values that control the probability of any false finding.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2), 1979.

    Args:
        p_values: any shape; NaN where there was nothing to test, which counts as no comparison.

    Returns:
        The same shape, at most 1, NaN where ``p_values`` is.
    """
    flat = np.asarray(p_values, dtype=np.float64).ravel()
    adjusted = np.full(flat.shape, np.nan)
    order = _ascending(flat)
    steps = flat[order] * holm_multiplicities(flat)[order]
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted.reshape(np.shape(p_values))


def holm_multiplicities(p_values: Floats) -> Floats:
    """What the step-down multiplies each p-value by: m for the least, 1 for the largest of m."""
    flat = np.asarray(p_values, dtype=np.float64).ravel()
    factors = np.full(flat.shape, np.nan)
    order = _ascending(flat)
    factors[order] = np.arange(order.size, 0, -1)
    return factors.reshape(np.shape(p_values))


def _ascending(flat: Floats) -> NDArray[np.intp]:
    defined = np.flatnonzero(~np.isnan(flat))
    return defined[np.argsort(flat[defined], kind="stable")]
