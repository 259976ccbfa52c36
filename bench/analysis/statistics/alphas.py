"""How sure the choice of alpha is: alpha* and the crossover under resampling of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.bootstrap import Draws, resample_sums
from bench.analysis.scores import scores_of_sums, summands
from bench.analysis.statistics.quantities import COUNT, quantity_of_sums
from bench.analysis.statistics.resampled import EQUAL, LEVEL

__all__ = [
    "AlphaCurves",
    "AlphaDistribution",
    "Criterion",
    "alpha_distribution",
    "alphas_by",
    "first_crossovers",
    "resampled_curves",
]

Floats = NDArray[np.float64]

Criterion = Literal["au", "identity", "score"]
"""Least AU squared error; largest alpha before the crossover; largest transfer score."""

# Columns of ``summands``, before those that are added here.
SUMMANDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class AlphaCurves:
    """Measures and scores over A ascending alphas, each (..., A); see ``alpha_curve``."""

    alphas: Floats
    au_mse: Floats
    au_mae: Floats
    id_dist_target: Floats
    id_dist_source: Floats
    expression_skill: Floats
    identity_retention: Floats
    naturalness: Floats
    transfer_score: Floats


@dataclass(frozen=True, slots=True, eq=False)
class AlphaDistribution:
    """alpha* and the crossover over B resamples of people.

    Attributes:
        criterion: by which alpha* is chosen.
        alpha: alpha* on the data; NaN if none fulfils the criterion.
        low, high: 95 % percentile interval of alpha*, grid values.
        grid: (A,) the alphas, ascending.
        shares: (A,) share of resamples that choose each; they add up to 1 less the share that
            finds none.
        edge_share: share of resamples that choose the smallest or the largest alpha, where the
            best may lie outside the grid.
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
    crossover: float
    crossover_low: float
    crossover_high: float
    without_crossover: float


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
    data, resampled = resampled_curves(terms, draws, niqe_real=niqe_real)
    chosen = alphas_by(resampled, criterion)
    crossovers, _ = first_crossovers(
        data.alphas, resampled.id_dist_target, resampled.id_dist_source
    )
    crossover, _ = first_crossovers(data.alphas, data.id_dist_target, data.id_dist_source)
    shares = (chosen[:, None] == data.alphas).mean(axis=0)
    low, high = _percentiles(chosen, method="inverted_cdf")
    crossover_low, crossover_high = _percentiles(crossovers, method="linear")
    return AlphaDistribution(
        criterion=criterion,
        alpha=float(alphas_by(data, criterion)),
        low=low,
        high=high,
        grid=data.alphas,
        shares=shares,
        edge_share=float(np.isin(chosen, data.alphas[[0, -1]]).mean()),
        crossover=float(crossover),
        crossover_low=crossover_low,
        crossover_high=crossover_high,
        without_crossover=float(np.isnan(crossovers).mean()),
    )


def resampled_curves(
    terms: pd.DataFrame, draws: Draws, *, niqe_real: float
) -> tuple[AlphaCurves, AlphaCurves]:
    """The curves of the data, (A,), and of every resample, (B, A), all alphas at once.

    Arguments and errors as ``alpha_distribution``.
    """
    cross, alphas = _full_grid(terms)
    parts = _parts(cross)
    people = cross.iloc[:: alphas.size]
    wide = parts.reshape(len(people), alphas.size * parts.shape[1])
    sums = resample_sums(people, draws, wide)

    def curves(totals: Floats) -> AlphaCurves:
        return _curves(alphas, totals.reshape(*totals.shape[:-1], alphas.size, -1), niqe_real)

    return curves(sums.total), curves(sums.both)


def alphas_by(curves: AlphaCurves, criterion: Criterion) -> Floats:
    """(...) the alpha that each curve chooses; NaN if none fulfils the criterion.

    Of equal ones the smallest. By ``identity`` it is the largest alpha up to which the output is
    nearer to the target than to the source.
    """
    if criterion == "identity":
        nearer = curves.id_dist_target < curves.id_dist_source
        before = np.logical_and.accumulate(nearer, axis=-1).sum(axis=-1)
        return np.where(before > 0, curves.alphas[np.maximum(before, 1) - 1], np.nan)
    if criterion == "au":
        loss = np.where(np.isnan(curves.au_mse), np.inf, curves.au_mse)
        least = loss.min(axis=-1, keepdims=True) * (1 + EQUAL)
    else:
        loss = np.where(np.isnan(curves.transfer_score), np.inf, -curves.transfer_score)
        least = loss.min(axis=-1, keepdims=True) + EQUAL
    tied = np.isfinite(loss) & (loss <= least)
    return np.where(tied.any(axis=-1), curves.alphas[tied.argmax(axis=-1)], np.nan)


