"""Landmarks of drawn faces, taken from the curves that the drawing draws."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.data.synthfaces import curves, eyes, head, mouth, nose, sketch
from bench.data.synthfaces.canvas import Colour, Mask
from bench.data.synthfaces.curves import Points, smooth
from bench.data.synthfaces.folder import FACES, IDENTITIES, read_faces
from bench.data.synthfaces.head import Head
from bench.data.synthfaces.palette import palette
from bench.data.synthfaces.parameters import FaceParameters

__all__ = ["DrawnFaces", "draw_landmarks", "find_drawn_faces"]

HEAD_DEPTH: Final = 0.0
"""Of the outline of the head, which lies at its axis."""

# Places along the curves, which have ten steps between two control points.
JAW: Final = range(128, 31, -6)
BROW: Final = (0, 8, 15, 22, 30)
BRIDGE: Final = (0.0, 0.35, 0.7, 1.0)
NOSTRILS: Final = (0, 5, 10, 15, 20)
IMAGE_LEFT_EYE: Final = (40, 30, 10, 0, 70, 50)
IMAGE_RIGHT_EYE: Final = (0, 10, 30, 40, 50, 70)
OUTER_LIPS: Final = (0, 10, 20, 30, 40, 50, 60, 80, 90, 100, 110, 120)
UPPER_SEAM: Final = (5, 20, 40, 60, 75)
LOWER_SEAM: Final = (100, 120, 140)
CLOSED_SEAM: Final = (60, 40, 20)

MODULES: Final = (curves, eyes, head, mouth, nose, sketch)


class _Tracing(sketch.Sketch):
    """A sketch that keeps what it is asked to paint instead of painting it.

    Attributes:
        regions: outlines, in face coordinates.
        strokes: control points of the lines, in face coordinates.
        spots: centres, in face coordinates.
    """

    def __init__(self, face: FaceParameters) -> None:
        # On a frame of one pixel, pixels are fractions of the frame.
        super().__init__(face.identity, face.view, size=1)
        self.clear()

    def clear(self) -> None:
        self.regions: list[ArrayLike] = []
        self.strokes: list[ArrayLike] = []
        self.spots: list[ArrayLike] = []

    def region(self, points: ArrayLike, depth: float | None = None, *, closed: bool = True) -> Mask:
        self.regions.append(points)
        return np.zeros((1, 1), dtype=np.float32)

    def fill(self, points: ArrayLike, colour: Colour, opacity: float = 1.0, **_: object) -> None:
        """What is filled shows no landmark."""

    def stroke(
        self,
        points: ArrayLike,
        widths: ArrayLike,
        colour: Colour,
        opacity: float = 1.0,
        **_: object,
    ) -> None:
        self.strokes.append(points)

    def spot(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        colour: Colour,
        opacity: float,
        **_: object,
    ) -> None:
        self.spots.append(centre)

    def along(self, curve: ArrayLike, places: Sequence[int]) -> Points:
        """Points of a drawn curve, as fractions of the frame."""
        return self.project(np.asarray(curve)[list(places)])


def draw_landmarks(face: FaceParameters) -> NDArray[np.float64]:
    """The landmarks of a drawn face.

    Returns:
        (68, 2) as (x, y) fractions of the frame, in the order of :mod:`metrics.landmarks`.
    """
    identity, expression = face.identity, face.expression
    colours, tracing = palette(identity), _Tracing(face)
    outline = Head(identity, expression)
    jaw = tracing.project(smooth(outline.outline, closed=True)[list(JAW)], HEAD_DEPTH)

    eyes.draw_brows(tracing, identity, expression, colours)
    left, right = (smooth(line) for line in tracing.strokes)
    brows = [tracing.along(left, BROW[::-1]), tracing.along(right, BROW)]

    tracing.clear()
    nose.draw_nose(tracing, identity, expression, colours)
    tip = np.asarray(tracing.spots[-1])
    bridge = tracing.project(np.array(BRIDGE)[:, None] * tip)
    nostrils = tracing.along(smooth(tracing.strokes[0]), NOSTRILS)

    tracing.clear()
    eyes.draw_eyes(tracing, identity, expression, colours)
    left_eye, right_eye = tracing.regions
    openings = [
        tracing.along(left_eye, IMAGE_LEFT_EYE),
        tracing.along(right_eye, IMAGE_RIGHT_EYE),
    ]

    tracing.clear()
    shape = mouth.mouth_shape(identity, expression, outline)
    mouth.draw_mouth(tracing, shape, expression, colours)
    seam = smooth(tracing.strokes[0])
    is_open = shape.lower > shape.upper
    lower, places = (tracing.regions[2], LOWER_SEAM) if is_open else (seam, CLOSED_SEAM)
    lips = [
        tracing.along(tracing.regions[0], OUTER_LIPS),
        tracing.along(seam, UPPER_SEAM),
        tracing.along(lower, places),
    ]
    return np.concatenate([jaw, *brows, bridge, nostrils, *openings, *lips])


class DrawnFaces:
    """The landmarks of a folder's pictures, from the tables that they were drawn from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def sha256(self) -> str:
        """Of all that decides the landmarks: the tables and the code."""
        tables = [self._folder / IDENTITIES, self._folder / FACES]
        code = [Path(str(module.__file__)) for module in (*MODULES, sys.modules[__name__])]
        digest = hashlib.sha256()
        for path in (*tables, *code):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def landmarks(self, identity: str, sample: str) -> NDArray[np.float64] | None:
        """As :func:`draw_landmarks`; None for a picture that the tables do not have.

        Raises:
            BenchError: a table is malformed; the message names file and line.
        """
        face = self._faces.get((identity, sample))
        return None if face is None else draw_landmarks(face)

    @cached_property
    def _faces(self) -> dict[tuple[str, str], FaceParameters]:
        return {(face.identity, face.sample): face.parameters for face in read_faces(self._folder)}


def find_drawn_faces(folder: Path) -> DrawnFaces | None:
    """The drawn faces of a folder; None if it has no tables of them."""
    there = all((folder / table).is_file() for table in (IDENTITIES, FACES))
    return DrawnFaces(folder) if there else None
