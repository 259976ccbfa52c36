"""From a frame with eyes on the Glow template to the face crop an embedder was trained on."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.contracts import EYE_POSITIONS

__all__ = ["ARCFACE_EYES", "ARCFACE_SIZE", "Similarity", "arcface_crop", "eye_similarity"]

ARCFACE_SIZE: Final = 112
"""Side in pixels of the crop of Deng et al., "ArcFace", CVPR 2019."""

ARCFACE_EYES: Final = ((38.2946, 51.6963), (73.5318, 51.5014))
"""Eyes of its five-point template as (x, y) indices of pixel centres (InsightFace)."""

Similarity = tuple[complex, complex]
"""(a, b) of the map z -> a z + b over points z = x + i y: rotation, scale and shift."""

_HALF_PIXEL = 0.5 + 0.5j


def eye_similarity(side: int) -> Similarity:
    """Map from a frame of ``side`` pixels to the ArcFace crop that brings the eyes onto the eyes.

    Two points fix a similarity, so there is nothing to fit. Both planes are continuous: the
    centre of pixel (0, 0) is at (0.5, 0.5).
    """
    left, right = (complex(x, y) * side for x, y in EYE_POSITIONS)
    to_left, to_right = (complex(x, y) + _HALF_PIXEL for x, y in ARCFACE_EYES)
    scale = (to_right - to_left) / (right - left)
    return scale, to_left - scale * left


def arcface_crop(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """ArcFace crop (112, 112, 3) of a frame (side, side, 3), bicubic.

    A frame larger than the crop needs is first reduced with anti-aliasing, which the affine
    resampling of Pillow does not do.
    """
    picture = Image.fromarray(frame)
    shrink = abs(eye_similarity(picture.width)[0])
    if shrink < 1.0:
        side = round(picture.width * shrink)
        picture = picture.resize((side, side), Image.Resampling.BICUBIC)
    scale, shift = eye_similarity(picture.width)
    back, origin = 1.0 / scale, -shift / scale
    crop = picture.transform(
        (ARCFACE_SIZE, ARCFACE_SIZE),
        Image.Transform.AFFINE,
        (back.real, -back.imag, origin.real, back.imag, back.real, origin.imag),
        Image.Resampling.BICUBIC,
    )
    return np.asarray(crop)
