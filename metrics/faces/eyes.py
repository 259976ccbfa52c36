"""What is called the centre of an eye: two conventions, and how to get from one to the other.

``lids`` is the mean of the points on both lids, as dlib, OpenFace and MediaPipe draw them; the
released Glow demo aligned its photographs by it. ``mtcnn`` is the point that MTCNN was taught; the
London set is aligned by it. It lies higher and farther from the nose, by 1.7 and 0.6 pixels where
the eyes are 66 pixels apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.faces.finder import Eyes, Face, FaceFinder

__all__ = ["LIDS_TO_MTCNN", "WithEyes", "lids_to_mtcnn", "mtcnn_to_lids"]

LIDS_TO_MTCNN: Final = np.array(
    [(-0.0093, -0.0253), (0.0093, -0.0253), (0.0, 0.0178), (-0.0087, 0.0028), (0.0087, 0.0028)]
)
"""(5, 2) to add to points: along and across the axis of the eyes, in units of their distance.

The means of MTCNN's points less MediaPipe's, both of four looks (:mod:`metrics.faces.looks`), left
and right taken together, on the 122 aligned photographs of the dev part of the London set. On the
82 of its test part the eyes of the two then differ by less than 0.1 pixels of 256 in the mean and
by 1.0 in the mean distance; before, by 0.6 across and 1.6 down.
"""

_FARTHER: Final = float(1.0 + LIDS_TO_MTCNN[1, 0] - LIDS_TO_MTCNN[0, 0])
"""Distance of MTCNN's eyes over that of the lids' centres."""


class WithEyes:
    """Face finder (:class:`metrics.faces.finder.FaceFinder`) that speaks another convention.

    Args:
        finder: which finds.
        eyes: the convention of the points that this one gives.
    """

    def __init__(self, finder: FaceFinder, eyes: Eyes) -> None:
        self._finder = finder
        self._eyes: Eyes = eyes

    @property
    def name(self) -> str:
        return self._finder.name

    @property
    def least_confidence(self) -> float:
        return self._finder.least_confidence

    @property
    def eyes(self) -> Eyes:
        return self._eyes

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces of the other finder, their points moved if need be."""
        faces = self._finder.find(image)
        if self._finder.eyes == self._eyes:
            return faces
        convert = lids_to_mtcnn if self._eyes == "mtcnn" else mtcnn_to_lids
        return [replace(face, points=convert(face.points)) for face in faces]


def lids_to_mtcnn(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (5, 2) whose eyes are centres of the lids, to where MTCNN puts them."""
    return points + _in_frame(points[1] - points[0])


def mtcnn_to_lids(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The way back from :func:`lids_to_mtcnn`."""
    return points - _in_frame((points[1] - points[0]) / _FARTHER)


def _in_frame(along: NDArray[np.float64]) -> NDArray[np.float64]:
    """:data:`LIDS_TO_MTCNN` in pixels, for eyes that lie ``along`` (2,) from each other."""
    across = np.array([-along[1], along[0]])
    return np.asarray(LIDS_TO_MTCNN[:, :1] * along + LIDS_TO_MTCNN[:, 1:] * across)
