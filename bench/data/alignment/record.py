"""What happened to each picture of a folder that was aligned, and the table of it."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bench.data.reading import MOST_TABLE, read_text
from bench.data.tables import csv_text
from bench.errors import BenchError
from metrics.faces.finder import POINTS

__all__ = ["ALIGNED", "TABLE", "AlignedPicture", "Outcome", "read_table", "write_table"]

TABLE: Final = "alignment.csv"
"""Name of the table in the folder of the aligned pictures."""

Outcome = Literal[
    "ok", "several_faces", "exists", "no_face", "no_landmarks", "too_small", "unreadable",
    "name_taken",
]  # fmt: skip

_COLUMNS: Final = (
    "file", "output", "outcome", "reason", "template", "size", "source", "faces", "confidence",
    "scale", "rotation", "inside", *(f"{point}_{axis}" for point in POINTS for axis in "xy"),
)  # fmt: skip

ALIGNED: Final[frozenset[Outcome]] = frozenset({"ok", "several_faces", "exists"})
"""Outcomes with an aligned picture."""


@dataclass(frozen=True, slots=True)
class AlignedPicture:
    """One picture.

    Attributes:
        file: path relative to the folder of the pictures, with ``/``.
        output: path relative to the folder of the aligned pictures; empty if there is none.
        outcome: what happened; with ``several_faces`` the largest was taken.
        reason: why there is no aligned picture.
        template: name of the template.
        size: side of the aligned picture in pixels.
        source: who said where the face is.
        faces: how many there are that can be believed in.
        confidence: of the face, 0..1.
        scale: by which the picture was enlarged.
        rotation: by which it was turned, in degrees clockwise.
        inside: share of the aligned picture that is not black border, 0..1.
        points: (5, 2) of the face in pixels of the upright picture, NaN where unknown.
    """

    file: str
    output: str
    outcome: Outcome
    reason: str
    template: str
    size: int
    source: str
    faces: int | None = None
    confidence: float | None = None
    scale: float | None = None
    rotation: float | None = None
    inside: float | None = None
    points: NDArray[np.float64] | None = field(default=None, compare=False)

    def cells(self) -> dict[str, Any]:
        """The row of the table by column: None where nothing is known."""
        points = np.full((len(POINTS), 2), np.nan) if self.points is None else self.points
        return {
            "file": self.file,
            "output": self.output,
            "outcome": self.outcome,
            "reason": self.reason,
            "template": self.template,
            "size": self.size,
            "source": self.source,
            "faces": self.faces,
            "confidence": _rounded(self.confidence, 4),
            "scale": _rounded(self.scale, 5),
            "rotation": _rounded(self.rotation, 3),
            "inside": _rounded(self.inside, 3),
            **{
                f"{name}_{axis}": _rounded(float(value), 2)
                for name, point in zip(POINTS, points, strict=True)
                for axis, value in zip("xy", point, strict=True)
            },
        }


def write_table(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the table of a folder of aligned pictures, whole or not at all."""
    text = csv_text([_COLUMNS, *([row.get(name) for name in _COLUMNS] for row in rows)])
    partial = folder / f".{TABLE}.partial"
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, folder / TABLE)


def read_table(folder: Path) -> dict[str, dict[str, str]]:
    """The rows of a folder's table by output; empty if it has none.

    Raises:
        BenchError: the table is none of :func:`write_table`.
    """
    path = folder / TABLE
    if not path.is_file():
        return {}
    try:
        rows = list(csv.DictReader(read_text(path, MOST_TABLE).splitlines()))
        return {row["output"]: row for row in rows if row["output"]}
    except (csv.Error, KeyError) as error:
        raise BenchError(
            f"{path} is no table of bench data align", hint="move it away, or take another folder"
        ) from error


def _rounded(value: float | None, digits: int) -> float | None:
    return round(value, digits) if value is not None and np.isfinite(value) else None
