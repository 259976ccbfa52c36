"""Scores of a set of pairs: ratios of sums over pairs, never means of ratios.

A ratio per pair would have denominators near 0 (a source that hardly moves, two look-alikes), and
a few such pairs would decide the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "SCORES_VERSION",
    "Failures",
    "Measures",
    "Scores",
    "aggregate",
    "harmonic_mean",
    "measures",
    "scores_of_sums",
    "summands",
]

Floats = NDArray[np.float64]
Value = TypeVar("Value")

SCORES_VERSION: Final = 1
"""Raised whenever a formula of a score changes: scores of two versions are not comparable."""

Failures = Literal["worst", "excluded"]
"""What a failed pair counts: as the worst anchor there, or not at all."""

TERMS_WITH_SUBSTITUTE = ["expression_error", "au_mse", "id_dist_target", "niqe"]


@dataclass(frozen=True, slots=True)
class Scores(Generic[Value]):
    """Scores of a method; ``Value`` is a float, or an array with one entry per resample.

    Attributes:
        expression_skill: E = 1 - sum |dy - ds|^2 / sum |ds|^2, at most 1; 0 is doing nothing.
        raw_expression_skill: 1 - sum e(y) / sum e(n_target), without each person's own neutral.
        identity_retention: R = sum (d(n_source) - d(y)) / sum (d(n_source) - d(n_target)); 1 is
            the target's neutral face, 0 the source.
        naturalness: Q = NIQE of real images / mean NIQE of the outputs, 0 to 1.
        transfer_score: harmonic mean of E, R and Q where all are positive, else 0.

    A score whose denominator is 0 is NaN, and so is the transfer score then.
    """

    expression_skill: Value
    raw_expression_skill: Value
    identity_retention: Value
    naturalness: Value
    transfer_score: Value


@dataclass(frozen=True, slots=True)
class Measures:
    """Plain means over the cross pairs, in the units of the instruments.

    The AU errors count a failed pair as the worst anchor there, like the scores. The distances
    are means over the pairs that did not fail, since only one of the two has a substitute and
    their crossover needs both from the same pairs. NaN where nothing was measured.
    """

    au_mse: float
    au_mae: float
    id_dist_target: float
    id_dist_source: float
    id_dist_target_mean: float
    id_dist_source_mean: float
    coverage: float


@overload
def aggregate(
    terms: pd.DataFrame, weights: None = None, *, niqe_real: float, failures: Failures = "worst"
) -> Scores[float]: ...


@overload
def aggregate(
    terms: pd.DataFrame, weights: Floats, *, niqe_real: float, failures: Failures = "worst"
) -> Scores[Floats]: ...


def aggregate(
    terms: pd.DataFrame,
    weights: Floats | None = None,
    *,
    niqe_real: float,
    failures: Failures = "worst",
) -> Scores[float] | Scores[Floats]:
    """Scores of the cross pairs of a table of terms at one alpha; self pairs do not count.

    Args:
        terms: n rows of ``sample_terms``, one per pair.
        weights: None, (n,) or (B, n) non-negative weights of the rows.
        niqe_real: mean NIQE of the part's real images.
        failures: ``worst`` counts a failed pair as the worst anchor there, ``excluded`` leaves it
            out.

    Returns:
        Floats without weights, else arrays of shape () or (B,).

    Raises:
        ValueError: a pair occurs twice (several alphas were mixed), or weights do not fit.
    """
    if terms["pair"].duplicated().any():
        raise ValueError("scores are of one alpha, but the terms hold a pair more than once")
    parts = summands(terms, failures)
    if weights is not None:
        if weights.shape[-1:] != (len(terms),):
            raise ValueError(f"{len(terms)} rows cannot have weights of shape {weights.shape}")
        return scores_of_sums(weights @ parts, niqe_real)
    scores = scores_of_sums(parts.sum(axis=0), niqe_real)
    return Scores(
        float(scores.expression_skill),
        float(scores.raw_expression_skill),
        float(scores.identity_retention),
        float(scores.naturalness),
        float(scores.transfer_score),
    )


def summands(terms: pd.DataFrame, failures: Failures = "worst") -> Floats:
    """What the scores are ratios of sums of.

    Returns:
        (n, 8): expression error and change, AU error of the output and of the target's neutral
        face, identity kept and identity gap, NIQE, and 1. Rows that do not count are all 0.
    """
    ok = (terms["outcome"] == "ok").to_numpy(dtype=bool)
    # An image with an outcome of ok may still have no NIQE (a flat one): that term alone is
    # substituted then.
    error, au_error, distance, niqe = (
        np.where(ok & np.isfinite(_array(terms, name)), _array(terms, name), _array(terms, worst))
        for name, worst in ((name, f"{name}_worst") for name in TERMS_WITH_SUBSTITUTE)
    )
    source_distance = _array(terms, "id_dist_source_neutral")
    columns = [
        error,
        _array(terms, "expression_change"),
        au_error,
        _array(terms, "au_mse_neutral"),
        source_distance - distance,
        source_distance - _array(terms, "id_dist_target_neutral"),
        niqe,
        np.ones(len(terms)),
    ]
    counts = (terms["kind"] == "cross").to_numpy(dtype=bool)
    if failures == "excluded":
        counts = counts & ok
    return np.where(counts[:, None], np.column_stack(columns), 0.0)


def scores_of_sums(sums: Floats, niqe_real: float) -> Scores[Floats]:
    """Scores of weighted sums of ``summands``, shape (..., 8)."""
    error, change, au_error, au_error_neutral, kept, gap, niqe, count = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expression = 1.0 - error / change
        raw = 1.0 - au_error / au_error_neutral
        retention = kept / gap
        naturalness = np.minimum(1.0, niqe_real * count / niqe)
    transfer = harmonic_mean(expression, retention, naturalness)
    return Scores(*map(np.asarray, (expression, raw, retention, naturalness, transfer)))


def harmonic_mean(*parts: Floats) -> Floats:
    """Harmonic mean of arrays of one shape; 0 where any is <= 0, NaN where any is NaN."""
    stacked = np.stack(parts)
    positive = (stacked > 0).all(axis=0)
    with np.errstate(divide="ignore"):
        mean = len(parts) / (1.0 / np.where(stacked > 0, stacked, 1.0)).sum(axis=0)
    return np.where(np.isnan(stacked).any(axis=0), np.nan, np.where(positive, mean, 0.0))


def measures(terms: pd.DataFrame) -> Measures:
    """Means over the cross pairs of a table of terms at one alpha."""
    cross = terms[terms["kind"] == "cross"]
    ok = (cross["outcome"] == "ok").to_numpy(dtype=bool)
    return Measures(
        **{
            name: float(cross[name].where(ok, cross[f"{name}_worst"]).mean())
            for name in ("au_mse", "au_mae")
        },
        **{
            name: float(cross.loc[ok, name].mean())
            for name in (
                "id_dist_target",
                "id_dist_source",
                "id_dist_target_mean",
                "id_dist_source_mean",
            )
        },
        coverage=float(ok.mean()) if ok.size else float("nan"),
    )


def _array(terms: pd.DataFrame, column: str) -> Floats:
    return np.asarray(terms[column].to_numpy(dtype=np.float64))
