"""A CSV file that says where the eyes of pictures are, read exactly or refused."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.data.reading import MOST_TABLE, read_text
from bench.errors import BenchError
from metrics.faces.finder import POINTS, Face

__all__ = ["LandmarkTable", "read_landmark_table"]

_EYES: Final = POINTS[:2]


@dataclass(frozen=True, slots=True)
class LandmarkTable:
    """The points of one face for each picture (a source of faces).

    Attributes:
        name: of the file.
        points: names of the points that it knows.
        rows: (5, 2) by relative path of the picture, NaN where unknown.
    """

    name: str
    points: tuple[str, ...]
    rows: dict[str, NDArray[np.float64]]

    def faces(self, file: str, picture: NDArray[np.uint8]) -> list[Face]:
        """The face of a picture.

        Raises:
            BenchError: the table lacks it, or its eyes lie outside of the picture.
        """
        if file not in self.rows:
            raise BenchError(f"{self.name} has no eyes for it")
        points = self.rows[file]
        height, width = picture.shape[:2]
        if ((points[:2] < 0.0) | (points[:2] > (width, height))).any():
            raise BenchError(
                f"the eyes in {self.name} lie outside of its {width}x{height} pixels: were they "
                f"found in it at another size, or before it was turned upright?"
            )
        left, top = np.nanmin(points, axis=0)
        right, bottom = np.nanmax(points, axis=0)
        return [Face(points, (float(left), float(top), float(right), float(bottom)))]


def read_landmark_table(path: Path, pictures: Sequence[str]) -> LandmarkTable:
    """Reads ``file, left_eye_x, left_eye_y, right_eye_x, right_eye_y`` and what more there is.

    ``nose``, ``left_mouth`` and ``right_mouth`` may be there as well; other columns are ignored, so
    an ``alignment.csv`` can be read. Left is the left of the picture. A row without numbers is a
    picture without a face.

    Args:
        path: the file.
        pictures: relative paths of the pictures, of which at least one must be in the file.

    Raises:
        BenchError: the file is missing, malformed, or about other pictures; file and line are
            named.
    """
    if not path.exists():
        raise BenchError(f"there is no file of landmarks {path}")
    text = read_text(path, MOST_TABLE, encoding="utf-8-sig")
    reader = csv.reader(text.splitlines())
    try:
        lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BenchError(f"{path}, line {reader.line_num}: {error}") from error
    if not lines:
        raise BenchError(f"{path} is empty")
    header = [cell.strip() for cell in lines[0][1]]
    known = tuple(p for p in POINTS if f"{p}_x" in header and f"{p}_y" in header)
    if "file" not in header or not set(_EYES) <= set(known):
        columns = ", ".join(["file", *(f"{eye}_{axis}" for eye in _EYES for axis in "xy")])
        raise BenchError(f"{path}, line 1: the columns must be {columns}")
    rows: dict[str, NDArray[np.float64]] = {}
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            raise BenchError(
                f"{path}, line {number}: {len(cells)} cells, but {len(header)} columns in line 1"
            )
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        file = row["file"].replace("\\", "/").removeprefix("./")
        points = _points(row, known, f"{path}, line {number}")
        if points is None:
            continue
        if file in rows:
            raise BenchError(f"{path}, line {number}: {file} is there twice")
        rows[file] = points
    if not set(pictures) & set(rows):
        example = next(iter(rows), "nothing")
        raise BenchError(
            f"{path} is about none of the pictures: it names {example}",
            hint=f"paths relative to the folder, such as {pictures[0]}",
        )
    return LandmarkTable(path.name, known, rows)


def _points(row: dict[str, str], known: Sequence[str], where: str) -> NDArray[np.float64] | None:
    """The points (5, 2) of a row; None if it has none."""
    cells = {f"{point}_{axis}": row[f"{point}_{axis}"] for point in known for axis in "xy"}
    if not any(cells.values()):
        return None
    points = np.full((len(POINTS), 2), np.nan)
    for point in known:
        for axis, letter in enumerate("xy"):
            points[POINTS.index(point), axis] = _number(f"{point}_{letter}", cells, where)
    if points[0, 0] >= points[1, 0]:
        raise BenchError(
            f"{where}: left_eye_x is {points[0, 0]:g} and right_eye_x is {points[1, 0]:g}, but "
            f"left is the left of the picture, not of the person"
        )
    return points


def _number(column: str, cells: dict[str, str], where: str) -> float:
    try:
        value = float(cells[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BenchError(f"{where}: {column} is {cells[column]!r}, not a number")
    return value
