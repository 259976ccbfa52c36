"""Metrics with a threshold: active, invented, present and absent Action Units."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.measures.card import MetricCard
from metrics.measures.errors import absolute_errors
from metrics.measures.measure import Measure, ratio, with_count
from metrics.measures.pairs import PairReadings
from metrics.measures.scale import SCALES

__all__ = [
    "AUCON",
    "AU_ACTIVE_MAE",
    "AU_HALLUCINATION",
    "AU_PRESENCE_F1",
    "active_error_sums",
    "agreement",
    "confusion",
    "hallucination_sums",
    "macro_f1",
]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ACTIVE = "; ".join(f"{scale.active:g} on {scale.name}" for scale in SCALES)
_PRESENT = "; ".join(
    f"{scale.name}: from {scale.presence:g} on" if scale.presence else f"{scale.name}: not told"
    for scale in SCALES
)
_ACTIVE_SCALES = f"active from {_ACTIVE}; not computed on an unknown scale"
_PRESENT_SCALES = f"present ({_PRESENT}); not computed where it is not told"


def active_error_sums(output: Floats, source: Floats, active: float) -> Floats:
    """Summed |a(y) - a(s)| over the source's active Action Units, and how many these are.

    Args:
        output, source: (N, A).
        active: the threshold on their scale.

    Returns:
        (N, 2); NaN where an Action Unit was not read.
    """
    errors = absolute_errors(output, source)
    return _sum_and_count(errors, source >= active)


def hallucination_sums(output: Floats, source: Floats, active: float) -> Floats:
    """Summed max(0, a(y) - a(s)) over the source's inactive Action Units, and how many these are.

    Args:
        output, source: (N, A).
        active: the threshold on their scale.

    Returns:
        (N, 2); NaN where an Action Unit was not read.
    """
    return _sum_and_count(np.maximum(0.0, output - source), source < active)


def confusion(output: Floats, source: Floats, presence: float) -> Floats:
    """True positives, false positives and false negatives of each Action Unit.

    Args:
        output, source: (N, A).
        presence: the threshold on their scale.

    Returns:
        (N, 3, A) of 0 and 1; NaN where an Action Unit was not read.
    """
    shown, wanted = output >= presence, source >= presence
    counts = np.stack([shown & wanted, shown & ~wanted, ~shown & wanted], axis=1)
    unread = _unread(output, source)
    return np.where(unread[:, None, None], np.nan, counts)


def macro_f1(sums: Floats) -> Floats:
    """Mean over Action Units of F1 (...) of summed :func:`confusion` (..., 3, A).

    An Action Unit that is present on neither side has no F1 and is left out; NaN if all are.
    """
    hits, invented, missed = np.moveaxis(sums, -2, 0)
    counted = 2.0 * hits + invented + missed
    defined = counted > 0.0
    scores = np.where(defined, 2.0 * hits / np.where(defined, counted, 1.0), 0.0)
    return ratio(np.stack([scores.sum(axis=-1), defined.sum(axis=-1).astype(np.float64)], axis=-1))


def agreement(output: Floats, source: Floats, presence: float) -> Floats:
    """Share of Action Units that are present on both sides or on neither.

    Args:
        output, source: (N, A).
        presence: the threshold on their scale.

    Returns:
        (N,) in 0..1; NaN where an Action Unit was not read.
    """
    share = ((output >= presence) == (source >= presence)).mean(axis=1)
    return np.where(_unread(output, source), np.nan, share)


def _sum_and_count(values: Floats, chosen: Flags) -> Floats:
    sums = np.stack([np.where(chosen, values, 0.0).sum(1), chosen.sum(1)], axis=-1)
    # A comparison turns what was not read into a clear no.
    unread = np.asarray(np.isnan(values).any(axis=1))
    return np.where(unread[:, None], np.nan, sums)


def _unread(output: Floats, source: Floats) -> Flags:
    return np.asarray(np.isnan(output + source).any(axis=1))


def _active(pairs: PairReadings) -> float:
    return pairs.scale.active if pairs.scale else float("nan")


def _presence(pairs: PairReadings) -> float:
    known = pairs.scale.presence if pairs.scale else None
    return float("nan") if known is None else known


def _lacks_active(pairs: PairReadings) -> str:
    return "" if pairs.scale else "there is no threshold for the scale of this AU estimator"


def _lacks_presence(pairs: PairReadings) -> str:
    if pairs.scale and pairs.scale.presence is None:
        return f"presence is not told on the scale {pairs.scale.name}"
    return _lacks_active(pairs)


def _confusion_parts(pairs: PairReadings) -> Floats:
    counts = confusion(pairs.output, pairs.source, _presence(pairs))
    return counts.reshape(len(counts), 3 * len(pairs.action_units))


def _f1_of_sums(sums: Floats) -> Floats:
    return macro_f1(sums.reshape(*sums.shape[:-1], 3, -1))


AU_ACTIVE_MAE: Final = Measure(
    MetricCard(
        name="au_active_mae",
        title="absolute error on active AUs",
        formula="mean of |a(y) - a(s)| over the AUs with a(s) >= threshold",
        direction="down",
        unit="AU scale",
        range="0 and up",
        best=0.0,
        needs=("action units",),
        aggregation="mean over all active AUs of all pairs: a source with many counts more",
        failures="worst anchor",
        scales=_ACTIVE_SCALES,
        source="an error over all AUs is mostly of those at rest",
    ),
    lambda pairs: active_error_sums(pairs.output, pairs.source, _active(pairs)),
    ratio,
    _lacks_active,
)

AU_HALLUCINATION: Final = Measure(
    MetricCard(
        name="au_hallucination",
        title="movement that the source does not show",
        formula="mean of max(0, a(y) - a(s)) over the AUs with a(s) < threshold",
        direction="down",
        unit="AU scale",
        range="0 and up",
        best=0.0,
        needs=("action units",),
        aggregation="mean over all inactive AUs of all pairs",
        failures="worst anchor",
        scales=_ACTIVE_SCALES,
        source="the other side of au_active_mae",
    ),
    lambda pairs: hallucination_sums(pairs.output, pairs.source, _active(pairs)),
    ratio,
    _lacks_active,
)

AU_PRESENCE_F1: Final = Measure(
    MetricCard(
        name="au_presence_f1",
        title="F1 of AU presence",
        formula="mean over AUs of 2 TP / (2 TP + FP + FN), present in y against present in s",
        direction="up",
        unit="",
        range="0 to 1",
        best=1.0,
        needs=("action units",),
        aggregation="F1 of each AU over the pairs, then the mean over AUs; an AU that is nowhere "
        "present is left out",
        failures="worst anchor",
        scales=_PRESENT_SCALES,
        source="the measure of AU detection, such as ME-GraphAU's on BP4D and DISFA",
        symmetric=True,
    ),
    _confusion_parts,
    _f1_of_sums,
    _lacks_presence,
)

AUCON: Final = Measure(
    MetricCard(
        name="aucon",
        title="agreement of AU presence",
        formula="share of AUs that are present in both y and s, or in neither",
        direction="up",
        unit="",
        range="0 to 1",
        best=1.0,
        needs=("action units",),
        aggregation="mean over pairs",
        failures="worst anchor",
        scales=_PRESENT_SCALES,
        source="AUCON of MarioNETte, arXiv 1911.08139 (there with OpenFace)",
        symmetric=True,
    ),
    lambda pairs: with_count(agreement(pairs.output, pairs.source, _presence(pairs))),
    ratio,
    _lacks_presence,
)
