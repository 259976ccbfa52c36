"""From a frame with eyes on the Glow template to the face crop an embedder was trained on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.contracts import EYE_POSITIONS
from metrics.similarity import Similarity, fit_similarity, resample

__all__ = ["ARCFACE_EYES", "ARCFACE_POINTS", "ARCFACE_SIZE", "arcface_crop", "eye_similarity"]

ARCFACE_SIZE: Final = 112
"""Side in pixels of the crop of Deng et al., "ArcFace", CVPR 2019."""

ARCFACE_POINTS: Final = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)
"""Its five-point template as (x, y) indices of pixel centres (InsightFace): eyes, tip of the nose,
corners of the mouth, each from image left to right."""

ARCFACE_EYES: Final = ARCFACE_POINTS[:2]


def eye_similarity(side: int) -> Similarity:
    """Map from a frame of ``side`` pixels to the ArcFace crop that brings the eyes onto the eyes.

    Two points fix a similarity, so there is nothing to fit. Both planes are continuous: the
    centre of pixel (0, 0) is at (0.5, 0.5).
    """
    return fit_similarity(np.array(EYE_POSITIONS) * side, np.array(ARCFACE_EYES) + 0.5)


def arcface_crop(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """ArcFace crop (112, 112, 3) of a frame (side, side, 3), bicubic.

    A frame larger than the crop needs is first reduced with anti-aliasing.
    """
    crop = resample(Image.fromarray(frame), eye_similarity(len(frame)), ARCFACE_SIZE)
    return np.asarray(crop)
