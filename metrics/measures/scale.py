"""The scales of AU estimators: from which value on an Action Unit is active, and present."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SCALES", "AUScale", "find_scale"]


@dataclass(frozen=True, slots=True)
class AUScale:
    """A scale that Action Units are read on. Values of two scales are never compared.

    Attributes:
        name: as in the card of the estimator.
        highest: the largest value; the smallest is 0.
        active: from this value on an Action Unit of the source is active.
        presence: from this value on an Action Unit counts as present; None if presence cannot be
            told on this scale.
        reason: where the two thresholds come from.
    """

    name: str
    highest: float
    active: float
    presence: float | None
    reason: str


SCALES: Final = (
    AUScale(
        "intensity 0..5", 5.0, 1.0, 1.0,
        "1 is intensity A of FACS, a trace; studies of DISFA take 2 and find fewer",
    ),
    AUScale(
        "probability 0..1", 1.0, 0.5, 0.5,
        "a detector calls an Action Unit present if that is more likely than not",
    ),
    AUScale(
        "blendshape 0..1", 1.0, 0.2, None,
        "active from a fifth of the range on, as 1 is of 0..5; a blendshape weight is calibrated "
        "against no FACS coder, so presence is not told from it",
    ),
)  # fmt: skip
"""The scales of the estimators here. A plugin with another scale lacks the metrics with a
threshold."""


def find_scale(name: str) -> AUScale | None:
    """The scale of that name, None for one that is not known."""
    return next((scale for scale in SCALES if scale.name == name), None)
