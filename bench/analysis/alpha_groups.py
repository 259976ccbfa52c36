"""alpha* of the pairs of one expression or of one target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.records import number_or_none
from bench.analysis.statistics.alpha_costs import Protocol
from bench.analysis.statistics.alpha_curves import (
    CRITERIA,
    Criterion,
    PairSums,
    alphas_by,
    curves_of_sums,
    first_crossovers,
)
from bench.analysis.statistics.alphas import edges
from bench.analysis.statistics.quantities import quantity_of_sums

__all__ = ["GROUP_QUANTITIES", "GroupAlpha", "Spread", "group_alphas", "spread_of"]

Floats = NDArray[np.float64]

GROUP_QUANTITIES = ("au_mse", "transfer_score")
"""What the protocols are compared by in each group."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and middle half of alphas; NaN where there is none."""

    median: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        return {name: number_or_none(getattr(self, name)) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class GroupAlpha:
    """What the pairs of one group say about alpha.

    Attributes:
        name: of the expression or the target.
        pairs: number of cross pairs.
        alphas: alpha* of these pairs by each criterion; NaN if none fulfils it.
        crossover: of these pairs; NaN if there is none in range.
        on_edge: whether a better alpha* may lie outside the grid, by the criterion in use.
        oracle: of the alphas that are best for single pairs.
        values: of these pairs under each protocol that is chosen for all pairs, by quantity.
    """

    name: str
    pairs: int
    alphas: dict[Criterion, float]
    crossover: float
    on_edge: bool
    oracle: Spread
    values: dict[str, dict[Protocol, float]]

    def to_dict(self) -> dict[str, Any]:
        """For JSON; undefined is null."""
        return {
            "name": self.name,
            "pairs": self.pairs,
            "alpha": {name: number_or_none(alpha) for name, alpha in self.alphas.items()},
            "crossover": number_or_none(self.crossover),
            "on_edge": self.on_edge,
            "oracle": self.oracle.to_dict(),
            **{
                quantity: {name: number_or_none(value) for name, value in values.items()}
                for quantity, values in self.values.items()
            },
        }


def group_alphas(
    sums: PairSums,
    by: str,
    chosen: Mapping[Protocol, Floats],
    oracle: Floats,
    criterion: Criterion,
    *,
    niqe_real: float,
) -> tuple[GroupAlpha, ...]:
    """alpha* of every group of pairs, sorted by name.

    Args:
        sums: P pairs over A alphas.
        by: ``expression``, ``target`` or ``source``.
        chosen: (P,) the alpha of every pair under each protocol.
        oracle: (P,) the best alpha of every pair; NaN for none.
        criterion: what ``on_edge`` looks at.
        niqe_real: mean NIQE of the part's real images.
    """
    codes, names = pd.factorize(sums.pairs[by], sort=True)
    at = {protocol: sums.at(alphas) for protocol, alphas in chosen.items()}

    def group(name: str, rows: NDArray[np.bool_]) -> GroupAlpha:
        curves = curves_of_sums(sums.alphas, sums.parts[rows].sum(axis=0), niqe_real)
        alphas = {one: float(alphas_by(curves, one)) for one in CRITERIA}
        crossover, _ = first_crossovers(sums.alphas, curves.id_dist_target, curves.id_dist_source)
        totals = {protocol: parts[rows].sum(axis=0) for protocol, parts in at.items()}
        return GroupAlpha(
            name=name,
            pairs=int(rows.sum()),
            alphas=alphas,
            crossover=float(crossover),
            on_edge=bool(np.isin(alphas[criterion], edges(sums.alphas, criterion))),
            oracle=spread_of(oracle[rows]),
            values={
                quantity: {
                    protocol: float(quantity_of_sums(total, name=quantity, niqe_real=niqe_real))
                    for protocol, total in totals.items()
                }
                for quantity in GROUP_QUANTITIES
            },
        )

    return tuple(group(str(name), codes == code) for code, name in enumerate(names))


def spread_of(alphas: Floats) -> Spread:
    """Of those that are defined."""
    defined = alphas[np.isfinite(alphas)]
    if not defined.size:
        return Spread(np.nan, np.nan, np.nan)
    low, median, high = np.quantile(defined, [0.25, 0.5, 0.75])
    return Spread(float(median), float(low), float(high))
