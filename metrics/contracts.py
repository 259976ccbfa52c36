"""What an instrument promises: images in, features and outcomes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from metrics.cards import InstrumentCard

__all__ = [
    "EYE_POSITIONS",
    "AUEstimator",
    "AUReading",
    "Embedder",
    "Images",
    "Outcome",
    "UnmeasuredImages",
    "check_images",
]

Images = NDArray[np.uint8]
"""(N, H, W, 3) RGB, square, all of one size, eyes at :data:`EYE_POSITIONS`."""

Outcome = Literal["ok", "no_face", "several_faces"]
"""What an estimator met in an image; a face that cannot be read is never a zero."""

EYE_POSITIONS: Final = ((0.371, 0.480), (0.629, 0.480))
"""Centres of the image-left and image-right eye as (x, y) fractions of the frame (Glow's demo)."""


@dataclass(frozen=True, slots=True, eq=False)
class AUReading:
    """Action Units of N images.

    Attributes:
        outcomes: N outcomes, in the order of the images.
        values: (N, A) on the scale of the estimator's card; rows that are not ``ok`` are NaN.
        landmarks: (N, L, 2) as (x, y) fractions of the frame, rows that are not ``ok`` NaN; None
            for an estimator that finds none. The same L points, in the same order, in every image.
    """

    outcomes: list[Outcome]
    values: NDArray[np.float32]
    landmarks: NDArray[np.float32] | None = None


class UnmeasuredImages(FileNotFoundError):
    """Images that an instrument on another machine has yet to measure; they lie ready for it.

    Whoever measures in chunks may go on to the next one, so that all are asked for at once: the
    last such error says how many wait in all, where, and what to type.
    """


@runtime_checkable
class Embedder(Protocol):
    """Image -> identity embedding."""

    @property
    def card(self) -> InstrumentCard: ...

    def embed(self, images: Images) -> NDArray[np.float32]:
        """Embeddings (N, D) of unit norm, each independent of the other images.

        Raises:
            ValueError: the images are malformed.
        """
        ...


@runtime_checkable
class AUEstimator(Protocol):
    """Image -> Action Units."""

    @property
    def card(self) -> InstrumentCard: ...

    @property
    def action_units(self) -> tuple[str, ...]:
        """Names of the A columns of a reading: ``AU01``, ``AU12``, ... sorted."""
        ...

    def estimate(self, images: Images) -> AUReading:
        """Action Units of each image, independent of the other images.

        Raises:
            ValueError: the images are malformed.
        """
        ...


def check_images(images: Images) -> int:
    """Side in pixels of a well-formed batch of images.

    Raises:
        ValueError: not (N, H, W, 3) uint8 with H = W.
    """
    square = images.ndim == 4 and images.shape[1] == images.shape[2] and images.shape[3] == 3
    if images.dtype != np.uint8 or not square:
        raise ValueError(
            f"expected square RGB images as uint8 of shape (N, side, side, 3), "
            f"got {images.dtype} of shape {images.shape}"
        )
    return int(images.shape[1])
