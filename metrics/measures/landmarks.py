"""How far the shape of a face is from the source's, whatever its place, size and roll."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.landmarks import EYE_CORNERS, LANDMARKS
from metrics.measures.card import MetricCard
from metrics.measures.measure import Measure, ratio, with_count
from metrics.measures.pairs import PairReadings

__all__ = ["LMK_NME", "normalised_mean_errors"]

Floats = NDArray[np.float64]


def normalised_mean_errors(points: Floats, wanted: Floats) -> Floats:
    """Mean distance of landmarks after the best similarity, as a share of the interocular distance.

    The similarity (shift, rotation, scale, no reflection) that brings ``points`` nearest to
    ``wanted`` in least squares is a line fitted in the complex plane.

    Args:
        points: (N, 68, 2), x and y in one unit.
        wanted: (N, 68, 2), whose interocular distance is the unit of the result.

    Returns:
        (N,), 0 and up; NaN where a point is missing or all are one.

    Raises:
        ValueError: there are not 68 points.
    """
    if points.shape[-2:] != (LANDMARKS, 2) or wanted.shape != points.shape:
        raise ValueError(
            f"expected two arrays (N, {LANDMARKS}, 2) of landmarks, got {points.shape} and "
            f"{wanted.shape}"
        )
    there = np.isfinite(points + wanted).all(axis=(1, 2))
    errors = np.full(len(points), np.nan)
    errors[there] = _errors_of_complete(points[there], wanted[there])
    return errors


def _errors_of_complete(points: Floats, wanted: Floats) -> Floats:
    moving, fixed = (side[..., 0] + 1j * side[..., 1] for side in (points, wanted))
    left, right = EYE_CORNERS
    unit = np.abs(fixed[:, right] - fixed[:, left])
    moving = moving - moving.mean(axis=1, keepdims=True)
    fixed = fixed - fixed.mean(axis=1, keepdims=True)
    power = np.square(np.abs(moving)).sum(axis=1)
    turn = (moving.conj() * fixed).sum(axis=1) / np.where(power > 0.0, power, 1.0)
    distances = np.abs(turn[:, None] * moving - fixed).mean(axis=1)
    is_shape = (power > 0.0) & (unit > 0.0)
    return np.where(is_shape, distances / np.where(unit > 0.0, unit, 1.0), np.nan)


def _errors(pairs: PairReadings) -> Floats:
    if pairs.output_landmarks is None or pairs.source_landmarks is None:
        return with_count(np.full(len(pairs), np.nan))
    return with_count(normalised_mean_errors(pairs.output_landmarks, pairs.source_landmarks))


def _lacking(pairs: PairReadings) -> str:
    if pairs.output_landmarks is None or pairs.source_landmarks is None:
        return "the AU estimator gives no landmarks, or they were not stored"
    return ""


LMK_NME: Final = Measure(
    MetricCard(
        name="lmk_nme",
        title="landmark error",
        formula="mean over 68 points of |T p(y) - p(s)| / interocular distance of s, T the best "
        "similarity",
        direction="down",
        unit="interocular distance of the source",
        range="0 and up",
        best=0.0,
        needs=("landmarks",),
        aggregation="mean over pairs",
        failures="left out",
        scales="landmarks come from the AU estimator; one without lacks this metric",
        source="NME by the outer eye corners as in 300-W, least squares as in latent-pose-"
        "reenactment; against the source, so the shape of the head counts, too",
    ),
    _errors,
    ratio,
    _lacking,
)
