"""The landmarks of a benchmark's real faces: of the dataset where it knows them, else as read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.synthfaces.landmarks import find_drawn_faces
from bench.plugins.contracts import IBUG_68, Face, Landmarks
from bench.remembered import Memory, Remembered
from bench.run.instruments import Instruments
from metrics.landmarks import LANDMARKS

__all__ = ["LandmarkReader"]


class LandmarkReader:
    """Finds the landmarks of real faces, each once.

    Args:
        folder: of the dataset's card; where faces were drawn, their parameters tell the landmarks.
        instruments: whose AU estimator reads them otherwise.
        memory: where they are remembered; by default a room of their own.
    """

    scheme = IBUG_68

    def __init__(
        self, folder: Path, instruments: Instruments, memory: Memory | None = None
    ) -> None:
        self._drawn = find_drawn_faces(folder)
        self._instruments = instruments
        # In a tuple, since what is not known is None.
        self._known: Remembered[tuple[str, str], tuple[Landmarks | None]] = Remembered(
            lambda found: 0 if found[0] is None else found[0].nbytes, memory
        )

    @property
    def source(self) -> str:
        """Who gives the landmarks, with what decides where they are."""
        if self._drawn is not None:
            return f"parameters of the drawing {self._drawn.sha256}"
        card = self._instruments.au_estimator.card
        return f"{card.name} {card.version} {card.weights_sha256}".rstrip()

    def find(self, faces: Sequence[Face]) -> list[Landmarks | None]:
        """The landmarks of each face, (68, 2); None where there are none.

        Raises:
            BenchError: an instrument failed, or the tables of a drawing are malformed.
        """
        known = {face.key: self._known.get(face.key) for face in faces}
        new = {face.key: face for face in faces if known[face.key] is None}
        for key, points in zip(new, self._read(list(new.values())) if new else (), strict=True):
            known[key] = (points,)
            self._known.put(key, (points,))
        return [points for face in faces for (points,) in [known[face.key] or (None,)]]

    def _read(self, faces: Sequence[Face]) -> list[Landmarks | None]:
        if self._drawn is not None:
            return [self._drawn.landmarks(*face.key) for face in faces]
        features = self._instruments.measure([face.pixels for face in faces], real=True)
        return [_usable(read.landmarks) for read in features]


def _usable(points: NDArray[np.float32] | None) -> Landmarks | None:
    """Points of another number are of a scheme that nobody here knows."""
    if points is None or points.shape != (LANDMARKS, 2) or not np.isfinite(points).all():
        return None
    return points.astype(np.float64)
