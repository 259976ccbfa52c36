"""Average ranks over people, with Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["AverageRanks", "average_ranks", "critical_difference"]

Floats = NDArray[np.float64]

# Scores that agree to this many decimals share a rank, as on the board.
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class AverageRanks:
    """Ranks of k methods averaged over N people; 1 is best, ties share their mean rank.

    Attributes:
        ranks: average rank of each method.
        friedman: Friedman's chi-square with k - 1 degrees of freedom, corrected for ties.
        p_value: of all methods being alike; NaN with fewer than two methods or people.
        critical_difference: average ranks further apart than this differ significantly.
        people: N.
        left_out: people for whom a method has no defined score.
    """

    ranks: dict[str, float]
    friedman: float
    p_value: float
    critical_difference: float
    people: int
    left_out: int


def average_ranks(scores: pd.DataFrame, *, level: float = 0.95) -> AverageRanks:
    """Ranks methods within each person and averages over people.

    Friedman, "The use of ranks to avoid the assumption of normality implicit in the analysis of
    variance", JASA 32(200), 1937, doi:10.1080/01621459.1937.10503522; Demsar, "Statistical
    comparisons of classifiers over multiple data sets", JMLR 7, 2006. The people are the blocks,
    never the pairs, which are not independent. Both results depend on which other methods are
    there, so they describe a board and do not decide ties on it.

    Args:
        scores: people x methods, higher is better, see ``score_matrix``.
        level: of the critical difference.
    """
    from scipy.special import chdtrc
    from scipy.stats import rankdata

    values = scores.to_numpy(dtype=np.float64)
    defined = np.isfinite(values).all(axis=1)
    blocks = np.round(values[defined], DECIMALS)
    people, count = blocks.shape
    names = [str(name) for name in scores.columns]
    left_out = int((~defined).sum())
    if not people:
        return AverageRanks(dict.fromkeys(names, np.nan), np.nan, np.nan, np.nan, 0, left_out)
    ranks = rankdata(-blocks, axis=1)
    means = ranks.mean(axis=0)
    # The variance of the ranks within people: k (k + 1) / 12 unless there are ties.
    spread = ranks.var(axis=1, ddof=1).mean() if count > 1 else 0.0
    between = people * ((means - (count + 1) / 2) ** 2).sum()
    friedman = float(between / spread) if spread else 0.0
    return AverageRanks(
        ranks=dict(zip(names, map(float, means), strict=True)),
        friedman=friedman,
        p_value=float(chdtrc(count - 1, friedman)) if count > 1 and people > 1 else np.nan,
        critical_difference=critical_difference(count, people, level=level),
        people=people,
        left_out=left_out,
    )


def critical_difference(methods: int, people: int, *, level: float = 0.95) -> float:
    """Nemenyi's critical difference q sqrt(k (k + 1) / (6 N)) of average ranks.

    Nemenyi, "Distribution-free multiple comparisons", PhD thesis, Princeton, 1963; q is the
    quantile of the studentized range over sqrt(2) (Demsar 2006, table 5). NaN with one method.
    """
    from scipy.stats import studentized_range

    if methods < 2 or people < 1:
        return float("nan")
    quantile = studentized_range.isf(1 - level, methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(methods * (methods + 1) / (6 * people)))
