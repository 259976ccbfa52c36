"""Where the faces of a picture come from: a detector, a table of landmarks or OpenFace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.data.alignment.landmark_table import read_landmark_table
from bench.data.alignment.openface import OpenFaceFolder
from bench.errors import BenchError
from bench.suggest import did_you_mean
from metrics.faces.finder import POINTS, Eyes, Face, FaceFinder, largest_first
from metrics.faces.templates import TEMPLATES, Template
from metrics.weights import FACE_LANDMARKER, find_weights

__all__ = [
    "DEFAULT_DETECTOR",
    "DETECTORS",
    "EYES",
    "FaceSource",
    "find_template",
    "open_source",
]

DETECTORS: Final = ("mtcnn", "mediapipe")
DEFAULT_DETECTOR: Final = "mtcnn"
EYES: Final[tuple[Eyes, ...]] = ("mtcnn", "lids")
"""The conventions, the default first."""


class FaceSource(Protocol):
    """Knows the faces of pictures by their name, their pixels or both."""

    @property
    def name(self) -> str:
        """Who says where the faces are, for the record."""
        ...

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the points that it knows, of :data:`metrics.faces.finder.POINTS`."""
        ...

    def faces(self, file: str, picture: NDArray[np.uint8]) -> list[Face]:
        """The faces to believe in of a picture (H, W, 3), the largest first.

        Args:
            file: relative path of the picture, with ``/``.

        Raises:
            BenchError: it knows nothing of this picture, or nothing sensible; the message says
                what, without the picture's name.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Detector:
    """Looks at the pixels."""

    finder: FaceFinder
    points: tuple[str, ...] = POINTS

    @property
    def name(self) -> str:
        return f"{self.finder.name}, eyes {self.finder.eyes}"

    def faces(self, file: str, picture: NDArray[np.uint8]) -> list[Face]:
        return largest_first(self.finder.find(picture), self.finder.least_confidence)


def open_source(
    pictures: Sequence[str],
    *,
    detector: str | None = None,
    eyes: str | None = None,
    landmarks: Path | None = None,
    openface: Path | None = None,
) -> FaceSource:
    """The source that a user has chosen, by default the detector :data:`DEFAULT_DETECTOR`.

    Args:
        pictures: relative paths of the pictures that it will be asked for.
        detector: one of :data:`DETECTORS`; ``mediapipe:FILE`` names its weights.
        eyes: one of :data:`EYES`, what a detector calls the centre of an eye.
        landmarks: a CSV file of landmarks.
        openface: a folder of OpenFace's CSV files.

    Raises:
        BenchError: more than one was chosen, or the one cannot be used; with what to do.
    """
    given = {"--detector": detector, "--landmarks": landmarks, "--openface": openface}
    if len(chosen := [name for name, value in given.items() if value is not None]) > 1:
        raise BenchError(f"{' and '.join(chosen)} exclude each other", hint="give one of them")
    if eyes is not None and (landmarks or openface):
        raise BenchError("--eyes is about detectors", hint="a file says itself where eyes are")
    if landmarks is not None:
        return read_landmark_table(landmarks, pictures)
    if openface is not None:
        return OpenFaceFolder(openface, pictures)
    return _Detector(_open_detector(detector or DEFAULT_DETECTOR, _convention(eyes)))


def find_template(name: str) -> Template:
    """The template of that name.

    Raises:
        BenchError: there is none.
    """
    if name not in TEMPLATES:
        raise BenchError(
            f"no template called {name!r}{did_you_mean(name, TEMPLATES)}",
            hint=f"known: {', '.join(TEMPLATES)}",
        )
    return TEMPLATES[name]


def _convention(name: str | None) -> Eyes:
    for eyes in EYES:
        if name in (eyes, None):
            return eyes
    raise BenchError(f"--eyes {name!r} is no convention", hint=f"known: {', '.join(EYES)}")


def _open_detector(spec: str, eyes: Eyes) -> FaceFinder:
    from metrics.faces.eyes import WithEyes
    from metrics.faces.looks import SeveralLooks

    name, colon, weights = spec.partition(":")
    if name not in DETECTORS:
        raise BenchError(
            f"no face detector called {spec!r}{did_you_mean(name, DETECTORS)}",
            hint=f"known: {', '.join(DETECTORS)}",
        )
    if colon and name == "mtcnn":
        raise BenchError("the face detector mtcnn brings its weights", hint="type mtcnn alone")
    other = DETECTORS[1 - DETECTORS.index(name)]
    try:
        if name == "mtcnn":
            from metrics.faces.mtcnn import MTCNNFaceFinder

            return WithEyes(SeveralLooks(MTCNNFaceFinder()), eyes)
        from metrics.faces.mediapipe import MediaPipeFaceFinder

        path = find_weights(FACE_LANDMARKER.file_name, weights or None)
        return WithEyes(SeveralLooks(MediaPipeFaceFinder(path)), eyes)
    except ImportError as error:
        raise BenchError(str(error), hint=f"or take the other: --detector {other}") from error
    except (FileNotFoundError, ValueError, RuntimeError) as error:
        raise BenchError(str(error)) from error
