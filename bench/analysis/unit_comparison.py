"""The error of each Action Unit under several methods, beside doing nothing, and which are hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import Draws, draws_for, resample_sums
from bench.analysis.chosen_readings import ChosenReadings
from bench.analysis.embeddings import Floats
from bench.analysis.statistics.holm import holm
from bench.analysis.statistics.resampled import LEVEL, Resampled, ResampledSums
from metrics.measures.errors import absolute_errors
from metrics.measures.measure import ratio

__all__ = ["HARDEST", "UnitComparison", "UnitDifficulty", "UnitUnderMethod", "compare_units"]

HARDEST = 3
"""So many of the hardest Action Units are named."""

Verdict = Literal["less", "more", ""]
"""Whether a method has less or more error than doing nothing, or the data cannot tell."""


@dataclass(frozen=True, slots=True)
class UnitUnderMethod:
    """One Action Unit under one method; failed pairs count as in ``au_mae``, so that the mean over
    units is that number.

    Attributes:
        mae: mean absolute error to the source, in units of the estimator's scale.
        gain: mean absolute error of doing nothing less that of the method, on the same people;
            positive is better than doing nothing.
        p_value: two-sided, of no gain, for this unit and method alone.
        p_adjusted: after Holm over all units of all contestants; NaN for anchors.
        in_output: mean value in the outputs that did not fail.
    """

    action_unit: str
    mae: Estimate
    gain: Estimate
    p_value: float
    p_adjusted: float
    in_output: float

    @property
    def verdict(self) -> Verdict:
        if not self.p_adjusted <= 1 - LEVEL:
            return ""
        return "less" if self.gain.value > 0 else "more"


@dataclass(frozen=True, slots=True)
class UnitDifficulty:
    """One Action Unit under all contestants together.

    Attributes:
        mae: mean over the contestants of their mean absolute errors; the interval is NaN if they
            were not measured on the same pairs.
        mae_of_nothing: if every output were the target's neutral face.
        in_source: mean value in the sources.
    """

    action_unit: str
    mae: Estimate
    mae_of_nothing: Estimate
    in_source: float

    @property
    def left(self) -> float:
        """Which share of the error of doing nothing is left; NaN where that has none."""
        nothing = self.mae_of_nothing.value
        return self.mae.value / nothing if nothing > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class UnitComparison:
    """A Action Units, the hardest first: those of the largest error under the contestants.

    Attributes:
        units: what is hard.
        methods: by the name that was given, its A units in the order of ``units``.
        looks: how many units of contestants were tested against doing nothing.
        p_last: two-sided p-value of no difference between the last of the hardest and the next
            unit; NaN where there is none.
        identities: the fewer of the people on the two sides.
        pairs: cross pairs.
    """

    units: tuple[UnitDifficulty, ...]
    methods: Mapping[str, tuple[UnitUnderMethod, ...]]
    looks: int
    p_last: float
    identities: int
    pairs: int

    @property
    def hardest(self) -> tuple[str, ...]:
        """The hardest units under all contestants together, the hardest first."""
        return tuple(unit.action_unit for unit in self.units[:HARDEST])

    def hardest_of(self, name: str) -> tuple[str, ...]:
        """The units of largest error under one method, the hardest first."""
        ordered = sorted(self.methods[name], key=lambda unit: -unit.mae.value)
        return tuple(unit.action_unit for unit in ordered[:HARDEST])


def compare_units(
    contestants: Mapping[str, ChosenReadings],
    anchors: Mapping[str, ChosenReadings] | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> UnitComparison | None:
    """Compares methods unit by unit; None without a contestant or a pair.

    Every sum is made of the same resampled people, so that gains are paired differences.

    Args:
        contestants: at least one, all with the same Action Units.
        anchors: other methods to measure, of which nothing is tested.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.
    """
    everybody = {**contestants, **(anchors or {})}
    if not contestants or any(not len(readings) for readings in everybody.values()):
        return None
    first = next(iter(contestants.values()))
    units = first.action_units
    draws = draws_for(
        [readings.rows for readings in everybody.values()], resamples=resamples, seed=seed
    )
    alike = all(np.array_equal(readings.keys, first.keys) for readings in everybody.values())
    errors = {
        name: absolute_errors(readings.output, readings.source)
        for name, readings in everybody.items()
    }
    mean_errors = _mean([errors[name] for name in contestants]) if alike else None
    base = _sums(first, draws, _nothing(first), mean_errors)
    found = {}
    for name, readings in everybody.items():
        # Doing nothing is one number for all methods where they share their pairs.
        own = base if alike else _sums(readings, draws, _nothing(readings), None)
        sums = resample_sums(readings.rows, draws, _with_count(errors[name]))
        found[name] = _of_method(readings, sums, own)
    found, looks = _adjusted(found, list(contestants))
    difficulties = [
        UnitDifficulty(
            action_unit=unit,
            mae=Estimate.of(_mean_of(base, place + len(units)))
            if alike
            else Estimate(
                float(np.mean([found[name][place].mae.value for name in contestants])),
                np.nan,
                np.nan,
            ),
            mae_of_nothing=Estimate.of(_mean_of(base, place)),
            in_source=float(first.source[:, place].mean()),
        )
        for place, unit in enumerate(units)
    ]
    order = sorted(range(len(units)), key=lambda place: -difficulties[place].mae.value)
    return UnitComparison(
        units=tuple(difficulties[place] for place in order),
        methods={name: tuple(values[place] for place in order) for name, values in found.items()},
        looks=looks,
        p_last=_p_last(base, order, len(units)) if alike else float("nan"),
        identities=min(base.sources, base.targets),
        pairs=len(first),
    )


def _nothing(readings: ChosenReadings) -> Floats:
    return absolute_errors(readings.target_neutral, readings.source)


def _mean(tables: Sequence[Floats]) -> Floats:
    total = np.zeros_like(tables[0])
    for table in tables:
        total += table
    return total / len(tables)


def _sums(
    readings: ChosenReadings, draws: Draws, nothing: Floats, others: Floats | None
) -> ResampledSums:
    values = nothing if others is None else np.hstack([nothing, others])
    return resample_sums(readings.rows, draws, _with_count(values))


def _with_count(values: Floats) -> Floats:
    return np.column_stack([values, np.ones(len(values))])


def _mean_of(sums: ResampledSums, place: int) -> Resampled:
    """The mean over pairs of one column; the last one holds the number of pairs."""
    return sums.quantity(lambda values: ratio(values[..., [place, -1]]))


def _of_method(
    readings: ChosenReadings, sums: ResampledSums, nothing: ResampledSums
) -> list[UnitUnderMethod]:
    values = []
    for place, unit in enumerate(readings.action_units):
        mae = _mean_of(sums, place)
        gain = _mean_of(nothing, place) - mae
        measured = readings.output[readings.ok, place]
        values.append(
            UnitUnderMethod(
                action_unit=unit,
                mae=Estimate.of(mae),
                gain=Estimate.of(gain),
                p_value=gain.p_value(),
                p_adjusted=float("nan"),
                in_output=float(measured.mean()) if measured.size else float("nan"),
            )
        )
    return values


def _adjusted(
    found: Mapping[str, list[UnitUnderMethod]], contestants: Sequence[str]
) -> tuple[dict[str, list[UnitUnderMethod]], int]:
    """Holm's correction over all units of all contestants, and how many that are."""
    raw = np.array([[unit.p_value for unit in found[name]] for name in contestants])
    adjusted = dict(zip(contestants, holm(raw), strict=True))
    changed = {
        name: [
            replace(unit, p_adjusted=float(p_value))
            for unit, p_value in zip(units, adjusted[name], strict=True)
        ]
        if name in adjusted
        else units
        for name, units in found.items()
    }
    return changed, int(np.isfinite(raw).sum())


def _p_last(base: ResampledSums, order: Sequence[int], units: int) -> float:
    if len(order) <= HARDEST:
        return float("nan")
    last, following = (_mean_of(base, order[place] + units) for place in (HARDEST - 1, HARDEST))
    return (last - following).p_value()
