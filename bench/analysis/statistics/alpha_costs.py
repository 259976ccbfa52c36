"""What it costs to choose alpha on the wrong data: oracle, dev and fixed side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import Draws, resample_sums
from bench.analysis.statistics.resampled import Resampled, ResampledSums

__all__ = ["AlphaCosts", "alpha_costs"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AlphaCosts:
    """Mean AU squared errors of the protocols on the same pairs, and their paired differences.

    Attributes:
        oracle: every pair at the alpha that is best for it with hindsight.
        dev: all pairs at the alpha chosen on the dev part.
        fixed: all pairs at the given alpha; None if none was given.
        dev_over_oracle: how much the oracle's error flatters a method, dev - oracle.
        fixed_over_dev: fixed - dev; None without a fixed alpha.
        fixed_over_oracle: fixed - oracle; None without a fixed alpha.
        pairs: number of cross pairs.
    """

    oracle: Estimate
    dev: Estimate
    fixed: Estimate | None
    dev_over_oracle: Estimate
    fixed_over_dev: Estimate | None
    fixed_over_oracle: Estimate | None
    pairs: int


def alpha_costs(
    terms: pd.DataFrame, draws: Draws, *, dev_alpha: float, fixed_alpha: float | None = None
) -> AlphaCosts:
    """AU errors that each protocol of choosing alpha reports on the same pairs.

    The alphas of dev and fixed are taken as given: they are not chosen again in each resample. A
    failed pair counts as the worst anchor there; the oracle passes over alphas at which the pair
    failed, if there is one at which it did not.

    Args:
        terms: rows of ``sample_terms`` of one method, every cross pair at every alpha.
        draws: resamples of all people in the cross pairs of ``terms``.
        dev_alpha: alpha* of the dev part.
        fixed_alpha: another alpha, or None.

    Raises:
        ValueError: an alpha was not run, or a pair lacks one.
    """
    cross = terms[terms["kind"] == "cross"]
    failed = cross["outcome"] != "ok"
    errors = cross[["pair", "alpha"]].assign(
        error=cross["au_mse"].mask(failed, cross["au_mse_worst"]),
        measured=cross["au_mse"].mask(failed),
    )
    table = errors.pivot(index="pair", columns="alpha", values="error")
    if table.isna().to_numpy().any():
        raise ValueError("not every pair has an AU error at every alpha: finish the run first")
    best = errors.pivot(index="pair", columns="alpha", values="measured").min(axis=1)
    columns = [best.fillna(table.min(axis=1)), _at(table, dev_alpha)]
    if fixed_alpha is not None:
        columns.append(_at(table, fixed_alpha))
    people = cross.drop_duplicates("pair").set_index("pair").loc[table.index]
    parts = np.column_stack([*columns, np.ones(len(table))]).astype(np.float64)
    sums = resample_sums(people, draws, parts)
    oracle, dev = _mean(sums, 0), _mean(sums, 1)
    fixed = None if fixed_alpha is None else _mean(sums, 2)
    return AlphaCosts(
        oracle=_cost(oracle),
        dev=_cost(dev),
        fixed=None if fixed is None else _cost(fixed),
        dev_over_oracle=_cost(dev - oracle),
        fixed_over_dev=None if fixed is None else _cost(fixed - dev),
        fixed_over_oracle=None if fixed is None else _cost(fixed - oracle),
        pairs=len(table),
    )


def _at(table: pd.DataFrame, alpha: float) -> pd.Series:
    if alpha not in table.columns:
        known = ", ".join(f"{value:g}" for value in table.columns)
        raise ValueError(f"alpha {alpha:g} was not run: there is {known or 'none'}")
    return table[alpha]


def _mean(sums: ResampledSums, column: int) -> Resampled:
    def mean(totals: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(totals[..., column] / totals[..., -1])

    return sums.quantity(mean)


def _cost(quantity: Resampled) -> Estimate:
    low, high = quantity.interval()
    return Estimate(quantity.value, low, high)
