"""Whether what was made twice is the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels

__all__ = ["ROUNDING_LEVELS", "first_changed_value", "first_difference"]

ROUNDING_LEVELS: Final = 1
"""Of 255: networks round differently at another batch size, and so may the image."""


def first_difference(
    names: Sequence[str],
    first: Sequence[Pixels],
    second: Sequence[Pixels],
    tolerance: int = ROUNDING_LEVELS,
) -> str:
    """Says which image differs, and by how much; empty if none does.

    Args:
        names: of the images.
        first, second: images of one shape each.
        tolerance: levels of 255 that no pixel may differ by more than.
    """
    for name, one, other in zip(names, first, second, strict=True):
        most = int(np.abs(one.astype(np.int16) - other.astype(np.int16)).max())
        if most > tolerance:
            return f"{name} differs by up to {most} of 255"
    return ""


def first_changed_value(
    names: Sequence[str], first: NDArray[Any], second: NDArray[Any], most: float = 0.0
) -> str:
    """Says which row of numbers differs, and by how much; NaN equals NaN.

    Args:
        names: of the rows.
        first, second: (rows, columns).
        most: what no number may differ by more than.
    """
    if first.shape != second.shape:
        return f"the shape is {second.shape} and was {first.shape}"
    for name, one, other in zip(names, first, second, strict=True):
        if not np.array_equal(np.isnan(one), np.isnan(other)):
            return f"{name} is read here and not there"
        difference = np.abs(np.nan_to_num(one) - np.nan_to_num(other)).max(initial=0.0)
        if difference > most:
            return f"{name} differs by {difference:.3g}"
    return ""
