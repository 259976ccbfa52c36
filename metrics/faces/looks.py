"""A face finder that looks several times and believes what most looks agree on."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics.faces.finder import MIRRORED, Eyes, Face, FaceFinder

__all__ = ["SeveralLooks", "mirror_face", "overlap"]

Box: TypeAlias = tuple[float, float, float, float]

_BORDERS: Final = (0.0, 1.0 / 16.0)
"""Grey about the image, as shares of its long side: it moves and shrinks the face a little."""

_LOOKS: Final = 2 * len(_BORDERS)
_SAME_FACE: Final = 0.5
"""Least intersection over union of two boxes that are one face."""

_GREY: Final = 128


class SeveralLooks:
    """Face finder (:class:`metrics.faces.finder.FaceFinder`): the median of four looks.

    Another finder looks at an image and at its mirror image, both without and with a border. What
    it sees more to the one side is cancelled, points depend less on where the face happens to lie
    on its grids, and a face that no more than half of the looks show is none. The eyes of MTCNN in
    the 82 aligned photographs of the test part of the London set are 1.40 pixels of 256 off the
    template in the mean of one look and 1.14 in that of four; 9.5 and 4.4 at worst.

    Args:
        finder: which looks.
    """

    def __init__(self, finder: FaceFinder) -> None:
        self._finder = finder

    @property
    def name(self) -> str:
        return self._finder.name

    @property
    def least_confidence(self) -> float:
        return self._finder.least_confidence

    @property
    def eyes(self) -> Eyes:
        return self._finder.eyes

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces that more than two of the looks show, each the median of what they show."""
        seen: list[list[Face]] = []
        for share in _BORDERS:
            for look in self._both_ways(image, round(share * max(image.shape[:2]))):
                _add(look, seen)
        return [_median(faces) for faces in seen if 2 * len(faces) > _LOOKS]

    def _both_ways(self, image: NDArray[np.uint8], border: int) -> list[list[Face]]:
        """The faces of an image within a border, and those of its mirror image."""
        edges = ((border, border), (border, border), (0, 0))
        framed = np.pad(image, edges, constant_values=_GREY)
        width = framed.shape[1]
        mirrored = [mirror_face(face, width) for face in self._finder.find(framed[:, ::-1])]
        return [
            [_moved(face, -border) for face in faces]
            for faces in (self._finder.find(framed), mirrored)
        ]


def mirror_face(face: Face, width: float) -> Face:
    """The same face in the mirror image of an image of that width."""
    points = face.points[MIRRORED].copy()
    points[:, 0] = width - points[:, 0]
    left, top, right, bottom = face.box
    return Face(points, (width - right, top, width - left, bottom), face.confidence)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union (0..1) of two boxes (left, top, right, bottom)."""
    first, second = np.array(one), np.array(other)
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = float(np.prod(np.clip(sides, 0.0, None)))
    union = float(np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2])) - shared
    return shared / union if union > 0.0 else 0.0


def _add(look: list[Face], seen: list[list[Face]]) -> None:
    """Puts each face of a look beside what earlier looks saw of it."""
    free = list(seen)
    for face in sorted(look, key=lambda face: face.area, reverse=True):
        nearest = max(free, key=lambda faces: overlap(face.box, faces[0].box), default=None)
        if nearest is not None and overlap(face.box, nearest[0].box) >= _SAME_FACE:
            nearest.append(face)
            free.remove(nearest)
        else:
            seen.append([face])


def _median(faces: list[Face]) -> Face:
    left, top, right, bottom = np.median([face.box for face in faces], axis=0).tolist()
    known = [face.confidence for face in faces if face.confidence is not None]
    return Face(
        points=np.median([face.points for face in faces], axis=0),
        box=(left, top, right, bottom),
        confidence=float(np.median(known)) if known else None,
    )


def _moved(face: Face, by: float) -> Face:
    left, top, right, bottom = face.box
    box = (left + by, top + by, right + by, bottom + by)
    return Face(face.points + by, box, face.confidence)
