"""Faces by the MediaPipe Face Landmarker."""

from __future__ import annotations

import weakref
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.au.face_mesh import MESH_OF_IBUG
from metrics.face_landmarker import close_landmarker, open_landmarker
from metrics.faces.finder import Eyes, Face
from metrics.faces.ibug import five_points

__all__ = ["MediaPipeFaceFinder"]

_MOST_FACES: Final = 5
_SMALLEST_SIDE: Final = 256


class MediaPipeFaceFinder:
    """Face finder (:class:`metrics.faces.finder.FaceFinder`) from a ``.task`` file.

    It is made for faces that fill a good part of the image. An image with a shorter side than 256
    pixels is enlarged to that, bicubic. It gives no confidence.

    Args:
        path: ``face_landmarker.task``.

    Raises:
        ImportError: MediaPipe or a shared library that it needs is not installed.
        FileNotFoundError: there is no such file.
        ValueError: the file is no Face Landmarker.
    """

    def __init__(self, path: Path | str) -> None:
        self._image: Any
        self._landmarker: Any
        self._image, self._landmarker = open_landmarker(
            Path(path), "the face detector mediapipe", faces=_MOST_FACES, blendshapes=False
        )
        weakref.finalize(self, close_landmarker, self._landmarker)

    @property
    def name(self) -> str:
        return f"mediapipe (mediapipe {version('mediapipe')})"

    @property
    def least_confidence(self) -> float:
        return 0.0

    @property
    def eyes(self) -> Eyes:
        return "lids"

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces of an RGB image (H, W, 3), five at most."""
        enlarged = _enlarged(image)
        found = self._landmarker.detect(self._image(np.ascontiguousarray(enlarged)))
        size = np.array(image.shape[1::-1], dtype=np.float64)
        # MediaPipe's fractions count from the centre of the first pixel of what it was given.
        half = 0.5 / np.array(enlarged.shape[1::-1])
        meshes = [np.array([(p.x, p.y) for p in mesh]) for mesh in found.face_landmarks]
        return [_face((mesh + half) * size) for mesh in meshes]


def _enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    factor = _SMALLEST_SIDE / min(width, height)
    if factor <= 1.0:
        return image
    size = (round(width * factor), round(height * factor))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def _face(mesh: NDArray[np.float64]) -> Face:
    """A face from its mesh (478, 2) in pixels."""
    left, top = mesh.min(axis=0)
    right, bottom = mesh.max(axis=0)
    return Face(
        points=five_points(mesh[MESH_OF_IBUG]),
        box=(float(left), float(top), float(right), float(bottom)),
    )
