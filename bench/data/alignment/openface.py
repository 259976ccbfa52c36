"""Faces that OpenFace has found in the pictures of a folder, from its CSV files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from metrics.au.openface_csv import OpenFaceTable, read_openface
from metrics.au.openface_folder import LEAST_CONFIDENCE
from metrics.faces.finder import POINTS, Face, largest_first
from metrics.faces.ibug import five_points

__all__ = ["OpenFaceFolder"]


class OpenFaceFolder:
    """One CSV file of FaceLandmarkImg for each picture (a source of faces).

    The file of ``a/b.jpg`` is ``a/b.csv`` or, where no other picture is called b, ``b.csv``. A
    picture without a CSV file but with ``b_of_details.txt`` was looked at and shows no face.

    Args:
        folder: of the CSV files.
        pictures: relative paths of the pictures.

    Raises:
        BenchError: there is no such folder, or it has no CSV file.
    """

    def __init__(self, folder: Path, pictures: Sequence[str]) -> None:
        if not folder.is_dir():
            raise BenchError(f"there is no folder {folder} of OpenFace's CSV files")
        if next(folder.rglob("*.csv"), None) is None:
            raise BenchError(
                f"{folder} holds no CSV file",
                hint="FaceLandmarkImg -fdir PICTURES -out_dir FOLDER -2Dfp -aus",
            )
        self._folder = folder
        self._stems = Counter(PurePosixPath(file).stem for file in pictures)

    @property
    def name(self) -> str:
        return f"openface ({self._folder.name})"

    @property
    def points(self) -> tuple[str, ...]:
        return POINTS

    def faces(self, file: str, picture: NDArray[np.uint8]) -> list[Face]:
        """The faces of a picture that OpenFace is confident of, the largest first.

        Raises:
            BenchError: OpenFace has not looked at it, or its file is malformed.
        """
        path = PurePosixPath(file)
        places = [self._folder / path.parent]
        if self._stems[path.stem] == 1 and self._folder not in places:
            places.append(self._folder)
        for place in places:
            if (table := place / f"{path.stem}.csv").is_file():
                return largest_first(_faces(table), LEAST_CONFIDENCE)
            if (place / f"{path.stem}_of_details.txt").is_file():
                return []
        raise BenchError(f"{self._folder} has no {path.stem}.csv for it")


def _faces(path: Path) -> list[Face]:
    try:
        table = read_openface(path)
    except ValueError as error:
        raise BenchError(str(error)) from error
    if table.landmarks is None:
        raise BenchError(f"{path} has no landmarks: run OpenFace with -2Dfp")
    if table.frames is not None and len(np.unique(table.frames)) > 1:
        raise BenchError(f"{path} is about a sequence, not about one picture")
    return [_face(table, row) for row in _found(table)]


def _found(table: OpenFaceTable) -> list[int]:
    seen = range(len(table.faces))
    return [row for row in seen if table.success is None or table.success[row]]


def _face(table: OpenFaceTable, row: int) -> Face:
    assert table.landmarks is not None
    # OpenFace counts from the centre of the first pixel.
    landmarks = table.landmarks[row] + 0.5
    left, top = landmarks.min(axis=0)
    right, bottom = landmarks.max(axis=0)
    return Face(
        points=five_points(landmarks),
        box=(float(left), float(top), float(right), float(bottom)),
        confidence=float(table.confidence[row]),
    )
