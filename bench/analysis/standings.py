"""Where each contestant stands among the others, and how far that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.analysis.board import Estimate
from bench.analysis.scores import Scores
from bench.analysis.statistics.average_ranks import AverageRanks
from bench.analysis.statistics.comparisons import Comparison
from bench.analysis.statistics.pareto import front_frequency, non_dominated
from bench.analysis.statistics.ranks import rank_distribution, tie_groups
from bench.analysis.statistics.resampled import Resampled

__all__ = ["RANK_DECIMALS", "Standing", "standings"]

Floats = NDArray[np.float64]

RANK_DECIMALS = 6
"""Scores that agree to this many decimals share a rank: the instruments repeat no better."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What ranks a method on a board, by the names of ``BoardRow``; all None for anchors."""

    rank: int | None = None
    rank_without_failures: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    tie_group: int | None = None
    best_probability: float | None = None
    average_rank: float | None = None
    on_front: bool | None = None
    front_frequency: float | None = None
    hypervolume: Estimate | None = None


def standings(
    scores: Mapping[str, Scores[Resampled]],
    *,
    without_failures: Mapping[str, float],
    hypervolumes: Mapping[str, Resampled],
    comparisons: Sequence[Comparison],
    averages: AverageRanks | None,
) -> dict[str, Standing]:
    """The standing of every contestant, by name.

    Args:
        scores: of the contestants, resampled with the same draws.
        without_failures: transfer score of each if its failed pairs are left out.
        hypervolumes: of each, over its alphas.
        comparisons: of all pairs of contestants in transfer score.
        averages: average ranks of the contestants; None if there is no contestant.
    """
    if not scores or averages is None:
        return {}
    transfer = {name: score.transfer_score for name, score in scores.items()}
    values = {name: quantity.value for name, quantity in transfer.items()}
    places = rank_distribution(np.column_stack([quantity.both for quantity in transfer.values()]))
    groups = tie_groups(values, comparisons)
    ranks = _ranks(list(values.values()))
    ranks_without_failures = _ranks([without_failures[name] for name in scores])
    front, frequency = _front(list(scores.values()))
    return {
        name: Standing(
            rank=ranks[place],
            rank_without_failures=ranks_without_failures[place],
            rank_low=int(places.low[place]),
            rank_high=int(places.high[place]),
            tie_group=groups[name],
            best_probability=float(places.best[place]),
            average_rank=averages.ranks[name],
            on_front=bool(front[place]),
            front_frequency=float(frequency[place]),
            hypervolume=Estimate.of(hypervolumes[name]),
        )
        for place, name in enumerate(scores)
    }


def _ranks(scores: Sequence[float]) -> list[int]:
    """1 plus the number of better scores; an undefined score is worse than any other."""
    rounded = np.round(np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=-1.0), RANK_DECIMALS)
    return [int(rank) for rank in (rounded > rounded[:, None]).sum(axis=1) + 1]


def _front(scores: Sequence[Scores[Resampled]]) -> tuple[NDArray[np.bool_], Floats]:
    """(k,) who is on the front of E and R, and in which share of the resamples."""
    axes = [[score.expression_skill, score.identity_retention] for score in scores]
    points = np.array([[quantity.value for quantity in point] for point in axes])
    resampled = np.stack([np.column_stack([q.both for q in point]) for point in axes], axis=1)
    return (
        non_dominated(np.round(points, RANK_DECIMALS)),
        front_frequency(np.round(resampled, RANK_DECIMALS)),
    )
