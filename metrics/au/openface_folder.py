"""Pictures and OpenFace's answers, found by the pixels: ``images/<sha>.png``, ``csv/<sha>.csv``."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.au.frame_size import enlarged
from metrics.au.openface_csv import (
    INTENSITY_UNITS,
    PRESENCE_UNITS,
    OpenFaceTable,
    read_openface,
)
from metrics.au.openface_program import FACE_LANDMARK_IMG, OUTPUTS
from metrics.contracts import Outcome, UnmeasuredImages

__all__ = [
    "LEAST_CONFIDENCE",
    "ExchangeFolder",
    "Face",
    "image_name",
    "read_face",
    "write_image",
]

LEAST_CONFIDENCE: Final = 0.7
"""Below it, OpenFace's author takes the landmarks for failed (TadasBaltrusaitis/OpenFace#270).

``success`` does not tell: in the first frame of a sequence it is set whatever was found (#568).
"""

_NAME: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """What OpenFace read from one picture.

    Attributes:
        outcome: with one face ``ok``; only those count that OpenFace is confident of.
        intensities: (17,) in 0..5, NaN unless the outcome is ok.
        presences: (18,), 0 or 1, NaN unless the outcome is ok.
        landmarks: (68, 2) in pixels; None if there are none.
    """

    outcome: Outcome
    intensities: NDArray[np.float32]
    presences: NDArray[np.float32]
    landmarks: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class ExchangeFolder:
    """A folder through which another machine, or a container, measures pictures.

    Attributes:
        root: holds ``images``, ``csv``, or both; and ``version.txt`` if the user wants a line
            about that OpenFace on the card.
    """

    root: Path

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def tables(self) -> Path:
        return self.root / "csv"

    def version(self) -> str:
        """First line of ``version.txt``, empty if there is none."""
        path = self.root / "version.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return lines[0].strip() if lines else ""

    def request(self, frames: dict[str, NDArray[np.uint8]]) -> UnmeasuredImages:
        """Writes frames for OpenFace to measure.

        Pictures of earlier requests that are measured are removed, so that none is measured
        twice.

        Args:
            frames: what to measure, by name.

        Returns:
            the error to raise.
        """
        for path in self._waiting():
            if read_face(self.tables, path.stem) is not None:
                path.unlink()
        for name, frame in frames.items():
            write_image(self.images / f"{name}.png", frame)
        self.tables.mkdir(parents=True, exist_ok=True)
        command = f"{FACE_LANDMARK_IMG} -fdir {self.images} -out_dir {self.tables}"
        return UnmeasuredImages(
            f"{len(self._waiting())} images in {self.images} have no answer of OpenFace in "
            f"{self.tables}: where it is installed, run: {command} {' '.join(OUTPUTS)}; then type "
            f"the same command again"
        )

    def _waiting(self) -> list[Path]:
        """Pictures that earlier requests wrote; others in the folder are the user's."""
        return [path for path in self.images.glob("*.png") if _NAME.fullmatch(path.stem)]


def image_name(frame: NDArray[np.uint8]) -> str:
    """SHA-256 of the pixels of a square frame (side, side, 3), hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(frame).tobytes()).hexdigest()


def write_image(path: Path, frame: NDArray[np.uint8]) -> None:
    """Writes a frame (side, side, 3) as PNG, enlarged to 256 pixels where smaller (bicubic)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(enlarged(frame)).save(path)


def read_face(tables: Path, name: str) -> Face | None:
    """What OpenFace wrote of the picture of that name; None if it wrote nothing.

    FaceLandmarkImg writes no table for a picture without a face, but tells in
    ``<name>_of_details.txt`` that it was there.

    Raises:
        ValueError: what it wrote is malformed, or is about more than one picture.
    """
    path = tables / f"{name}.csv"
    if path.is_file():
        return _face(read_openface(path), path)
    details = tables / f"{name}_of_details.txt"
    if not details.is_file():
        return None
    text = details.read_text(encoding="utf-8", errors="replace")
    if not text:
        return None
    if "Output csv:" in text:
        raise ValueError(f"{details} tells of {path.name}, which is not there: copy it as well")
    return _no_reading("no_face")


def _face(table: OpenFaceTable, path: Path) -> Face:
    if table.frames is not None and len(np.unique(table.frames)) > 1:
        raise ValueError(
            f"{path} is about {len(np.unique(table.frames))} frames, not about one image: run "
            f"OpenFace's {FACE_LANDMARK_IMG}"
        )
    seen = table.confidence >= LEAST_CONFIDENCE
    if table.success is not None:
        seen &= table.success
    rows = np.flatnonzero(seen)
    if len(rows) != 1:
        return _no_reading("several_faces" if len(rows) else "no_face")
    row = int(rows[0])
    landmarks = None if table.landmarks is None else table.landmarks[row]
    return Face("ok", table.intensities[row], table.presences[row], landmarks)


def _no_reading(outcome: Outcome) -> Face:
    return Face(
        outcome,
        np.full(len(INTENSITY_UNITS), np.nan, dtype=np.float32),
        np.full(len(PRESENCE_UNITS), np.nan, dtype=np.float32),
        None,
    )
