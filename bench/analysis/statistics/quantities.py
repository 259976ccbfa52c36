"""Scores by name, as functions of sums over pairs."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.analysis.scores import Scores, scores_of_sums

__all__ = ["QUANTITIES", "quantity_of_sums"]

Floats = NDArray[np.float64]

QUANTITIES: Final = (*(field.name for field in fields(Scores)), "au_mse")
"""The fields of ``Scores``, higher is better; and the mean AU squared error, lower is better."""

# Columns of ``summands``.
AU_ERROR, COUNT = 2, 7


def quantity_of_sums(sums: Floats, *, name: str, niqe_real: float) -> Floats:
    """One quantity of sums of ``summands``, shape (..., 8) to (...); NaN where undefined.

    Raises:
        ValueError: there is no such quantity.
    """
    if name not in QUANTITIES:
        raise ValueError(f"there is no score {name}: choose from {', '.join(QUANTITIES)}")
    if name == "au_mse":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(sums[..., AU_ERROR] / sums[..., COUNT])
    return np.asarray(getattr(scores_of_sums(sums, niqe_real), name))
