"""What a face finder promises: an image in, faces with five points out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIRRORED", "POINTS", "Eyes", "Face", "FaceFinder", "largest_first"]

POINTS: Final = ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
"""The five points in their order; left and right are those of the image, not of the person."""

Eyes: TypeAlias = Literal["mtcnn", "lids"]
"""What is called the centre of an eye (:mod:`metrics.faces.eyes`)."""

MIRRORED: Final = [1, 0, 2, 4, 3]
"""Index of each point's counterpart in a mirrored face."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of an image.

    Attributes:
        points: (5, 2) as (x, y) in pixels of the image, in the order of :data:`POINTS`: centres of
            the eyes, tip of the nose, corners of the mouth; NaN where unknown. The plane is
            continuous: the centre of the first pixel is at (0.5, 0.5).
        box: left, top, right and bottom in pixels.
        confidence: 0..1; None where the finder gives none.
    """

    points: NDArray[np.float64]
    box: tuple[float, float, float, float]
    confidence: float | None = None

    @property
    def eyes(self) -> NDArray[np.float64]:
        """(2, 2): the image-left and the image-right eye."""
        return self.points[:2]

    @property
    def area(self) -> float:
        """Of the box, in pixels."""
        left, top, right, bottom = self.box
        return max(0.0, right - left) * max(0.0, bottom - top)


@runtime_checkable
class FaceFinder(Protocol):
    """Image -> faces.

    Attributes:
        name: with the version of what finds, such as ``mtcnn (facenet-pytorch 2.5.3)``.
        least_confidence: faces below it are most often none; 0 for a finder that gives none.
        eyes: the convention of its points.
    """

    @property
    def name(self) -> str: ...

    @property
    def least_confidence(self) -> float: ...

    @property
    def eyes(self) -> Eyes: ...

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces of an RGB image (H, W, 3) of any size, in no order; none gives an empty list.

        Raises:
            ValueError: the image is malformed.
        """
        ...


def largest_first(faces: Sequence[Face], least_confidence: float) -> list[Face]:
    """The faces that are confident enough, the one with the largest box first."""
    confident = [
        face for face in faces if face.confidence is None or face.confidence >= least_confidence
    ]
    return sorted(confident, key=lambda face: face.area, reverse=True)
