"""Action Units by the MediaPipe Face Landmarker: 52 ARKit blendshapes, mapped by a table."""

from __future__ import annotations

import ctypes
import importlib.util
import weakref
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.au.face_mesh import MESH_OF_IBUG
from metrics.au.facs import load_facs_table
from metrics.cards import InstrumentCard
from metrics.contracts import AUReading, Images, Outcome, check_images
from metrics.face_landmarker import INSTALL, close_landmarker, library_advice, open_landmarker
from metrics.plugin import InstrumentPlugin
from metrics.weights import FACE_LANDMARKER, published_as, require_published, sha256_of

__all__ = ["MEDIAPIPE", "BlendshapeReading", "MediaPipeAUEstimator"]

_VERSION: Final = "1"
_SMALLEST_FRAME: Final = 256
_LIBRARIES: Final = ("libEGL.so.1", "libGLESv2.so.2")
"""Of the system; MediaPipe's own library is linked with them."""


@dataclass(frozen=True, slots=True, eq=False)
class BlendshapeReading:
    """Blendshapes of N images.

    Attributes:
        outcomes: N outcomes, in the order of the images.
        names: the B names of the columns.
        values: (N, B) in 0..1; rows that are not ``ok`` are NaN.
        landmarks: (N, 68, 2) as :class:`metrics.contracts.AUReading` has them.
    """

    outcomes: list[Outcome]
    names: tuple[str, ...]
    values: NDArray[np.float32]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """One face that was found: blendshapes by name, and landmarks (68, 2)."""

    blendshapes: dict[str, float]
    landmarks: NDArray[np.float32]


class MediaPipeAUEstimator:
    """Action Unit estimator (:class:`metrics.contracts.AUEstimator`) from a ``.task`` file.

    Frames smaller than 256 pixels are enlarged to that, bicubic, before detection. Every image
    is detected on its own, without tracking. Two faces are searched for, so that a second one is
    noticed. Use as a context manager, or leave the closing to the end of the program.

    Args:
        path: ``face_landmarker.task``.

    Raises:
        ImportError: MediaPipe or a shared library that it needs is not installed.
        FileNotFoundError: there is no such file.
        ValueError: the file is no Face Landmarker.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._table = load_facs_table()
        self._image: Any
        self._landmarker: Any
        self._image, self._landmarker = open_landmarker(
            self._path, "the MediaPipe Action Unit estimator", faces=2, blendshapes=True
        )
        self._close = weakref.finalize(self, close_landmarker, self._landmarker)
        sha256 = sha256_of(self._path)
        known = published_as(sha256)
        self._card = InstrumentCard(
            name="mediapipe",
            kind="au_estimator",
            version=f"{_VERSION}+table.{self._table.fingerprint[:8]}",
            description="MediaPipe Face Landmarker, ARKit blendshapes mapped to Action Units",
            input_size=_SMALLEST_FRAME,
            crop="whole frame, enlarged to 256 pixels where smaller (bicubic)",
            scale="blendshape 0..1",
            weights_name=self._path.name,
            weights_sha256=sha256,
            licence=known.licence if known else "unknown",
            source=known.source if known else "a file of the user",
            normalisation="by MediaPipe, of RGB 0..255",
            alignment="by MediaPipe's own face detector and landmarks",
            no_face="the outcome no_face",
            several_faces="the outcome several_faces",
            action_units=self._table.action_units,
        )

    @property
    def card(self) -> InstrumentCard:
        return self._card

    @property
    def action_units(self) -> tuple[str, ...]:
        """Names of the columns of a reading, sorted."""
        return self._table.action_units

    def estimate(self, images: Images) -> AUReading:
        """Action Units (N, A) in 0..1 and 68 landmarks of each image, whatever the other images.

        The landmarks are those points of the face mesh that :mod:`metrics.au.face_mesh` names.

        Raises:
            ValueError: the images are malformed.
        """
        reading = self.blendshapes(images)
        values = self._table.apply(reading.values)
        return AUReading(reading.outcomes, values, reading.landmarks)

    def blendshapes(self, images: Images) -> BlendshapeReading:
        """Blendshapes (N, 52) in 0..1 of each image, as the model gives them.

        Raises:
            ValueError: the images are malformed.
        """
        check_images(images)
        names = self._table.blendshapes
        values = np.full((len(images), len(names)), np.nan, dtype=np.float32)
        landmarks = np.full((len(images), len(MESH_OF_IBUG), 2), np.nan, dtype=np.float32)
        outcomes: list[Outcome] = []
        for row, points, frame in zip(values, landmarks, images, strict=True):
            faces = self._detect(frame)
            if len(faces) == 1:
                row[:] = [faces[0].blendshapes[name] for name in names]
                points[:] = faces[0].landmarks
            outcomes.append("ok" if len(faces) == 1 else "several_faces" if faces else "no_face")
        return BlendshapeReading(outcomes, names, values, landmarks)

    def close(self) -> None:
        """Frees the model; the estimator cannot be used afterwards."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _detect(self, frame: NDArray[np.uint8]) -> list[_Face]:
        """The faces found in a frame (H, W, 3)."""
        if not self._close.alive:
            raise ValueError("this Action Unit estimator is closed: make a new one")
        if len(frame) < _SMALLEST_FRAME:
            size = (_SMALLEST_FRAME, _SMALLEST_FRAME)
            frame = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))
        found = self._landmarker.detect(self._image(np.ascontiguousarray(frame)))
        return [
            _Face(
                {category.category_name: category.score for category in blendshapes},
                np.array([(mesh[i].x, mesh[i].y) for i in MESH_OF_IBUG], dtype=np.float32),
            )
            for blendshapes, mesh in zip(found.face_blendshapes, found.face_landmarks, strict=True)
        ]


def _make(path: Path | None) -> MediaPipeAUEstimator:
    # A plugin with weights is never made without them.
    assert path is not None
    if path.name == FACE_LANDMARKER.file_name:
        require_published(path, FACE_LANDMARKER)
    return MediaPipeAUEstimator(path)


def _missing_library() -> str | None:
    """What MediaPipe's own library cannot find on this system, without loading MediaPipe."""
    package = importlib.util.find_spec("mediapipe")
    folders = (package.submodule_search_locations or []) if package else []
    if not any((Path(folder) / "tasks" / "c" / "libmediapipe.so").is_file() for folder in folders):
        return None
    for library in _LIBRARIES:
        try:
            ctypes.CDLL(library)
        except OSError as error:
            return library_advice(error)
    return None


MEDIAPIPE: Final = InstrumentPlugin[MediaPipeAUEstimator](
    name="mediapipe",
    kind="au_estimator",
    description="MediaPipe Face Landmarker, blendshapes mapped to Action Units",
    make=_make,
    packages=("mediapipe",),
    install=INSTALL,
    weights=FACE_LANDMARKER.file_name,
    fetch="bench weights fetch face-landmarker",
    takes="FILE.task",
    suffixes=(".task",),
    problem=_missing_library,
    scale="blendshape 0..1",
    licence=FACE_LANDMARKER.licence,
)
