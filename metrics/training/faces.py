"""Folders of faces whose identity and Action Units are known, read into memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Faces", "count_faces", "load_faces", "part_faces"]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """N images of known people with known Action Units.

    Attributes:
        images: (N, 3, side, side) RGB.
        identities: (N,) index into ``names``.
        names: the people.
        intensities: (N, A), 0 to 5.
        action_units: names of the A columns, sorted.
    """

    images: NDArray[np.uint8]
    identities: NDArray[np.int64]
    names: tuple[str, ...]
    intensities: NDArray[np.float32]
    action_units: tuple[str, ...]

    def of_people(self, people: NDArray[np.int64]) -> Faces:
        """The images of some people, who are numbered anew."""
        number = np.full(len(self.names), -1, dtype=np.int64)
        number[people] = np.arange(len(people))
        rows = np.flatnonzero(number[self.identities] >= 0)
        return Faces(
            self.images[rows],
            number[self.identities[rows]],
            tuple(self.names[p] for p in people),
            self.intensities[rows],
            self.action_units,
        )


def count_faces(folders: Sequence[Path]) -> int:
    """How many images the tables of the folders list.

    Raises:
        FileNotFoundError: a folder has no ``faces.csv``.
    """
    return sum(len(_read_table(folder)) for folder in folders)


def load_faces(
    folders: Sequence[Path], side: int, advance: Callable[[int], None] = lambda _: None
) -> Faces:
    """Reads folders with ``faces.csv`` and ``images/<identity>/<sample>.png``.

    People of different folders are different, whatever they are called.

    Args:
        folders: the folders.
        side: side in pixels of every image.
        advance: called with the number of images read since the last call.

    Raises:
        FileNotFoundError: a table or an image is missing.
        ValueError: a table, an intensity or an image is not as it should be; the message names
            it.
    """
    tables = [_read_table(folder) for folder in folders]
    units = sorted({column for table in tables for column in table[0] if _is_unit(column)})
    if not units:
        raise ValueError(f"{folders[0] / 'faces.csv'} has no column of an Action Unit, like AU12")
    total = sum(map(len, tables))
    images = np.empty((total, 3, side, side), dtype=np.uint8)
    intensities = np.empty((total, len(units)), dtype=np.float32)
    people: dict[tuple[int, str], int] = {}
    identities = np.empty(total, dtype=np.int64)
    place = 0
    for index, (folder, table) in enumerate(zip(folders, tables, strict=True)):
        for row in table:
            intensities[place] = _intensities(folder, row, units)
            path = folder / "images" / row["identity"] / f"{row['sample']}.png"
            images[place] = _read_image(path, side)
            key = (index, row["identity"])
            identities[place] = people.setdefault(key, len(people))
            place += 1
            advance(1)
    names = tuple(name for _, name in people)
    return Faces(images, identities, names, intensities, tuple(units))


def part_faces(faces: Faces, held_out: float, seed: int) -> tuple[Faces, Faces]:
    """Parts the people: images to learn from, and images of others to measure on.

    Args:
        held_out: share of the people to measure on, at least 2.

    Raises:
        ValueError: fewer than 2 people are left on a side.
    """
    count = max(2, round(held_out * len(faces.names)))
    if len(faces.names) - count < 2:
        raise ValueError(
            f"{len(faces.names)} people cannot be parted with {held_out:g} of them held out: "
            "give more faces"
        )
    order = np.random.default_rng(seed).permutation(len(faces.names))
    return faces.of_people(np.sort(order[count:])), faces.of_people(np.sort(order[:count]))


def _read_table(folder: Path) -> list[dict[str, str]]:
    path = folder / "faces.csv"
    if not path.is_file():
        raise FileNotFoundError(f"no table of faces at {path}: make a folder of drawn faces first")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"identity", "sample"} <= set(rows[0]):
        raise ValueError(f"{path} needs the columns identity and sample and at least one row")
    return rows


def _is_unit(column: str) -> bool:
    return column.startswith("AU") and column[2:].isdigit()


def _intensities(folder: Path, row: dict[str, str], units: Sequence[str]) -> list[float]:
    where = f"{folder / 'faces.csv'}, {row['identity']}/{row['sample']}"
    try:
        values = [float(row[unit]) for unit in units]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{where}: an Action Unit is missing or no number ({error})") from error
    if not all(0.0 <= value <= 5.0 for value in values):
        raise ValueError(f"{where}: Action Units must lie within 0..5")
    return values


def _read_image(path: Path, side: int) -> NDArray[np.uint8]:
    if not path.is_file():
        raise FileNotFoundError(f"no image at {path}, which faces.csv lists")
    try:
        with Image.open(path, formats=("PNG",)) as file:
            size = file.size
            pixels = np.asarray(file.convert("RGB")) if size == (side, side) else None
    except Exception as error:  # of a broken file, a decoder may raise anything
        raise ValueError(f"cannot read the image {path}: {error or repr(error)}") from error
    if pixels is None:
        raise ValueError(
            f"{path} is {size[0]}x{size[1]}, expected {side}x{side}: draw the faces at that size"
        )
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
