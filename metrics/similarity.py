"""Similarity transforms of the plane: rotation, one scale and a shift, as complex numbers.

A point (x, y) is the number x + i y. Planes are continuous: the centre of the first pixel of an
image is at (0.5, 0.5) and the image ends at (width, height).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Similarity", "fit_similarity", "inside_share", "resample"]

_SAMPLES: Final = 64
"""Points a side at which the share of a frame inside a picture is taken."""


class Similarity(NamedTuple):
    """The map z -> scale z + shift."""

    scale: complex
    shift: complex

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points (..., 2) go."""
        moved = self.scale * (points[..., 0] + 1j * points[..., 1]) + self.shift
        return np.stack([moved.real, moved.imag], axis=-1)

    def inverse(self) -> Similarity:
        """The map back."""
        return Similarity(1.0 / self.scale, -self.shift / self.scale)


def fit_similarity(points: NDArray[np.float64], targets: NDArray[np.float64]) -> Similarity:
    """The similarity without reflection that brings N points nearest to N targets, both (N, 2).

    Least squares (Umeyama, "Least-squares estimation of transformation parameters between two
    point patterns", IEEE TPAMI 13(4), 1991), which in the plane is one complex regression; two
    points are met exactly.

    Raises:
        ValueError: the points are not two different ones at least.
    """
    z, w = (values[:, 0] + 1j * values[:, 1] for values in (points, targets))
    z_mean, w_mean = z.mean(), w.mean()
    spread = np.sum(np.abs(z - z_mean) ** 2)
    if not spread > 0.0:
        raise ValueError("a similarity needs two different points")
    scale = complex(np.sum((z - z_mean).conj() * (w - w_mean)) / spread)
    return Similarity(scale, complex(w_mean - scale * z_mean))


def resample(picture: Image.Image, similarity: Similarity, side: int) -> Image.Image:
    """The frame of ``side`` pixels that a similarity makes of a picture, bicubic.

    A picture that becomes smaller is first reduced with anti-aliasing, which the affine resampling
    of Pillow does not do. What lies outside of the picture is black.

    Args:
        picture: of a mode that Pillow resamples, such as RGB.
        similarity: from the plane of the picture to that of the frame.
        side: of the frame, in pixels.
    """
    size = np.array(picture.size, dtype=np.float64)
    shrink = abs(similarity.scale)
    if shrink < 1.0:
        width, height = (max(1, round(length * shrink)) for length in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    # The reduced sides are whole numbers, so the two factors differ a little.
    horizontal, vertical = np.array(picture.size) / size
    scale, shift = similarity.inverse()
    return picture.transform(
        (side, side),
        Image.Transform.AFFINE,
        (
            horizontal * scale.real, -horizontal * scale.imag, horizontal * shift.real,
            vertical * scale.imag, vertical * scale.real, vertical * shift.imag,
        ),
        Image.Resampling.BICUBIC,
    )  # fmt: skip


def inside_share(size: tuple[int, int], similarity: Similarity, side: int) -> float:
    """Share of a frame that shows a picture of ``size`` (width, height), to about one percent."""
    steps = (np.arange(_SAMPLES) + 0.5) / _SAMPLES * side
    frame = np.stack(np.meshgrid(steps, steps), axis=-1)
    back = similarity.inverse()(frame)
    return float(np.mean(np.all((back >= 0.0) & (back < size), axis=-1)))
