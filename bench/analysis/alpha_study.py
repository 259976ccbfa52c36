"""What the dev part says about choosing alpha: three criteria, three protocols, how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.alpha_groups import GroupAlpha, Spread, group_alphas, spread_of
from bench.analysis.alpha_protocols import (
    HeldOut,
    chosen_on_others,
    chosen_per_pair,
    nearest_alpha,
)
from bench.analysis.board import Estimate
from bench.analysis.bootstrap import Interval, draws_for
from bench.analysis.records import number_or_none
from bench.analysis.statistics.alpha_costs import DIFFERENCES, AlphaCosts, Protocol, alpha_costs
from bench.analysis.statistics.alpha_curves import CRITERIA, Criterion, pair_sums
from bench.analysis.statistics.alphas import AlphaDistribution, distribution_of, resampled_curves

__all__ = ["FIXED_ALPHA", "AlphaStudy", "study_alpha"]

Floats = NDArray[np.float64]

FIXED_ALPHA = 1.0
"""The intensity at which the source's change is added as it is: what one would type unseen."""


@dataclass(frozen=True, slots=True, eq=False)
class AlphaStudy:
    """How alpha is chosen on the dev part, what the choice costs, and how sure it is.

    Attributes:
        by: the criterion that oracle and dev go by, and the groups' edges.
        choices: alpha* of all pairs by every criterion, with its distribution over people.
        fixed_alpha: the alpha of the protocol ``fixed``.
        held_out: whose other pairs the alpha of a pair has not seen in the protocol ``dev``; None
            where there are too few people, and then that protocol has no values.
        oracle: of the alphas that are best for single pairs.
        costs: the protocols and their differences, by name in ``QUANTITIES``.
        per_expression, per_target: what the pairs of each say alone.
        sources, targets: how many people there are on each side.
    """

    by: Criterion
    choices: dict[Criterion, AlphaDistribution]
    fixed_alpha: float
    held_out: HeldOut | None
    oracle: Spread
    costs: dict[str, AlphaCosts]
    per_expression: tuple[GroupAlpha, ...]
    per_target: tuple[GroupAlpha, ...]
    sources: int
    targets: int

    @property
    def choice(self) -> AlphaDistribution:
        """By the criterion in use."""
        return self.choices[self.by]

    @property
    def warning(self) -> str | None:
        """Why not to trust the intervals, None if there is no reason."""
        return Interval(np.nan, np.nan, min(self.sources, self.targets)).warning

    def to_dict(self) -> dict[str, Any]:
        """What ``AlphaSearch.to_dict`` does not have; what is undefined is null."""
        ends = number_or_none(self.choice.crossover_low), number_or_none(self.choice.crossover_high)
        interval = None if None in ends else dict(zip(("low", "high"), ends, strict=True))
        alphas: dict[Protocol, dict[str, Any]] = {
            "oracle": {"alpha": None, "alphas": self.oracle.to_dict()},
            "dev": {"alpha": number_or_none(self.choice.alpha), "held_out": self.held_out},
            "fixed": {"alpha": self.fixed_alpha},
        }
        return {
            "by": self.by,
            "sources": self.sources,
            "targets": self.targets,
            "criteria": {name: choice.to_dict() for name, choice in self.choices.items()},
            "crossover_interval": interval,
            "without_crossover_share": number_or_none(self.choice.without_crossover),
            "protocols": {
                protocol: values
                | _columns({q: c.values.get(protocol) for q, c in self.costs.items()})
                for protocol, values in alphas.items()
            },
            "differences": {
                f"{first}_minus_{second}": _columns(
                    {q: c.differences.get((first, second)) for q, c in self.costs.items()}
                )
                for first, second in DIFFERENCES
            },
            "per_expression": [group.to_dict() for group in self.per_expression],
            "per_target": [group.to_dict() for group in self.per_target],
        }


def study_alpha(
    terms: pd.DataFrame,
    niqe_real: float,
    *,
    by: Criterion = "au",
    fixed: float = FIXED_ALPHA,
    resamples: int = 2000,
    seed: int = 0,
) -> AlphaStudy:
    """Compares the ways to choose alpha on the pairs of the dev part.

    Args:
        terms: rows of ``sample_terms`` of one method on the dev part, every cross pair at every
            alpha of the grid.
        niqe_real: mean NIQE of the dev part's real images.
        by: the criterion of the protocols oracle and dev.
        fixed: the alpha of the protocol ``fixed``; the nearest of the grid is taken.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    Raises:
        ValueError: rows of another part, a pair that lacks an alpha, or a method without alpha.
    """
    if parts := sorted(set(terms["part"]) - {"dev"}):
        raise ValueError(f"alpha is chosen on the dev part only, not on part {', '.join(parts)}")
    sums = pair_sums(terms)
    draws = draws_for([terms], resamples=resamples, seed=seed)
    data, resampled = resampled_curves(sums, draws, niqe_real=niqe_real)
    oracle = chosen_per_pair(sums, by, niqe_real=niqe_real)
    others = chosen_on_others(sums, by, niqe_real=niqe_real)
    fixed = nearest_alpha(sums.alphas, fixed)

    def filled(alphas: Floats) -> Floats:
        # Where no alpha fulfils the criterion, the least transfer breaks it least.
        return np.where(np.isnan(alphas), sums.alphas[0], alphas)

    chosen: dict[Protocol, Floats] = {"oracle": filled(oracle)}
    if others is not None:
        chosen["dev"] = filled(others[0])
    chosen["fixed"] = np.full(len(sums.pairs), fixed)
    per_expression, per_target = (
        group_alphas(sums, group, chosen, oracle, by, niqe_real=niqe_real)
        for group in ("expression", "target")
    )
    return AlphaStudy(
        by=by,
        choices={name: distribution_of(data, resampled, name) for name in CRITERIA},
        fixed_alpha=fixed,
        held_out=None if others is None else others[1],
        oracle=spread_of(oracle),
        costs=alpha_costs(sums, draws, chosen, niqe_real=niqe_real),
        per_expression=per_expression,
        per_target=per_target,
        sources=len(draws.sources),
        targets=len(draws.targets),
    )


def _columns(estimates: dict[str, Estimate | None]) -> dict[str, Any]:
    """Every value with its interval beside it; null where there is none."""
    columns: dict[str, Any] = {}
    for name, estimate in estimates.items():
        columns[name] = estimate and number_or_none(estimate.value)
        columns[f"{name}_interval"] = estimate and estimate.interval_dict()
    return columns
