from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.contracts import EYE_POSITIONS
from metrics.crop import ARCFACE_EYES, ARCFACE_SIZE, arcface_crop, eye_similarity


def blob(side: int, x: float, y: float, deviation: float) -> NDArray[np.uint8]:
    """A grey Gaussian spot whose centre is at (x, y) in the continuous plane."""
    centres = np.arange(side) + 0.5
    rows = np.exp(-0.5 * ((centres - y) / deviation) ** 2)
    columns = np.exp(-0.5 * ((centres - x) / deviation) ** 2)
    plane = np.outer(rows, columns) * 255.0
    return np.repeat(plane.round().astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("side", [64, 100, 128, 256, 512])
@pytest.mark.parametrize("eye", [0, 1])
def test_the_crop_brings_each_eye_to_its_place_in_the_template(side: int, eye: int) -> None:
    x, y = EYE_POSITIONS[eye]
    crop = arcface_crop(blob(side, x * side, y * side, side / 40.0)).astype(np.float64)[..., 0]
    index = np.arange(ARCFACE_SIZE)
    centre = (crop.sum(axis=0) @ index / crop.sum(), crop.sum(axis=1) @ index / crop.sum())
    # Pillow's bicubic kernel is not exact on slopes: it shifts a spot by up to 0.11 pixels.
    assert centre == pytest.approx(ARCFACE_EYES[eye], abs=0.12)


def test_the_similarity_keeps_shapes_and_scales_with_the_frame() -> None:
    (scale_64, shift_64), (scale_256, shift_256) = eye_similarity(64), eye_similarity(256)
    assert scale_64 == pytest.approx(4.0 * scale_256)
    assert shift_64 == pytest.approx(shift_256)
    assert abs(np.angle(scale_64)) < np.deg2rad(1.0)


def test_the_crop_of_a_real_frame_needs_no_pixel_from_outside() -> None:
    white = np.full((64, 64, 3), 255, dtype=np.uint8)
    assert arcface_crop(white).shape == (ARCFACE_SIZE, ARCFACE_SIZE, 3)
    assert arcface_crop(white).min() == 255


def test_a_large_frame_is_reduced_without_aliasing() -> None:
    stripes = np.zeros((448, 448, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    inner = arcface_crop(stripes)[8:-8, 8:-8].astype(np.float64)
    assert inner.mean() == pytest.approx(127.5, abs=2.0)
    assert inner.std() < 3.0
