"""Instruments: identity embedders, Action Unit estimators and image metrics, usable alone.

Importing this package loads NumPy and nothing heavier; the instruments themselves are in
:mod:`metrics.embedders`, :mod:`metrics.au` and :mod:`metrics.niqe`.
"""

from metrics.cards import InstrumentCard
from metrics.contracts import (
    EYE_POSITIONS,
    AUEstimator,
    AUReading,
    Embedder,
    Images,
    Outcome,
    check_images,
)
from metrics.weights import find_weights, sha256_of

__all__ = [
    "EYE_POSITIONS",
    "AUEstimator",
    "AUReading",
    "Embedder",
    "Images",
    "InstrumentCard",
    "Outcome",
    "check_images",
    "find_weights",
    "sha256_of",
]
