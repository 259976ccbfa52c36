"""The change from each person's own neutral face: dy of the output beside ds of the source."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.agreement import correlation_sums, pearson_of_sums
from metrics.measures.card import MetricCard
from metrics.measures.errors import mean_absolute_errors
from metrics.measures.measure import Measure, ratio, with_count
from metrics.measures.pairs import PairReadings

__all__ = [
    "AU_DELTA_CORR",
    "AU_DELTA_COS",
    "AU_DELTA_MAE",
    "cosine_of_sums",
    "cosine_sums",
    "mean_correlation",
]

Floats = NDArray[np.float64]

_NEUTRAL = (
    "estimators read resting faces differently, which the own neutral face takes out; in the unit "
    "of the estimator's scale"
)
_NO_UNIT = "a pure number on any scale"
_REASON = "one-frame calibration by the neutral face, as in arXiv 2409.00240"


def cosine_sums(first: Floats, second: Floats) -> Floats:
    """What each row adds to a cosine: x y, x^2 and y^2, (N, 3) of two (N, A)."""
    return np.stack([(first * second).sum(1), (first**2).sum(1), (second**2).sum(1)], axis=-1)


def cosine_of_sums(sums: Floats) -> Floats:
    """Cosine (...) of summed :func:`cosine_sums` (..., 3); NaN where a side is all zero."""
    product, first, second = np.moveaxis(sums, -1, 0)
    # Each root alone: the product of two tiny squares would be 0.
    norms = np.sqrt(first) * np.sqrt(second)
    return np.asarray(np.clip(product / np.where(norms > 0.0, norms, np.nan), -1.0, 1.0))


def mean_correlation(sums: Floats) -> Floats:
    """Mean over Action Units of Pearson's r (...) of summed ``correlation_sums`` (..., 6 A).

    Action Units that are constant on a side have no r and are left out; NaN if all are.
    """
    coefficients = pearson_of_sums(sums.reshape(*sums.shape[:-1], 6, -1))
    defined = np.isfinite(coefficients)
    total = np.where(defined, coefficients, 0.0).sum(axis=-1)
    return ratio(np.stack([total, defined.sum(axis=-1).astype(np.float64)], axis=-1))


def _changes(pairs: PairReadings) -> tuple[Floats, Floats]:
    """dy and ds, both (N, A)."""
    return pairs.output - pairs.target_neutral, pairs.source - pairs.source_neutral


def _correlation_parts(pairs: PairReadings) -> Floats:
    sums = correlation_sums(*_changes(pairs))
    return sums.reshape(len(sums), 6 * len(pairs.action_units))


AU_DELTA_MAE: Final = Measure(
    MetricCard(
        name="au_delta_mae",
        title="absolute error of the change",
        formula="mean over AUs of |dy - ds|, dy = a(y) - a(n_target), ds = a(s) - a(n_source)",
        direction="down",
        unit="AU scale",
        range="0 and up",
        best=0.0,
        needs=("action units",),
        aggregation="mean over pairs",
        failures="worst anchor",
        scales=_NEUTRAL,
        source=_REASON,
        symmetric=True,
    ),
    lambda pairs: with_count(mean_absolute_errors(*_changes(pairs))),
    ratio,
)

AU_DELTA_COS: Final = Measure(
    MetricCard(
        name="au_delta_cos",
        title="direction of the change",
        formula="sum dy.ds / sqrt(sum |dy|^2 sum |ds|^2)",
        direction="up",
        unit="",
        range="-1 to 1",
        best=1.0,
        needs=("action units",),
        aggregation="cosine of the changes of all pairs as one vector: a source that hardly moves "
        "hardly counts; undefined for a method that changes nothing",
        failures="left out",
        scales=_NO_UNIT,
        source="the direction alone; au_delta_mae has the size",
        symmetric=True,
    ),
    lambda pairs: cosine_sums(*_changes(pairs)),
    cosine_of_sums,
)

AU_DELTA_CORR: Final = Measure(
    MetricCard(
        name="au_delta_corr",
        title="correlation of the change",
        formula="mean over AUs of Pearson's r of dy and ds over the pairs",
        direction="up",
        unit="",
        range="-1 to 1",
        best=1.0,
        needs=("action units",),
        aggregation="r of each AU over the pairs, then the mean over AUs; an AU that is constant "
        "over the pairs has no r and is left out",
        failures="left out",
        scales=_NO_UNIT,
        source="whether an AU of the output is stronger where the source's is",
        symmetric=True,
    ),
    _correlation_parts,
    mean_correlation,
)
