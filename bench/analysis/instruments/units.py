"""How far each Action Unit is read as it is known to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.analysis.bootstrap import Interval, percentile_interval
from bench.analysis.embeddings import Floats
from bench.run.readings import AUReadings
from metrics.agreement import correlation_sums, mean_absolute_error, pearson, pearson_of_sums
from metrics.au.facs import ACTION_UNIT_NAMES

__all__ = ["LEAST_R", "UnitAgreement", "agreement_of_units"]

LEAST_R: Final = 0.95

RESAMPLES: Final = 2000


@dataclass(frozen=True, slots=True)
class UnitAgreement:
    """One Action Unit, as read and as it is.

    Attributes:
        name: its FACS name.
        dev_r: Pearson's r on the dev images; NaN if the truth is constant there.
        test_r: on the test images.
        test_interval: 95 % interval of ``test_r`` over identities.
        test_error: mean absolute error on the test images, None on another scale than the truth's.
    """

    action_unit: str
    name: str
    dev_r: float
    test_r: float
    test_interval: Interval
    test_error: float | None

    @property
    def passed(self) -> bool:
        return self.dev_r >= LEAST_R and self.test_r >= LEAST_R


def agreement_of_units(
    au: AUReadings, identities: NDArray[np.str_], parts: Mapping[str, NDArray[np.bool_]]
) -> tuple[UnitAgreement, ...]:
    """Agreement of each unit that the estimator and the truth share.

    Args:
        au: readings of N images beside the truth.
        identities: (N,), whose people the intervals resample.
        parts: (N,) which images are in ``dev`` and in ``test``.
    """
    dev, test = (au.readable & parts[part] for part in ("dev", "test"))
    dev_r, test_r = (_correlations(au, rows) for rows in (dev, test))
    intervals = _intervals(au.values[test], au.truth[test], identities[test])
    # An intensity can be compared with the truth; a probability or a blendshape cannot.
    errors: Sequence[float | None] = [None] * len(au.action_units)
    if au.card.scale == "intensity 0..5" and test.any():
        errors = [float(e) for e in mean_absolute_error(au.values[test], au.truth[test])]
    return tuple(
        UnitAgreement(
            unit,
            ACTION_UNIT_NAMES.get(unit, ""),
            float(dev_r[index]),
            float(test_r[index]),
            intervals[index],
            errors[index],
        )
        for index, unit in enumerate(au.action_units)
    )


def _correlations(au: AUReadings, rows: NDArray[np.bool_]) -> Floats:
    if not rows.any():
        return np.full(len(au.action_units), np.nan)
    return pearson(au.values[rows], au.truth[rows])


def _intervals(values: Floats, truth: Floats, identities: NDArray[np.str_]) -> list[Interval]:
    """95 % intervals of r by resampling identities, whose images are not independent."""
    names, codes = np.unique(identities, return_inverse=True)
    if not names.size:
        return [Interval(np.nan, np.nan, 0)] * values.shape[1]
    sums = np.zeros((len(names), 6, values.shape[1]))
    np.add.at(sums, codes, correlation_sums(values - values.mean(0), truth - truth.mean(0)))
    generator = np.random.default_rng(0)
    counts = generator.multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES
    ).astype(np.float64)
    resampled = pearson_of_sums(np.tensordot(counts, sums, axes=1))
    return [percentile_interval(column, len(names)) for column in resampled.T]