def first_crossovers(
    alphas: Floats, d_target: Floats, d_source: Floats
) -> tuple[Floats, NDArray[np.intp]]:
    """First alpha at which both distances are equal, by linear interpolation, and how many.

    The rules of ``alpha.crossover``, for many curves at once.

    Args:
        alphas: (A,) ascending.
        d_target, d_source: (..., A); NaN where no output of that alpha could be measured, which
            leaves that alpha out of the curve.

    Returns:
        (...) the first, NaN if there is none, and (...) the number.
    """
    gap = np.asarray(d_target - d_source)
    defined = np.isfinite(gap)
    # The defined alphas come first, in their order; the rest repeats no zero and changes no sign.
    order = np.argsort(~defined, axis=-1, kind="stable")
    gap, defined = (np.take_along_axis(array, order, axis=-1) for array in (gap, defined))
    grid = np.take_along_axis(np.broadcast_to(alphas, gap.shape), order, axis=-1)
    sign = np.where(defined, np.sign(gap), np.nan)
    begins_equal = sign == 0
    begins_equal[..., 1:] &= sign[..., :-1] != 0
    changes = sign[..., :-1] * sign[..., 1:] < 0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = gap[..., :-1] / (gap[..., :-1] - gap[..., 1:])
    between = grid[..., :-1] + share * np.diff(grid, axis=-1)
    candidates = np.concatenate(
        [np.where(begins_equal, grid, np.inf), np.where(changes, between, np.inf)], axis=-1
    )
    first = candidates.min(axis=-1)
    count = np.isfinite(candidates).sum(axis=-1)
    return np.where(np.isfinite(first), first, np.nan), count


def _full_grid(terms: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:
    """Cross rows by pair and alpha, and the ascending alphas that every pair has."""
    cross = terms[terms["kind"] == "cross"].sort_values(["pair", "alpha"]).reset_index(drop=True)
    alphas = np.sort(cross["alpha"].unique()).astype(np.float64)
    if not alphas.size or np.isnan(alphas).any():
        raise ValueError("there is no cross pair with an alpha")
    pairs = cross["pair"].nunique()
    found = cross["alpha"].to_numpy(dtype=np.float64)
    if len(cross) != pairs * alphas.size or (found.reshape(pairs, -1) != alphas).any():
        raise ValueError("not every pair has one row at every alpha: finish the run first")
    return cross, alphas


def _parts(cross: pd.DataFrame) -> Floats:
    """(n, 13): ``summands``, then AU absolute error, and distances with their counts."""
    ok = (cross["outcome"] == "ok").to_numpy(dtype=bool)
    absolute = np.where(ok, cross["au_mae"], cross["au_mae_worst"])
    columns = [absolute]
    for name in ("id_dist_target", "id_dist_source"):
        distance = cross[name].to_numpy(dtype=np.float64)
        measured = ok & np.isfinite(distance)
        columns += [np.where(measured, distance, 0.0), measured.astype(np.float64)]
    return np.column_stack([summands(cross), *columns])


def _curves(alphas: Floats, sums: Floats, niqe_real: float) -> AlphaCurves:
    scores = scores_of_sums(sums[..., :SUMMANDS], niqe_real)
    absolute, target, targets, source, sources = np.moveaxis(sums[..., SUMMANDS:], -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return AlphaCurves(
            alphas=alphas,
            au_mse=quantity_of_sums(sums, name="au_mse", niqe_real=niqe_real),
            au_mae=absolute / sums[..., COUNT],
            id_dist_target=target / targets,
            id_dist_source=source / sources,
            expression_skill=scores.expression_skill,
            identity_retention=scores.identity_retention,
            naturalness=scores.naturalness,
            transfer_score=scores.transfer_score,
        )


def _percentiles(values: Floats, method: Literal["inverted_cdf", "linear"]) -> tuple[float, float]:
    defined = values[np.isfinite(values)]
    if not defined.size:
        return np.nan, np.nan
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method=method)
    return float(low), float(high)
