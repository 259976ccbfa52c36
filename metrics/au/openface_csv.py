"""The CSV files of OpenFace 2: one row per face, read exactly or refused.

FaceLandmarkImg writes ``face, confidence, ...`` for an image; FeatureExtraction and
FaceLandmarkVidMulti write ``frame, face_id, timestamp, confidence, success, ...`` for a sequence.
Early versions put a blank before every name but the first. Source: the output format page of the
OpenFace wiki and its ``RecorderCSV``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "HIGHEST_INTENSITY",
    "INTENSITY_UNITS",
    "LANDMARKS",
    "PRESENCE_UNITS",
    "OpenFaceTable",
    "read_openface",
]

PRESENCE_UNITS: Final = (
    "AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU10", "AU12",
    "AU14", "AU15", "AU17", "AU20", "AU23", "AU25", "AU26", "AU28", "AU45",
)  # fmt: skip
"""The 18 Action Units with a presence (``AU28_c``)."""

INTENSITY_UNITS: Final = tuple(unit for unit in PRESENCE_UNITS if unit != "AU28")
"""The 17 Action Units with an intensity (``AU12_r``): AU28 has a presence alone."""

HIGHEST_INTENSITY: Final = 5.0
"""FACS intensity E; 0 is absent."""

LANDMARKS: Final = 68
"""Points of the iBUG 300-W mark-up."""

_IMAGE_LEFT_EYE: Final = slice(36, 42)
_IMAGE_RIGHT_EYE: Final = slice(42, 48)
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# As the C++ libraries of Linux and Windows print what is no number.
_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf)(\(ind\))?", re.IGNORECASE)
_ACTION_UNIT: Final = re.compile(r"AU\d+_[rc]")


@dataclass(frozen=True, slots=True, eq=False)
class OpenFaceTable:
    """What one file of OpenFace says of N faces, row by row.

    Attributes:
        mode: of an ``image``, or of a sequence (``video``).
        faces: (N,) number of each face, from 0.
        frames: (N,) number of each frame; None in image mode.
        confidence: (N,) of the landmarks, 0..1.
        success: (N,) whether the face was tracked; None in image mode, which writes found faces
            alone.
        intensities: (N, 17) in 0..5.
        presences: (N, 18), 0 or 1.
        landmarks: (N, 68, 2) as (x, y) in pixels; None where the file has none.
        intensity_units: names of the columns of ``intensities``.
        presence_units: names of the columns of ``presences``.
    """

    mode: Literal["image", "video"]
    faces: NDArray[np.int64]
    frames: NDArray[np.int64] | None
    confidence: NDArray[np.float64]
    success: NDArray[np.bool_] | None
    intensities: NDArray[np.float32]
    presences: NDArray[np.float32]
    landmarks: NDArray[np.float64] | None
    intensity_units: tuple[str, ...] = INTENSITY_UNITS
    presence_units: tuple[str, ...] = PRESENCE_UNITS

    def eye_centres(self) -> NDArray[np.float64]:
        """(N, 2, 2): (x, y) in pixels of the image-left eye, then of the image-right eye.

        Each is the mean of the six points of its eye.

        Raises:
            ValueError: the file has no landmarks.
        """
        if self.landmarks is None:
            raise ValueError("the OpenFace file has no landmarks: run OpenFace with -2Dfp")
        eyes = [self.landmarks[:, eye].mean(axis=1) for eye in (_IMAGE_LEFT_EYE, _IMAGE_RIGHT_EYE)]
        return np.asarray(np.stack(eyes, axis=1))


def read_openface(path: Path) -> OpenFaceTable:
    """Reads a CSV file of OpenFace 2.

    Columns are found by name, with or without the blank. All cells must be numbers; those that
    the table holds must be finite and in their range. Gaze and pose may be NaN, as OpenFace
    writes where it has none.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not what OpenFace writes; the message names the file and the line.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no OpenFace file at {path}")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text, so not a CSV file of OpenFace") from error
    if not lines:
        raise ValueError(f"{path} is empty: run OpenFace again")
    names = [name.strip() for name in lines[0].split(",")]
    columns = _Columns(path, names)
    if len(lines) == 1:
        raise ValueError(f"{path}, line 1: no row follows the names of the columns")
    needed = {names.index(name) for name in columns.needed}
    values = np.array(
        [_numbers(path, number, line, names, needed) for number, line in enumerate(lines[1:], 2)]
    )
    return columns.table(values)


