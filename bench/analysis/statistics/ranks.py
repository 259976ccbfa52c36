"""How far the order of methods can be trusted: resampled ranks, and groups of ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.analysis.statistics.comparisons import Comparison
from bench.analysis.statistics.resampled import EQUAL, LEVEL

__all__ = ["RankDistribution", "rank_distribution", "tie_groups"]

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class RankDistribution:
    """Ranks of k methods over resamples; 1 is best, ties share the smaller rank.

    Attributes:
        low, high: (k,) 95 % interval of the rank.
        best: (k,) probability of having the best score; methods that share it share it alike.
        in_front: (k, k) probability that the method of the row scores better than that of the
            column; a tie counts one half. The diagonal is one half.
    """

    low: Integers
    high: Integers
    best: Floats
    in_front: Floats


def rank_distribution(resampled: Floats) -> RankDistribution:
    """Ranks in every resample of people.

    Goldstein and Spiegelhalter, "League tables and their limitations", Journal of the Royal
    Statistical Society A 159(3), 1996, doi:10.2307/2983325. Where methods are equal in truth the
    bootstrap does not reproduce the distribution of their ranks (Hall and Miller, "Using the
    bootstrap to quantify the authority of an empirical ranking", Annals of Statistics 37(6B),
    2009, doi:10.1214/09-AOS699), so the intervals describe and do not test; ``tie_groups`` tests.

    Args:
        resampled: (B, k) scores on the same draws; NaN ranks behind every number.

    Raises:
        ValueError: there is no resample or no method.
    """
    if not resampled.size:
        raise ValueError("ranks need at least one resample of one method")
    scores = np.where(np.isnan(resampled), -np.inf, resampled)
    with np.errstate(invalid="ignore"):
        lead = scores[:, :, None] - scores[:, None, :]
    # Two undefined scores are a tie.
    lead = np.where(np.isnan(lead), 0.0, lead)
    wins, ties = lead > EQUAL, np.abs(lead) <= EQUAL
    ranks = 1 + wins.sum(axis=1)
    low, high = np.quantile(
        ranks, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="inverted_cdf"
    )
    first = ranks == 1
    return RankDistribution(
        low.astype(np.intp),
        high.astype(np.intp),
        best=(first / first.sum(axis=1, keepdims=True)).mean(axis=0),
        in_front=(wins + 0.5 * ties).mean(axis=0),
    )


def tie_groups(scores: dict[str, float], comparisons: Sequence[Comparison]) -> dict[str, int]:
    """Methods that the data cannot separate share a group; 1 is the best.

    The best method that has no group yet anchors one, and everybody who is not separated from
    that anchor joins. Since the anchor stays fixed, two methods cannot meet in a group over a
    chain of neighbours; they may share one although a direct comparison separates them, and a
    method that was measured poorly can join above a better one that was measured well.

    Args:
        scores: score of every method; undefined ones share the last group.
        comparisons: of all pairs of them, see ``compare_methods``.

    Raises:
        ValueError: a comparison is missing.
    """
    separated = {
        frozenset((comparison.first, comparison.second)): comparison.separated
        for comparison in comparisons
    }
    order = sorted(
        (name for name in scores if not np.isnan(scores[name])), key=lambda name: -scores[name]
    )
    groups: dict[str, int] = {}
    while waiting := [name for name in order if name not in groups]:
        anchor, group = waiting[0], 1 + max(groups.values(), default=0)
        for name in waiting:
            key = frozenset((anchor, name))
            if name != anchor and key not in separated:
                raise ValueError(f"{anchor} and {name} were not compared")
            if name == anchor or not separated[key]:
                groups[name] = group
    last = 1 + max(groups.values(), default=0)
    return {name: groups.get(name, last) for name in scores}
