"""Folders of drawn faces: two tables of parameters, and the pictures."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from PIL import Image

from bench.data.synthfaces.designs import NamedFace
from bench.data.synthfaces.drawing import draw_face
from bench.data.synthfaces.parameters import Expression, FaceParameters, Identity, View
from bench.data.tables import read_rows
from bench.errors import BenchError

__all__ = ["draw_images", "read_faces", "write_tables"]

Parsed = TypeVar("Parsed")

IDENTITIES, FACES = "identities.csv", "faces.csv"


def write_tables(folder: Path, faces: Sequence[NamedFace]) -> None:
    """Writes ``identities.csv`` (one row per person) and ``faces.csv`` (one row per picture)."""
    folder.mkdir(parents=True, exist_ok=True)
    people = {face.identity: face.parameters.identity for face in faces}
    _write(
        folder / IDENTITIES,
        ({"identity": name, **identity.to_row()} for name, identity in people.items()),
    )
    _write(
        folder / FACES,
        (
            {
                "identity": face.identity,
                "sample": face.sample,
                **face.parameters.expression.to_row(),
                **face.parameters.view.to_row(),
            }
            for face in faces
        ),
    )


def read_faces(folder: Path) -> list[NamedFace]:
    """Reads the tables of a folder of drawn faces.

    Raises:
        BenchError: a table is missing or malformed; the message names file and line.
    """
    people = {
        row["identity"]: _parse(Identity.from_row, row, folder / IDENTITIES, line)
        for line, row in _read(folder / IDENTITIES)
    }
    faces = []
    for line, row in _read(folder / FACES):
        if row["identity"] not in people:
            raise BenchError(f"{folder / FACES}:{line}: no person {row['identity']!r}")
        expression = _parse(Expression.from_row, row, folder / FACES, line)
        view = _parse(View.from_row, row, folder / FACES, line)
        parameters = FaceParameters(people[row["identity"]], expression, view)
        faces.append(NamedFace(row["identity"], row["sample"], parameters))
    return faces


def draw_images(
    folder: Path,
    faces: Sequence[NamedFace],
    size: int = 64,
    workers: int | None = None,
    advance: Callable[[int], None] = lambda images: None,
) -> None:
    """Draws ``images/<identity>/<sample>.png`` of every face.

    Args:
        folder: where the folder ``images`` is made.
        faces: what to draw.
        size: side in pixels.
        workers: processes; by default one per processor.
        advance: hears of each drawn picture.
    """
    for identity in {face.identity for face in faces}:
        (folder / "images" / identity).mkdir(parents=True, exist_ok=True)
    draw = partial(_draw_one, folder / "images", size)
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        for _ in pool.map(draw, faces, chunksize=16):
            advance(1)


def _draw_one(folder: Path, size: int, face: NamedFace) -> None:
    picture = Image.fromarray(draw_face(face.parameters, size))
    picture.save(folder / face.identity / f"{face.sample}.png", optimize=True)


def _write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _read(path: Path) -> list[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise BenchError(f"no table of drawn faces at {path}", hint="bench data draw --help")
    header, *rows = read_rows(path) or [[]]
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise BenchError(f"{path}:{line}: expected {len(header)} values, found {len(row)}")
    return [(i, dict(zip(header, row, strict=True))) for i, row in enumerate(rows, start=2)]


def _parse(
    parse: Callable[[dict[str, str]], Parsed], row: dict[str, str], path: Path, line: int
) -> Parsed:
    try:
        return parse(row)
    except (KeyError, ValueError) as error:
        raise BenchError(f"{path}:{line}: malformed: {error}") from error
