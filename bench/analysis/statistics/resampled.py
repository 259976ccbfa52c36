"""A quantity under resampling of people: its interval, its standard error, its p-value.

The pigeonhole bootstrap resamples sources and targets together. Its variance counts the part that
belongs to single pairs three times (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics
1(2), 2007, doi:10.1214/07-AOAS122, theorem 4), and its percentiles are those of n people without
the correction for n - 1: with 20 people a side its nominal 95 % intervals hold the truth in 92 %
of the simulations where people differ much, and in more than 99 % where they hardly differ. Both
are mended here:

- Resampling one side alone gives the variances v_s and v_t, and v - v_s - v_t is what the pairs
  add. The variance is then V = S/(S-1) v_s + T/(T-1) v_t - v_pairs, and at least v_pairs: the
  two-way cluster-robust variance of Cameron, Gelbach and Miller, "Robust inference with multiway
  clustering", Journal of Business & Economic Statistics 29(2), 2011, doi:10.1198/jbes.2010.07136.
- The resampled values are scaled about the estimate to have that variance (Rao and Wu, "Resampling
  inference with complex survey data", Journal of the American Statistical Association 83(401),
  1988, doi:10.1080/01621459.1988.10478591).
- The percentiles are those whose normal quantile is the t quantile (the expanded percentile
  interval of Hesterberg, "What teachers should know about the bootstrap", The American
  Statistician 69(4), 2015, doi:10.1080/00031305.2015.1089789). Its degrees of freedom are S - 1
  and T - 1 averaged harmonically by the shares of the two variances, which is never more than
  Satterthwaite's (Biometrics Bulletin 2(6), 1946, doi:10.2307/3002019).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

__all__ = ["EQUAL", "LEVEL", "Resampled", "ResampledSums"]

Floats = NDArray[np.float64]

EQUAL = 1e-9
"""Scores that differ by less are one score: the same images read in another batch differ so."""

LEVEL = 0.95
"""Of every interval; a p-value up to 1 - LEVEL is a finding."""

# Fewer resamples beyond zero than this do not tell how many there are in the long run.
FEWEST_BEYOND = 10


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """An estimate with B resampled values of three kinds; NaN where a resample defines none.

    Attributes:
        value: the estimate from the data.
        both: (B,) sources and targets resampled.
        source_only, target_only: (B,) one side resampled, the other as it is.
        sources, targets: how many people there are on each side.
    """

    value: float
    both: Floats
    source_only: Floats
    target_only: Floats
    sources: int
    targets: int

    def __sub__(self, other: Resampled) -> Resampled:
        """The difference, resample by resample; both must rest on the same draws."""
        return Resampled(
            self.value - other.value,
            self.both - other.both,
            self.source_only - other.source_only,
            self.target_only - other.target_only,
            min(self.sources, other.sources),
            min(self.targets, other.targets),
        )

    @property
    def identities(self) -> int:
        """The fewer of the people on the two sides."""
        return min(self.sources, self.targets)

    @property
    def standard_error(self) -> float:
        """Square root of the two-way variance; NaN without a defined resample."""
        variance, _ = self._spread()
        return float(np.sqrt(variance))

    @property
    def degrees_of_freedom(self) -> float:
        """Of the t distribution that the percentiles are expanded to."""
        return self._spread()[1]

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Low and high end of the rescaled, expanded percentile interval; NaN if undefined.

        It never leaves the range of the resampled values, so that a score that cannot be above 1
        has no end above 1.
        """
        raw = self.both[np.isfinite(self.both)]
        if not raw.size or not np.isfinite(self.value):
            return np.nan, np.nan
        tail = float(ndtr(stdtrit(self.degrees_of_freedom, (1 - level) / 2)))
        low, high = np.quantile(self._rescaled(), [tail, 1 - tail])
        least, most = min(raw.min(), self.value), max(raw.max(), self.value)
        return float(np.clip(low, least, most)), float(np.clip(high, least, most))

    def p_value(self) -> float:
        """Two-sided p-value of a true value of 0, by inverting ``interval``; NaN if undefined.

        Where fewer resamples than can tell lie beyond 0, the tail on that side goes on as a normal
        one would.
        """
        values = self._toward_zero()
        if not values.size or not np.isfinite(self.value):
            return float("nan")
        distance = abs(self.value)
        if distance <= EQUAL:
            return 1.0
        if self.standard_error < EQUAL:
            return 0.0
        last, z_last = _last_told(values.size)
        beyond = int((values <= EQUAL).sum())
        if beyond >= last:
            z = -ndtri(min(0.5, beyond / values.size))
        else:
            z = z_last * distance / (distance - values[last - 1])
        return float(2 * stdtr(self.degrees_of_freedom, -z))

    def reach(self, level: float = LEVEL) -> float:
        """How far the interval reaches from the value toward 0, at levels of any height.

        The value is significantly not 0, ``p_value() < 1 - level``, if it is larger than this.
        """
        values = self._toward_zero()
        if not values.size or not np.isfinite(self.value):
            return float("nan")
        t = stdtrit(self.degrees_of_freedom, (1 - level) / 2)
        last, z_last = _last_told(values.size)
        if ndtr(t) * values.size >= last:
            return float(abs(self.value) - np.quantile(values, ndtr(t)))
        return float((abs(self.value) - values[last - 1]) * -t / z_last)

    def _toward_zero(self) -> Floats:
        """The rescaled values, turned so that the value is positive, ascending."""
        return np.sort(self._rescaled() * (-1.0 if self.value < 0 else 1.0))

    def _rescaled(self) -> Floats:
        values = self.both[np.isfinite(self.both)]
        if not values.size:
            return values
        variance, raw = self._spread()[0], values.var()
        factor = np.sqrt(variance / raw) if raw > 0 else 1.0
        return np.asarray(self.value + factor * (values - self.value))

    def _spread(self) -> tuple[float, float]:
        """Variance and degrees of freedom."""
        both, source, target = (
            _variance(values) for values in (self.both, self.source_only, self.target_only)
        )
        of_pairs = max(both - source - target, 0.0)
        degrees = max(self.sources - 1, 1), max(self.targets - 1, 1)
        of_people = source * (1 + 1 / degrees[0]), target * (1 + 1 / degrees[1])
        variance = max(sum(of_people) - of_pairs, of_pairs)
        if not sum(of_people):
            return variance, float(degrees[0] * degrees[1])
        shares = of_people[0] / degrees[0] + of_people[1] / degrees[1]
        return variance, float(sum(of_people) / shares)


@dataclass(frozen=True, slots=True, eq=False)
class ResampledSums:
    """K sums over pairs, as they are and resampled, from which any ratio of sums is made.

    Attributes:
        total: (K,).
        both, source_only, target_only: (B, K), as in ``Resampled``.
        sources, targets: how many people there are on each side.
    """

    total: Floats
    both: Floats
    source_only: Floats
    target_only: Floats
    sources: int
    targets: int

    def quantity(self, function: Callable[[Floats], Floats]) -> Resampled:
        """A function of the sums, (..., K) to (...), under the same resampling."""
        return Resampled(
            float(function(self.total)),
            function(self.both),
            function(self.source_only),
            function(self.target_only),
            self.sources,
            self.targets,
        )


def _variance(values: Floats) -> float:
    defined = values[np.isfinite(values)]
    return float(defined.var()) if defined.size else float("nan")


def _last_told(resamples: int) -> tuple[int, float]:
    """How many resamples make the last tail that can be told, and its normal quantile."""
    last = max(1, min(FEWEST_BEYOND, resamples // 4))
    return last, float(-ndtri(min(0.25, last / resamples)))
