"""How sure the choice of alpha is: alpha* and the crossover under resampling of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.bootstrap import Draws, resample_sums
from bench.analysis.records import number_or_none
from bench.analysis.statistics.alpha_curves import (
    AlphaCurves,
    Criterion,
    PairSums,
    alphas_by,
    curves_of_sums,
    first_crossovers,
    pair_sums,
)
from bench.analysis.statistics.resampled import LEVEL

__all__ = [
    "AlphaDistribution",
    "alpha_distribution",
    "distribution_of",
    "edges",
    "resampled_curves",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AlphaDistribution:
    """alpha* and the crossover over B resamples of people.

    Attributes:
        criterion: by which alpha* is chosen.
        alpha: alpha* on the data; NaN if none fulfils the criterion.
        low, high: 95 % percentile interval of alpha*, grid values.
        grid: (A,) the alphas, ascending.
        shares: (A,) share of resamples that choose each; they add up to 1 less ``none_share``.
        edge_share: share of resamples that choose one of ``edges``.
        none_share: share of resamples in which no alpha fulfils the criterion.
        crossover: on the data; NaN if there is none in range.
        crossover_low, crossover_high: 95 % percentile interval over the resamples that have one.
        without_crossover: share of resamples that have none.
    """

    criterion: Criterion
    alpha: float
    low: float
    high: float
    grid: Floats
    shares: Floats
    edge_share: float
    none_share: float
    crossover: float
    crossover_low: float
    crossover_high: float
    without_crossover: float

    @property
    def on_edge(self) -> bool:
        """Whether a better alpha may lie outside the grid."""
        return bool(np.isin(self.alpha, edges(self.grid, self.criterion)))

    def to_dict(self) -> dict[str, Any]:
        """For JSON, without the crossover, which all criteria share; undefined is null."""
        low, high = number_or_none(self.low), number_or_none(self.high)
        return {
            "alpha": number_or_none(self.alpha),
            "interval": None if low is None or high is None else {"low": low, "high": high},
            "on_edge": self.on_edge,
            "edge_share": number_or_none(self.edge_share),
            "none_share": number_or_none(self.none_share),
            "shares": [
                {"alpha": float(alpha), "share": float(share)}
                for alpha, share in zip(self.grid, self.shares, strict=True)
            ],
        }


def edges(grid: Floats, criterion: Criterion) -> Floats:
    """The alphas of a grid beyond which a better one may lie: its ends.

    By ``identity`` only the largest: what is largest before the crossover is known where there is
    one.
    """
    return grid[[-1]] if criterion == "identity" else grid[[0, -1]]


def alpha_distribution(
    terms: pd.DataFrame, draws: Draws, *, niqe_real: float, criterion: Criterion = "au"
) -> AlphaDistribution:
    """What alpha* and the crossover would have been with other people.

    A choice from a grid is no smooth function of the data, so the percentiles are plain ones.

    Args:
        terms: rows of ``sample_terms`` of one method, every cross pair at every alpha.
        draws: B resamples of all people in the cross pairs of ``terms``.
        niqe_real: mean NIQE of the part's real images.
        criterion: what alpha* is the best of.

    Raises:
        ValueError: a pair lacks an alpha or has one twice, or the method has no alpha.
    """
    curves = resampled_curves(pair_sums(terms), draws, niqe_real=niqe_real)
    return distribution_of(*curves, criterion)


def distribution_of(
    data: AlphaCurves, resampled: AlphaCurves, criterion: Criterion
) -> AlphaDistribution:
    """``alpha_distribution`` of what ``resampled_curves`` returns."""
    chosen = alphas_by(resampled, criterion)
    crossovers, _ = first_crossovers(
        data.alphas, resampled.id_dist_target, resampled.id_dist_source
    )
    crossover, _ = first_crossovers(data.alphas, data.id_dist_target, data.id_dist_source)
    low, high = _percentiles(chosen, method="inverted_cdf")
    crossover_low, crossover_high = _percentiles(crossovers, method="linear")
    return AlphaDistribution(
        criterion=criterion,
        alpha=float(alphas_by(data, criterion)),
        low=low,
        high=high,
        grid=data.alphas,
        shares=(chosen[:, None] == data.alphas).mean(axis=0),
        edge_share=float(np.isin(chosen, edges(data.alphas, criterion)).mean()),
        none_share=float(np.isnan(chosen).mean()),
        crossover=float(crossover),
        crossover_low=crossover_low,
        crossover_high=crossover_high,
        without_crossover=float(np.isnan(crossovers).mean()),
    )


def resampled_curves(
    sums: PairSums, draws: Draws, *, niqe_real: float
) -> tuple[AlphaCurves, AlphaCurves]:
    """The curves of the data, (A,), and of every resample, (B, A), all alphas at once.

    Args:
        sums: pairs of one method.
        draws: B resamples of all people in them.
        niqe_real: mean NIQE of the part's real images.
    """
    shape = sums.parts.shape
    resampled = resample_sums(sums.pairs, draws, sums.parts.reshape(shape[0], -1))

    def curves(totals: Floats) -> AlphaCurves:
        totals = totals.reshape(*totals.shape[:-1], *shape[1:])
        return curves_of_sums(sums.alphas, totals, niqe_real)

    return curves(resampled.total), curves(resampled.both)


def _percentiles(values: Floats, method: Literal["inverted_cdf", "linear"]) -> tuple[float, float]:
    defined = values[np.isfinite(values)]
    if not defined.size:
        return np.nan, np.nan
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method=method)
    return float(low), float(high)
