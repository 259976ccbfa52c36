"""The alpha of every pair under the protocols oracle, dev and fixed, on the dev part alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.analysis.statistics.alpha_curves import (
    Criterion,
    PairSums,
    alphas_by,
    curves_of_sums,
)
from bench.analysis.statistics.quantities import COUNT

__all__ = ["HeldOut", "chosen_on_others", "chosen_per_pair", "nearest_alpha"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

HeldOut = Literal["source and target", "target", "source"]
"""Whose other pairs the alpha of a pair has not seen."""


def chosen_per_pair(sums: PairSums, criterion: Criterion, *, niqe_real: float) -> Floats:
    """(P,) the alpha that is best for each pair with hindsight; NaN if none fulfils the criterion.

    Alphas at which the pair failed are passed over.
    """
    curves = curves_of_sums(sums.alphas, sums.parts, niqe_real)
    passed = {
        name: np.where(sums.ok, getattr(curves, name), np.nan)
        for name in ("au_mse", "transfer_score")
    }
    return alphas_by(replace(curves, **passed), criterion)


def chosen_on_others(
    sums: PairSums, criterion: Criterion, *, niqe_real: float
) -> tuple[Floats, HeldOut] | None:
    """The alpha of each pair, chosen on the pairs of other people: cross-fitting.

    Neither the source nor the target of a pair, in either role, has a part in the choice of its
    alpha, so that the pairs can be scored on the very part on which alpha is chosen. Where nobody
    else is left for some pair, as with a single source, one side alone is held out.

    Returns:
        (P,) alphas, NaN where none fulfils the criterion, and who is held out; None where there are
        not two people on either side.
    """
    sides = {
        "source and target": _without_people,
        "target": _without_target,
        "source": _without_source,
    }
    held_out: HeldOut
    for held_out in ("source and target", "target", "source"):
        others, place = sides[held_out](sums)
        if (others[..., COUNT] > 0).all():
            return alphas_by(curves_of_sums(sums.alphas, others, niqe_real), criterion)[
                place
            ], held_out
    return None


def nearest_alpha(alphas: Floats, wanted: float) -> float:
    """The alpha of a grid that is nearest; of two the smaller."""
    return float(alphas[np.abs(alphas - wanted).argmin()])


def _without_people(sums: PairSums) -> tuple[Floats, Indices]:
    """Sums without either person of each couple, (C, A, 13), and (P,) the couple of each pair."""
    names = np.unique(sums.pairs[["source", "target"]].to_numpy(dtype=str))
    sides = np.searchsorted(names, sums.pairs[["source", "target"]].to_numpy(dtype=str))
    couples, couple = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    couple = couple.ravel()
    parts = _countable(sums.parts)
    of_person = _sums_by(sides[:, 0], parts, names.size) + _sums_by(sides[:, 1], parts, names.size)
    of_couple = _sums_by(couple, parts, len(couples))
    # A pair of both people is in the sums of both, and is taken away once.
    others = parts.sum(axis=0) - of_person[couples].sum(axis=1) + of_couple
    return _defined(others), couple


def _without_target(sums: PairSums) -> tuple[Floats, Indices]:
    return _without(sums, "target")


def _without_source(sums: PairSums) -> tuple[Floats, Indices]:
    return _without(sums, "source")


def _without(sums: PairSums, side: str) -> tuple[Floats, Indices]:
    names, person = np.unique(sums.pairs[side].to_numpy(dtype=str), return_inverse=True)
    parts = _countable(sums.parts)
    return _defined(parts.sum(axis=0) - _sums_by(person, parts, names.size)), person


def _countable(parts: Floats) -> Floats:
    """(..., 13) to (..., 26): numbers, then how many are undefined, which can be taken away."""
    undefined = np.isnan(parts)
    return np.concatenate([np.where(undefined, 0.0, parts), undefined], axis=-1)


def _defined(sums: Floats) -> Floats:
    """What ``_countable`` made, summed: NaN where a summand is undefined."""
    numbers, undefined = np.split(sums, 2, axis=-1)
    return np.where(undefined > 0.5, np.nan, numbers)


def _sums_by(codes: Indices, parts: Floats, count: int) -> Floats:
    sums = np.zeros((count, *parts.shape[1:]))
    np.add.at(sums, codes, parts)
    return sums