class _Columns:
    """Where the columns of one file are, and the checks of what they hold."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._path = path
        self._names = names
        doubled = sorted(name for name, count in Counter(names).items() if count > 1)
        if doubled:
            raise self._error(1, f"the column {doubled[0] or 'without a name'} is there twice")
        self.mode: Literal["image", "video"] = "video" if "frame" in names else "image"
        self._index = (
            [name for name in ("frame", "face_id") if name in names]
            if self.mode == "video"
            else ["face"]
        )
        found = ["confidence", "success"] if self.mode == "video" else ["confidence"]
        intensities = [f"{unit}_r" for unit in INTENSITY_UNITS]
        presences = [f"{unit}_c" for unit in PRESENCE_UNITS]
        points = [f"{axis}_{point}" for point in range(LANDMARKS) for axis in "xy"]
        self._points = points if any(name in names for name in points) else []
        self.needed = [*self._index, *found, *intensities, *presences, *self._points]
        self._require(intensities, presences)
        # Another build of OpenFace with other models: what it measures is not known here.
        strange = [
            n for n in names if _ACTION_UNIT.fullmatch(n) and n not in intensities + presences
        ]
        if strange:
            raise self._error(1, f"OpenFace 2 has no column {strange[0]}")

    def table(self, values: NDArray[np.float64]) -> OpenFaceTable:
        """The checked table of all rows (N, C)."""
        whole = {name: self._whole(values, name) for name in self._index}
        faces = whole.get("face", whole.get("face_id", np.zeros(len(values), dtype=np.int64)))
        frames = whole.get("frame")
        self._check_distinct(np.stack(list(whole.values()), axis=1))
        success = None
        if self.mode == "video":
            success = self._ranged(values, ["success"], 1.0, whole=True)[:, 0].astype(bool)
        intensities = self._ranged(
            values, [f"{unit}_r" for unit in INTENSITY_UNITS], HIGHEST_INTENSITY
        )
        presences = self._ranged(values, [f"{unit}_c" for unit in PRESENCE_UNITS], 1.0, whole=True)
        landmarks = None
        if self._points:
            chosen = values[:, [self._names.index(name) for name in self._points]]
            landmarks = chosen.reshape(len(values), LANDMARKS, 2)
        return OpenFaceTable(
            mode=self.mode,
            faces=faces,
            frames=frames,
            confidence=self._ranged(values, ["confidence"], 1.0)[:, 0],
            success=success,
            intensities=intensities.astype(np.float32),
            presences=presences.astype(np.float32),
            landmarks=landmarks,
        )

    def _require(self, intensities: Sequence[str], presences: Sequence[str]) -> None:
        missing = [name for name in self.needed if name not in self._names]
        if not missing:
            return
        listed = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if missing[4:] else "")
        advice = (
            "; run OpenFace with -aus and its models"
            if {*missing} & {*intensities, *presences}
            else ""
        )
        if not any(name in self._names for name in ("face", "frame")):
            advice = "; is this a CSV file of OpenFace?"
        raise self._error(1, f"no column {listed}{advice}")

    def _ranged(
        self, values: NDArray[np.float64], names: Sequence[str], highest: float, whole: bool = False
    ) -> NDArray[np.float64]:
        """Columns (N, len(names)) in 0..highest."""
        chosen = values[:, [self._names.index(name) for name in names]]
        wrong = (chosen < 0.0) | (chosen > highest)
        if whole:
            wrong |= chosen != np.floor(chosen)
        for row, column in np.argwhere(wrong)[:1]:
            allowed = f"{0 if whole else 0.0} {'or' if whole else 'to'} {highest:g}"
            raise self._error(
                int(row) + 2, f"{names[column]} is {chosen[row, column]:g}, not {allowed}"
            )
        return chosen

    def _whole(self, values: NDArray[np.float64], name: str) -> NDArray[np.int64]:
        """A column (N,) that counts."""
        column = values[:, self._names.index(name)]
        for row in np.flatnonzero((column < 0.0) | (column != np.floor(column)))[:1]:
            raise self._error(int(row) + 2, f"{name} is {column[row]:g}, not a whole number")
        return column.astype(np.int64)

    def _check_distinct(self, keys: NDArray[np.int64]) -> None:
        seen: dict[tuple[int, ...], int] = {}
        for line, key in enumerate(map(tuple, keys.tolist()), 2):
            if key in seen:
                named = ", ".join(f"{n} {v}" for n, v in zip(self._index, key, strict=True))
                raise self._error(line, f"{named} is on line {seen[key]} already")
            seen[key] = line

    def _error(self, line: int, problem: str) -> ValueError:
        return ValueError(f"{self._path}, line {line}: {problem}")


def _numbers(
    path: Path, number: int, line: str, names: Sequence[str], needed: set[int]
) -> list[float]:
    """The values of one line, in the order of the columns."""
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) != len(names):
        raise ValueError(
            f"{path}, line {number}: {len(cells)} values, but {len(names)} columns in line 1"
        )
    values = []
    for index, cell in enumerate(cells):
        if _NUMBER.fullmatch(cell):
            values.append(float(cell))
        elif index not in needed and _NOT_FINITE.fullmatch(cell):
            values.append(math.nan)
        else:
            shown = cell if len(cell) <= 20 else f"{cell[:17]}..."
            raise ValueError(
                f"{path}, line {number}: {names[index]} is {shown!r}, not a finite number"
            )
    return values
