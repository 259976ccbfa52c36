"""How much of the plane of expression and identity a method covers over alpha, and how surely."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.bootstrap import Draws, resample_sums
from bench.analysis.scores import scores_of_sums, summands
from bench.analysis.statistics.grids import by_pair_and_alpha
from bench.analysis.statistics.pareto import hypervolume
from bench.analysis.statistics.resampled import Resampled

__all__ = ["hypervolume_over_alpha"]

Floats = NDArray[np.float64]

# Columns of ``summands`` that E and R are made of: what depends on alpha, and what does not.
VARYING, FIXED = (0, 4), (1, 5)
SUMMANDS = 8


def hypervolume_over_alpha(terms: pd.DataFrame, draws: Draws) -> Resampled:
    """Hypervolume of the points (E, R) of all alphas: a score that needs no choice of alpha.

    Args:
        terms: rows of ``sample_terms``, every cross pair at every alpha; a method without alpha
            has one point.
        draws: resamples of all people in the cross pairs of ``terms``.

    Returns:
        0 to 1, see ``hypervolume``; NaN where no point is defined.

    Raises:
        ValueError: a pair lacks an alpha or has one twice.
    """
    cross, alphas = by_pair_and_alpha(terms)
    people = cross.iloc[:: max(1, alphas.size)]
    parts = summands(cross).reshape(len(people), alphas.size, SUMMANDS)
    # What does not depend on alpha is summed once, which is half of the work.
    varying = parts[:, :, VARYING].reshape(len(people), 2 * alphas.size)
    fixed = parts[:, :1, FIXED].sum(axis=1)
    sums = resample_sums(people, draws, np.concatenate([varying, fixed], axis=1))

    def area(totals: Floats) -> Floats:
        points = _points(totals, alphas.size)
        defined = np.isfinite(points).all(axis=-1).any(axis=-1)
        return np.where(defined, hypervolume(points), np.nan)

    return sums.quantity(area)


def _points(totals: Floats, count: int) -> Floats:
    """(..., A, 2): E and R at each alpha, of sums of the columns above."""
    sums = np.full((*totals.shape[:-1], count, SUMMANDS), np.nan)
    sums[..., VARYING] = totals[..., :-2].reshape(*totals.shape[:-1], count, 2)
    sums[..., FIXED] = totals[..., None, -2:]
    scores = scores_of_sums(sums, np.nan)
    return np.stack([scores.expression_skill, scores.identity_retention], axis=-1)
