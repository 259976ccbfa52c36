"""Whether instruments can be trusted: their readings of real images against what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.analysis.bootstrap import Interval, percentile_interval
from bench.analysis.embeddings import Floats
from bench.run.readings import AUReadings, Readings
from metrics.agreement import (
    correlation_sums,
    equal_error_rate,
    mean_absolute_error,
    pearson,
    pearson_of_sums,
    verification_scores,
)
from metrics.au.facs import ACTION_UNIT_NAMES

__all__ = [
    "LEAST_COVERAGE",
    "LEAST_R",
    "MOST_EER",
    "InstrumentCheck",
    "UnitAgreement",
    "Verification",
    "check_readings",
]

LEAST_R: Final = 0.95
MOST_EER: Final = 0.01
LEAST_COVERAGE: Final = 0.99

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


@dataclass(frozen=True, slots=True)
class Verification:
    """How well embeddings tell people apart, over all pairs of images.

    Attributes:
        part: ``dev``, ``test`` or ``both``.
        equal_error_rate: 0 to 1.
        same: mean cosine of two images of one person.
        same_low: the cosine that 1 % of these pairs fall short of.
        different: mean cosine of images of two people.
        different_high: the cosine that 1 % of these pairs exceed.
        follows_expression: Pearson's r of the distance of an image to its person's identity
            reference, made without that image, and the strength of its expression; None
            without a truth.
    """

    part: str
    people: int
    images: int
    equal_error_rate: float
    same: float
    same_low: float
    different: float
    different_high: float
    follows_expression: float | None

    @property
    def passed(self) -> bool:
        return self.equal_error_rate <= MOST_EER


@dataclass(frozen=True, slots=True)
class InstrumentCheck:
    """What a check found.

    Attributes:
        units: empty without a truth.
        unread: Action Units of the truth that the estimator does not read.
        coverage: share of the images of ``dev`` and ``test`` that the estimator could read.
        verification: of ``dev``, ``test`` and ``both``.
    """

    benchmark: str
    embedder: dict[str, Any]
    au_estimator: dict[str, Any] | None
    units: tuple[UnitAgreement, ...]
    unread: tuple[str, ...]
    coverage: dict[str, float]
    verification: tuple[Verification, ...]

    @property
    def missed(self) -> tuple[str, ...]:
        """What falls short of its limit; empty if nothing does."""
        units = tuple(unit.action_unit for unit in self.units if not unit.passed)
        coverage = tuple(
            f"faces found on {part}"
            for part, share in self.coverage.items()
            if share < LEAST_COVERAGE
        )
        rates = tuple(f"EER on {row.part}" for row in self.verification if not row.passed)
        return units + coverage + rates

    def to_dict(self) -> dict[str, Any]:
        """JSON values; what is not a number becomes null."""
        limits = {"r": LEAST_R, "equal_error_rate": MOST_EER, "coverage": LEAST_COVERAGE}
        values = {
            "schema_version": 1,
            **asdict(self),
            "limits": limits,
            "missed": self.missed,
            "passed": not self.missed,
        }
        return {name: _without_nan(value) for name, value in values.items()}


def check_readings(readings: Readings, benchmark: str) -> InstrumentCheck:
    """Compares what the instruments read from all real images with what is known of them."""
    parts = {part: readings.parts == part for part in ("dev", "test")}
    everything = {**parts, "both": parts["dev"] | parts["test"]}
    au = readings.au
    return InstrumentCheck(
        benchmark=benchmark,
        embedder=readings.embedder.to_dict(),
        au_estimator=au.card.to_dict() if au else None,
        units=_agreement(au, readings.identities, parts) if au else (),
        unread=au.unread if au else (),
        coverage={part: float(au.readable[rows].mean()) for part, rows in parts.items()}
        if au
        else {},
        verification=tuple(
            _verification(readings, part, rows) for part, rows in everything.items()
        ),
    )


def _agreement(
    au: AUReadings, identities: NDArray[np.str_], parts: dict[str, NDArray[np.bool_]]
) -> tuple[UnitAgreement, ...]:
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


def _verification(readings: Readings, part: str, rows: NDArray[np.bool_]) -> Verification:
    embeddings, identities = readings.embeddings[rows], readings.identities[rows]
    same, different = verification_scores(embeddings, identities)
    follows = None
    if readings.au:
        distances = _distances_to_own(embeddings, identities, readings.is_reference[rows])
        follows = float(pearson(distances, readings.au.strength[rows]))
    return Verification(
        part=part,
        people=len(np.unique(identities)),
        images=len(identities),
        equal_error_rate=equal_error_rate(same, different),
        same=float(same.mean()),
        same_low=float(np.quantile(same, 0.01)),
        different=float(different.mean()),
        different_high=float(np.quantile(different, 0.99)),
        follows_expression=follows,
    )


def _distances_to_own(
    embeddings: Floats, identities: NDArray[np.str_], is_reference: NDArray[np.bool_]
) -> Floats:
    """L2 distances (N,) to the identity reference of the own person.

    An image of the reference set is left out of its own reference: else it would be nearer for
    no other reason than that it is a part of it.
    """
    names, codes = np.unique(identities, return_inverse=True)
    sums = np.zeros((len(names), embeddings.shape[1]))
    np.add.at(sums, codes[is_reference], embeddings[is_reference])
    centres = sums[codes] - embeddings * is_reference[:, None]
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return np.asarray(np.linalg.norm(embeddings - centres, axis=1))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
