"""Where a face should be in an aligned frame, and the similarity that brings it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from metrics.contracts import EYE_POSITIONS
from metrics.crop import ARCFACE_POINTS, ARCFACE_SIZE
from metrics.faces.finder import POINTS
from metrics.similarity import Similarity, fit_similarity

__all__ = ["TEMPLATES", "FfhqTemplate", "PointTemplate", "Template"]


class Template(Protocol):
    """A way to align a face."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def side(self) -> int:
        """Usual side of the frame, in pixels."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the points (:data:`metrics.faces.finder.POINTS`) that must be known."""
        ...

    def similarity(self, points: NDArray[np.float64], side: int) -> Similarity:
        """From the plane of an image to that of the frame.

        Args:
            points: (5, 2) of a face; those that the template does not need may be NaN.
            side: of the frame, in pixels.

        Raises:
            ValueError: points that it needs are unknown, or coincide.
        """
        ...


@dataclass(frozen=True, slots=True)
class PointTemplate:
    """Brings the first points nearest to fixed places; two points are met exactly.

    Attributes:
        positions: (x, y) as fractions of the frame.
    """

    name: str
    description: str
    side: int
    positions: tuple[tuple[float, float], ...]

    @property
    def needs(self) -> tuple[str, ...]:
        return POINTS[: len(self.positions)]

    def similarity(self, points: NDArray[np.float64], side: int) -> Similarity:
        chosen = _known(points, self.needs, self.name)
        return fit_similarity(chosen, np.array(self.positions) * side)


@dataclass(frozen=True, slots=True)
class FfhqTemplate:
    """The oriented square of FFHQ about eyes and mouth; an open mouth makes it larger.

    With e from eye to eye, c the middle of the eyes and m from there to the middle of the corners
    of the mouth, as complex numbers: the centre is c + 0.1 m, the horizontal axis is that of
    e - i m, and half of the side is max(2 |e|, 1.8 |m|).

    Source: Karras, Laine and Aila, "A Style-Based Generator Architecture for Generative Adversarial
    Networks", CVPR 2019; ``recreate_aligned_images`` in NVlabs/ffhq-dataset.
    """

    name: str = "ffhq"
    description: str = "oriented square about eyes and mouth, as FFHQ has it"
    side: int = 256
    needs: tuple[str, ...] = ("left_eye", "right_eye", "left_mouth", "right_mouth")

    def similarity(self, points: NDArray[np.float64], side: int) -> Similarity:
        chosen = _known(points, self.needs, self.name)
        left_eye, right_eye, left_mouth, right_mouth = chosen[:, 0] + 1j * chosen[:, 1]
        eye_to_eye = right_eye - left_eye
        eyes = (left_eye + right_eye) / 2.0
        eye_to_mouth = (left_mouth + right_mouth) / 2.0 - eyes
        axis = eye_to_eye - 1j * eye_to_mouth
        half = max(2.0 * abs(eye_to_eye), 1.8 * abs(eye_to_mouth))
        if not (half > 0.0 and abs(axis) > 0.0):
            raise ValueError(f"the template {self.name} needs eyes and mouth at different places")
        centre = eyes + 0.1 * eye_to_mouth
        scale = complex(side / 2.0 / half * abs(axis) / axis)
        return Similarity(scale, complex(0.5 + 0.5j) * side - scale * complex(centre))


def _known(points: NDArray[np.float64], needs: tuple[str, ...], name: str) -> NDArray[np.float64]:
    chosen = points[[POINTS.index(need) for need in needs]]
    unknown = [
        need for need, point in zip(needs, chosen, strict=True) if not np.isfinite(point).all()
    ]
    if unknown:
        raise ValueError(f"the template {name} needs {' and '.join(unknown)}")
    return chosen


_ARCFACE_FRACTIONS: Final = tuple(
    ((x + 0.5) / ARCFACE_SIZE, (y + 0.5) / ARCFACE_SIZE) for x, y in ARCFACE_POINTS
)

TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType(
    {
        template.name: template
        for template in (
            PointTemplate("glow", "eyes as in the released Glow demo", 256, EYE_POSITIONS),
            FfhqTemplate(),
            PointTemplate(
                "arcface", "five points nearest to ArcFace's", ARCFACE_SIZE, _ARCFACE_FRACTIONS
            ),
        )
    }
)
"""The templates by name."""
