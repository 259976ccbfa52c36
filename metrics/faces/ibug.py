"""Five points of a face from the 68 of iBUG (:mod:`metrics.landmarks`)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.landmarks import LANDMARKS

__all__ = ["five_points"]

_LEFT_EYE: Final = slice(36, 42)
_RIGHT_EYE: Final = slice(42, 48)
_NOSE: Final = 30
_LEFT_MOUTH: Final = 48
_RIGHT_MOUTH: Final = 54


def five_points(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points (5, 2) of :data:`metrics.faces.finder.POINTS` from landmarks (68, 2).

    The centre of an eye is the mean of the six points of its lids, as in the Glow demo.

    Raises:
        ValueError: not 68 landmarks.
    """
    if landmarks.shape != (LANDMARKS, 2):
        raise ValueError(f"expected {LANDMARKS} landmarks, got an array {landmarks.shape}")
    eyes = [landmarks[eye].mean(axis=0) for eye in (_LEFT_EYE, _RIGHT_EYE)]
    return np.stack([*eyes, *landmarks[[_NOSE, _LEFT_MOUTH, _RIGHT_MOUTH]]])
