"""Curves over alpha of many sets of pairs at once, and the alpha that each of them chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.scores import scores_of_sums, summands
from bench.analysis.statistics.grids import by_pair_and_alpha
from bench.analysis.statistics.quantities import COUNT, quantity_of_sums
from bench.analysis.statistics.resampled import EQUAL

__all__ = [
    "CRITERIA",
    "SUMMANDS",
    "AlphaCurves",
    "Criterion",
    "PairSums",
    "alphas_by",
    "curves_of_sums",
    "first_crossovers",
    "pair_sums",
]

Floats = NDArray[np.float64]

Criterion = Literal["au", "identity", "score"]
"""Least AU squared error; largest alpha before the crossover; largest transfer score."""

CRITERIA: Final[tuple[Criterion, ...]] = get_args(Criterion)

SUMMANDS: Final = 8
"""Columns of ``summands``, the first of those of ``PairSums.parts``."""


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
class PairSums:
    """What the curves of any set of P cross pairs over A alphas are sums of.

    Attributes:
        pairs: P rows with ``pair``, ``source``, ``target`` and ``expression``, sorted by pair.
        alphas: (A,) ascending.
        parts: (P, A, 13): ``summands``, then AU absolute error, and the two distances, each with
            whether it was measured.
        ok: (P, A) whether the output could be read.
    """

    pairs: pd.DataFrame
    alphas: Floats
    parts: Floats
    ok: NDArray[np.bool_]

    def at(self, chosen: Floats) -> Floats:
        """(P, 8) the ``summands`` of each pair at its own alpha.

        Args:
            chosen: (P,).

        Raises:
            ValueError: an alpha was not run.
        """
        places = np.abs(self.alphas - chosen[:, None]).argmin(axis=1)
        missing = ~np.isclose(self.alphas[places], chosen, atol=1e-6)
        if missing.any():
            known = ", ".join(f"{value:g}" for value in self.alphas)
            raise ValueError(f"alpha {chosen[missing][0]:g} was not run: there is {known}")
        return np.asarray(self.parts[np.arange(len(places)), places, :SUMMANDS])


def pair_sums(terms: pd.DataFrame) -> PairSums:
    """The parts of the curves of every cross pair.

    Args:
        terms: rows of ``sample_terms`` of one method, every cross pair at every alpha.

    Raises:
        ValueError: a pair lacks an alpha or has one twice, or the method has no alpha.
    """
    if terms.loc[terms["kind"] == "cross", "alpha"].isna().any():
        raise ValueError("a curve needs cross pairs with an alpha each")
    cross, alphas = by_pair_and_alpha(terms)
    ok = (cross["outcome"] == "ok").to_numpy(dtype=bool)
    columns = [np.where(ok, cross["au_mae"], cross["au_mae_worst"])]
    for name in ("id_dist_target", "id_dist_source"):
        distance = cross[name].to_numpy(dtype=np.float64)
        measured = ok & np.isfinite(distance)
        columns += [np.where(measured, distance, 0.0), measured.astype(np.float64)]
    parts = np.column_stack([summands(cross), *columns])
    pairs = cross.iloc[:: alphas.size][["pair", "source", "target", "expression"]]
    shape = (len(pairs), alphas.size)
    return PairSums(
        pairs.reset_index(drop=True), alphas, parts.reshape(*shape, -1), ok.reshape(shape)
    )


def curves_of_sums(alphas: Floats, sums: Floats, niqe_real: float) -> AlphaCurves:
    """Curves of sums of ``PairSums.parts``, (..., A, 13); NaN where nothing was measured."""
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


def alphas_by(curves: AlphaCurves, criterion: Criterion) -> Floats:
    """(...) the alpha that each curve chooses; NaN if none fulfils the criterion.

    Of equal ones the smallest. By ``identity`` it is the largest alpha up to which the output is
    nearer to the target than to the source; alphas without both distances are passed over.
    """
    if criterion == "identity":
        crossed = curves.id_dist_target >= curves.id_dist_source
        nearer = curves.id_dist_target < curves.id_dist_source
        before = nearer & ~np.logical_or.accumulate(crossed, axis=-1)
        last = before.shape[-1] - 1 - before[..., ::-1].argmax(axis=-1)
        return np.where(before.any(axis=-1), curves.alphas[last], np.nan)
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
