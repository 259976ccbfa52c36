"""alpha* between the points of the grid, by a bounded search that makes few images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.records import number_or_none
from bench.analysis.scores import aggregate, measures
from bench.analysis.statistics.alpha_curves import Criterion
from bench.analysis.statistics.resampled import EQUAL

__all__ = ["DECIMALS", "Refinement", "bracket", "curve_values", "refine_alpha", "value_of"]

Floats = NDArray[np.float64]

DECIMALS = 6
"""Of an alpha that is made: rows are stored under it."""


@dataclass(frozen=True, slots=True)
class Refinement:
    """alpha* by one criterion, not bound to the grid.

    Attributes:
        by: the criterion.
        alpha: the best alpha; by ``identity`` the crossover itself. None where the grid has none to
            start from.
        value: mean AU squared error, transfer score, or distance to the target less that to the
            source, at that alpha; None without one.
        grid_alpha: the grid's best alpha; by ``identity`` the last before the crossover.
        grid_value: the value there.
        low, high: the grid's neighbours between which was searched.
        tolerance: how near to the best alpha of that range the search stops.
        evaluations: every alpha that was asked for, in that order, with its value.
        images: how many images these evaluations rest on.
        images_made: how many of them were made now; the others were stored.
    """

    by: Criterion
    alpha: float | None
    value: float | None
    grid_alpha: float | None
    grid_value: float | None
    low: float | None
    high: float | None
    tolerance: float
    evaluations: tuple[tuple[float, float], ...] = ()
    images: int = 0
    images_made: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what is undefined is null."""
        numbers = ("alpha", "value", "grid_alpha", "grid_value", "low", "high", "tolerance")
        return {
            "by": self.by,
            **{name: number_or_none(getattr(self, name)) for name in numbers},
            "evaluations": [
                {"alpha": alpha, "value": number_or_none(value)}
                for alpha, value in self.evaluations
            ],
            "images": self.images,
            "images_made": self.images_made,
        }


def value_of(terms: pd.DataFrame, by: Criterion, niqe_real: float) -> float:
    """What a criterion looks at: see ``Refinement.value``.

    Args:
        terms: rows of ``sample_terms`` at one alpha.
        by: the criterion.
        niqe_real: mean NIQE of the part's real images.
    """
    if by == "score":
        return aggregate(terms, niqe_real=niqe_real).transfer_score
    means = measures(terms)
    return means.au_mse if by == "au" else means.id_dist_target - means.id_dist_source


def curve_values(curve: pd.DataFrame, by: Criterion) -> tuple[Floats, Floats]:
    """(A,) alphas and (A,) ``value_of`` of an ``alpha_curve``; undefined ones are left out."""
    columns = {"au": curve["au_mse"], "score": curve["transfer_score"]}
    values = columns.get(by, curve["id_dist_target"] - curve["id_dist_source"])
    defined = values.notna()
    alphas, kept = curve.loc[defined, "alpha"], values[defined]
    return alphas.to_numpy(dtype=np.float64), kept.to_numpy(dtype=np.float64)


def bracket(alphas: Floats, values: Floats, by: Criterion) -> tuple[int, int, int] | None:
    """Positions on the grid of its best alpha and of the ends of the range around it.

    By ``identity`` the range is that of the first crossover, and its lower end the best; None if
    there is no crossover.
    """
    if by == "identity":
        crossed = np.flatnonzero((values[:-1] < 0) & (values[1:] >= 0))
        return None if not crossed.size else (int(crossed[0]), int(crossed[0]), int(crossed[0]) + 1)
    loss = values if by == "au" else -values
    best = int(np.flatnonzero(loss <= loss.min() + EQUAL * abs(loss.min()))[0])
    return best, max(best - 1, 0), min(best + 1, len(alphas) - 1)


def refine_alpha(
    curve: pd.DataFrame, by: Criterion, evaluate: Callable[[float], float], tolerance: float
) -> Refinement:
    """Searches for alpha* between the neighbours of the grid's best alpha.

    Least AU error and largest score by Brent's bounded minimisation, which finds the best alpha of
    a curve with one valley between the neighbours (``scipy.optimize.minimize_scalar``); the
    crossover by Brent's root finding (``brentq``). Brent, "Algorithms for minimization without
    derivatives", 1973, chapters 4 and 5. The grid's own best is kept where nothing better is found.

    Args:
        curve: ``alpha_curve`` of the grid.
        by: the criterion.
        evaluate: ``value_of`` at an alpha, which has at most ``DECIMALS`` decimals.
        tolerance: how near to the best alpha the search may stop, above 10^-``DECIMALS``.

    Raises:
        ValueError: no alpha of the grid has a defined value, or one that is asked for has none.
    """
    from scipy.optimize import brentq, minimize_scalar

    alphas, values = curve_values(curve, by)
    if not alphas.size:
        raise ValueError("no alpha of the grid has a defined value to start from")
    found = bracket(alphas, values, by)
    if found is None:
        return Refinement(by, None, None, None, None, None, None, tolerance)
    best, low, high = found
    known = {round(float(a), DECIMALS): float(v) for a, v in zip(alphas, values, strict=True)}
    asked: dict[float, float] = {}

    def value(alpha: float) -> float:
        alpha = round(float(alpha), DECIMALS)
        if alpha in known:
            return known[alpha]
        if alpha not in asked:
            asked[alpha] = evaluate(alpha)
            if not np.isfinite(asked[alpha]):
                raise ValueError(f"no output could be measured at alpha {alpha:g}")
        return asked[alpha]

    ends = float(alphas[low]), float(alphas[high])
    if by == "identity":
        alpha = round(float(brentq(value, *ends, xtol=tolerance)), DECIMALS)
    else:
        sign = 1.0 if by == "au" else -1.0
        if ends[0] < ends[1]:
            minimize_scalar(
                lambda alpha: sign * value(alpha),
                bounds=ends,
                method="bounded",
                options={"xatol": tolerance},
            )
        candidates = {round(float(alphas[best]), DECIMALS): float(values[best]), **asked}
        alpha = min(candidates, key=lambda one: (sign * candidates[one], one))
    return Refinement(
        by=by,
        alpha=alpha,
        value=value(alpha),
        grid_alpha=float(alphas[best]),
        grid_value=float(values[best]),
        low=ends[0],
        high=ends[1],
        tolerance=tolerance,
        evaluations=tuple(asked.items()),
    )
