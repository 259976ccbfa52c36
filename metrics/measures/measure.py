"""A metric as sums over pairs, so that a bootstrap of it is one matrix product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.measures.card import MetricCard
from metrics.measures.pairs import PairReadings

__all__ = ["Measure", "ratio", "with_count"]

Floats = NDArray[np.float64]


def _nothing(_: PairReadings) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric of :class:`PairReadings`.

    Attributes:
        card: what it is.
        summands: (N, K), what each pair adds; a row of NaN where the pair says nothing. A pair
            that is not ``ok`` is such a row whatever this function says.
        of_sums: the metric (...) of sums (..., K) over any pairs, weighted or not; NaN where it
            is not defined.
        lacking: why it cannot be computed from these readings, in one sentence; empty if it can.
        remark: what a reader must know of the number beside the card; often empty.
    """

    card: MetricCard
    summands: Callable[[PairReadings], Floats]
    of_sums: Callable[[Floats], Floats]
    lacking: Callable[[PairReadings], str] = _nothing
    remark: Callable[[PairReadings], str] = _nothing

    def parts(self, pairs: PairReadings) -> Floats:
        """(N, K) summands; rows of NaN where a pair failed or says nothing."""
        parts = np.asarray(self.summands(pairs), dtype=np.float64)
        says_nothing = ~pairs.ok | ~np.isfinite(parts).all(axis=1)
        return np.where(says_nothing[:, None], np.nan, parts)

    def of_each(self, pairs: PairReadings) -> Floats:
        """(N,) the metric of every pair alone; NaN where it is not defined."""
        return self.of_sums(self.parts(pairs))

    def value(self, pairs: PairReadings) -> float:
        """The metric of all pairs that did not fail; NaN if that is not defined."""
        parts = self.parts(pairs)
        measured = np.isfinite(parts).all(axis=1)
        if not measured.any():
            return float("nan")
        return float(self.of_sums(parts[measured].sum(axis=0)))


def with_count(values: Floats) -> Floats:
    """Summands (N, 2) of a mean: the values (N,) and 1."""
    return np.stack([values, np.ones_like(values)], axis=-1)


def ratio(sums: Floats) -> Floats:
    """First over second of sums (..., 2); NaN where the second is 0."""
    above, below = np.moveaxis(sums, -1, 0)
    return np.asarray(above / np.where(below != 0.0, below, np.nan))
