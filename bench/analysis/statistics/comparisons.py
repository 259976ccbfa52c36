"""Methods compared in pairs on the same resampled people, and what it would take to part them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from bench.analysis.records import number_or_none, without_nan
from bench.analysis.statistics.holm import holm, holm_multiplicities
from bench.analysis.statistics.resampled import EQUAL, LEVEL, Resampled

__all__ = [
    "Comparison",
    "Explanation",
    "compare_differences",
    "compare_methods",
    "comparison_of",
    "explain",
]

# Beyond this many times as many people the difference is too small to matter to anybody.
MOST_TIMES = 1000.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The paired difference of two methods in one score.

    Attributes:
        first, second: names of the methods.
        difference: score of the first minus score of the second.
        low, high: 95 % interval of the difference, for this comparison alone.
        p_value: two-sided, of no difference, for this comparison alone; NaN if undefined.
        p_adjusted: after Holm over all comparisons that were made together.
        multiplicity: what Holm's step multiplied ``p_value`` by.
        sources, targets: how many people it rests on.
        reach: how far the interval that Holm asks for goes from the difference toward 0.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    multiplicity: float
    sources: int
    targets: int
    reach: float

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, and ``separated``; what is undefined is null."""
        return {**without_nan(asdict(self)), "separated": self.separated}

    @property
    def separated(self) -> bool:
        """Whether the data tell the two apart, all comparisons considered."""
        return self.p_adjusted <= 1 - LEVEL

    def reversed(self) -> Comparison:
        """The same with the methods in the other order."""
        return Comparison(
            self.second,
            self.first,
            -self.difference,
            -self.high,
            -self.low,
            self.p_value,
            self.p_adjusted,
            self.multiplicity,
            self.sources,
            self.targets,
            self.reach,
        )


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why two methods share a place or do not.

    Attributes:
        comparison: of the two.
        times: how many times as many people would separate them; 1 or less if they are separated,
            infinite if they score the same.
        more_sources, more_targets: about how many people that is more on each side; None if none
            is needed or no sensible number would do.
        reason: one sentence.
    """

    comparison: Comparison
    times: float
    more_sources: int | None
    more_targets: int | None
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The fields by name; what is undefined or infinite is null."""
        return {
            "comparison": self.comparison.to_dict(),
            "times": number_or_none(self.times),
            "more_sources": self.more_sources,
            "more_targets": self.more_targets,
            "reason": self.reason,
        }


def compare_methods(scores: Mapping[str, Resampled]) -> list[Comparison]:
    """All pairs of methods, with Holm over all of them.

    Every pair belongs to the family, also when only those with the best method are of interest:
    which method is the best was chosen by the same data.

    Args:
        scores: one score of every method, resampled with the same draws.

    Returns:
        One comparison for each two methods, in the order of ``scores``.
    """
    pairs = list(combinations(scores, 2))
    return compare_differences(pairs, [scores[first] - scores[second] for first, second in pairs])


def compare_differences(
    names: Sequence[tuple[str, str]], differences: Sequence[Resampled]
) -> list[Comparison]:
    """Paired differences that are tested together, with Holm over all of them.

    Args:
        names: first and second of each difference.
        differences: first minus second, all on the same draws.

    Returns:
        One comparison for each difference, in their order.
    """
    p_values = np.array([difference.p_value() for difference in differences])
    adjusted, multiplicities = holm(p_values), holm_multiplicities(p_values)
    comparisons = []
    for place, ((first, second), difference) in enumerate(zip(names, differences, strict=True)):
        low, high = difference.interval()
        comparisons.append(
            Comparison(
                first=first,
                second=second,
                difference=difference.value,
                low=low,
                high=high,
                p_value=float(p_values[place]),
                p_adjusted=float(adjusted[place]),
                multiplicity=float(multiplicities[place]),
                sources=difference.sources,
                targets=difference.targets,
                reach=difference.reach(1 - (1 - LEVEL) / multiplicities[place]),
            )
        )
    return comparisons


def comparison_of(first: str, second: str, comparisons: Sequence[Comparison]) -> Comparison:
    """The comparison of two methods, in this order.

    Raises:
        ValueError: the two were not compared.
    """
    for comparison in comparisons:
        if (comparison.first, comparison.second) == (first, second):
            return comparison
        if (comparison.first, comparison.second) == (second, first):
            return comparison.reversed()
    raise ValueError(f"{first} and {second} were not compared: they are not on one board")


def explain(first: str, second: str, comparisons: Sequence[Comparison]) -> Explanation:
    """Why two methods are separated or not, and about how many more people would separate them.

    The width of an interval goes with 1/sqrt(n) when the people on both sides grow alike, so the
    present difference would reach the edge of what Holm asks for with (reach / difference)^2 times
    as many people. It is a guess from one noisy difference: with that many people the chance to
    separate the two is about one half if the present difference is the true one.

    Raises:
        ValueError: the two were not compared.
    """
    comparison = comparison_of(first, second, comparisons)
    times = _times_as_many(comparison)
    more: tuple[int | None, int | None] = (None, None)
    p_value = f"p = {comparison.p_adjusted:.2g} after Holm"
    if np.isnan(comparison.p_value):
        reason = "the score of one of them is undefined, so nothing can be said"
    elif comparison.separated:
        better, worse = (first, second) if comparison.difference > 0 else (second, first)
        reason = f"{better} is better than {worse}: {p_value}"
    elif not np.isfinite(times):
        reason = (
            "they score the same on these people, so nothing says how many more would separate them"
        )
    elif times > MOST_TIMES:
        reason = (
            f"not separated ({p_value}), and the difference is so small that more than "
            f"{MOST_TIMES:.0f} times as many people would be needed"
        )
    else:
        sources, targets = (
            max(1, math.ceil(count * times) - count)
            for count in (comparison.sources, comparison.targets)
        )
        more = (sources, targets)
        reason = (
            f"not separated ({p_value}); if the present difference is the true one, about "
            f"{sources} more sources and {targets} more targets would separate them"
        )
    return Explanation(comparison, times, *more, reason)


def _times_as_many(comparison: Comparison) -> float:
    if np.isnan(comparison.p_value):
        return float("nan")
    if abs(comparison.difference) <= EQUAL:
        return float("inf")
    return (comparison.reach / comparison.difference) ** 2
