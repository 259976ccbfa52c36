"""The floor of a board: differences that a change without meaning makes, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bench.analysis.instruments.board_shifts import BoardShift
from bench.analysis.instruments.repeatability import Repeatability
from bench.analysis.scores import harmonic_mean

__all__ = ["Floor", "floor_of", "largest_score_shift", "largest_shift"]

Scores3 = tuple[float, float, float]
"""E, R and Q of a method."""

REFERENCE_POINT: Final[Scores3] = (0.5, 0.5, 0.5)
"""E, R and Q at which a shift of the transfer score is given where no method is at hand."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What the instruments themselves move, by shifts of one pixel, JPEG 95 and a re-encode.

    A reduction to a smaller resolution is no part of it: it takes something away that only a
    method of that resolution lacks, and would hide differences between all others.

    Attributes:
        part: whose real images it was measured on.
        images: how many.
        shifts: of E, R and Q of a whole board, one for each perturbation and anchor.
        identity: of one image: the largest root mean square distance (L2, 0 to 2) over the
            perturbations.
        action_units: of one image: the largest root mean square change over Action Units, in the
            estimator's units.
        command: what made it; empty if it is not known.
    """

    part: str
    images: int
    shifts: tuple[BoardShift, ...]
    identity: float
    action_units: float
    command: str = ""

    def of(self, score: str) -> float:
        """The floor of ``expression_skill``, ``identity_retention`` or ``naturalness``, 0 and up;
        NaN if none could be measured."""
        return abs(largest_shift(self.shifts, score))

    def of_transfer_score(self, scores: Scores3 = REFERENCE_POINT) -> float:
        """The floor of the transfer score of a method that has these E, R and Q.

        The score is a harmonic mean: the same shift of E weighs more where E is the least.
        """
        return abs(largest_score_shift(self.shifts, scores))

    def to_dict(self) -> dict[str, Any]:
        """The floor of each score, for JSON."""
        return {
            "expression_skill": self.of("expression_skill"),
            "identity_retention": self.of("identity_retention"),
            "naturalness": self.of("naturalness"),
            "transfer_score": self.of_transfer_score(),
            "transfer_score_at": list(REFERENCE_POINT),
            "one_image": {"identity": self.identity, "action_units": self.action_units},
        }


def floor_of(measured: Repeatability) -> Floor:
    """The floor that a panel of perturbations gives."""
    counted = [reading for reading in measured.readings if reading.kind != "reduction"]
    return Floor(
        part=measured.part,
        images=measured.images,
        shifts=tuple(shift for reading in counted for shift in reading.shifts),
        identity=_largest(reading.identity_rms for reading in counted),
        action_units=_largest(reading.au_rms for reading in counted),
    )


def largest_shift(shifts: Sequence[BoardShift], score: str) -> float:
    """The shift of E, R or Q (a field of :class:`BoardShift`) that is largest in size, signed."""
    return _largest(getattr(shift, score) for shift in shifts)


def largest_score_shift(shifts: Sequence[BoardShift], scores: Scores3 = REFERENCE_POINT) -> float:
    """What the transfer score of a method with these E, R and Q changes by, the largest in size."""
    return _largest(_score_shift(shift, scores) for shift in shifts)


def _score_shift(shift: BoardShift, scores: Scores3) -> float:
    before = np.array(scores)
    after = before + np.array([shift.expression_skill, shift.identity_retention, shift.naturalness])
    # Q has an upper limit, and with it what can be gained there.
    after[2] = min(after[2], 1.0)
    return float(harmonic_mean(*after) - harmonic_mean(*before))


def _largest(values: Iterable[float]) -> float:
    return max((v for v in values if np.isfinite(v)), key=abs, default=float("nan"))
