"""Aligns the pictures of a folder, one after the other; what is wrong with one stops none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from PIL import Image

from bench.data.alignment.pictures import read_picture
from bench.data.alignment.record import (
    AlignedPicture,
    Outcome,
    read_table,
    write_table,
)
from bench.data.alignment.sources import FaceSource
from bench.errors import BenchError
from metrics.faces.templates import Template
from metrics.similarity import inside_share, resample

__all__ = [
    "LARGEST_ENLARGEMENT",
    "SMALLEST_SIDE",
    "Alignment",
    "align_folder",
    "check_folders",
    "require_points",
]

SMALLEST_SIDE: Final = 20
"""A picture with a shorter side, in pixels, is not looked at."""

LARGEST_ENLARGEMENT: Final = 4.0
"""A face that would have to be enlarged more shows nothing to measure."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How pictures are aligned.

    Attributes:
        template: where the faces go.
        size: side of the aligned pictures in pixels.
        source: who says where the faces are.
        overwrite: whether pictures that are there already are made again.
    """

    template: Template
    size: int
    source: FaceSource
    overwrite: bool = False


def check_folders(pictures: Path, aligned: Path) -> None:
    """Refuses to write among the pictures.

    Raises:
        BenchError: the folder of the aligned pictures is that of the pictures or inside it, or is
            a file.
    """
    if aligned.resolve().is_relative_to(pictures.resolve()):
        raise BenchError(
            f"{aligned} is inside of {pictures}, where it would be aligned the next time",
            hint="give a folder beside it",
        )
    if aligned.exists() and not aligned.is_dir():
        raise BenchError(f"{aligned} is a file", hint="give a folder")


def require_points(template: Template, source: FaceSource) -> None:
    """Refuses a source that lacks points of the template.

    Raises:
        BenchError: it lacks some.
    """
    lacking = [name for name in template.needs if name not in source.points]
    if lacking:
        columns = ", ".join(f"{name}_x, {name}_y" for name in lacking)
        raise BenchError(
            f"the template {template.name} needs more than the eyes, and {source.name} has no "
            f"{columns}",
            hint="--template glow needs the eyes alone",
        )


def align_folder(
    folder: Path,
    files: Sequence[str],
    aligned: Path,
    how: Alignment,
    advance: Callable[[int], None],
) -> list[AlignedPicture]:
    """Aligns pictures and writes them as PNG, each whole or not at all, and the table of them.

    The folders below ``folder`` are kept. The table is written as well when the work is stopped.

    Args:
        folder: of the pictures.
        files: their paths relative to it.
        aligned: the folder to write to.
        how: template, size, source.
        advance: called with 1 after each picture.

    Returns:
        a row for each picture, in the order of ``files``.

    Raises:
        BenchError: the folder holds pictures of another template or size, or cannot be written.
    """
    require_points(how.template, how.source)
    former = read_table(aligned)
    _require_same(former.values(), how, aligned)
    done: list[AlignedPicture] = []
    taken: dict[str, str] = {}
    try:
        aligned.mkdir(parents=True, exist_ok=True)
        try:
            for file in files:
                output = PurePosixPath(file).with_suffix(".png").as_posix()
                first = taken.setdefault(output.casefold(), file)
                if first != file:
                    reason = f"{first} is {output} already"
                    done.append(_row(file, "name_taken", how, reason=reason))
                elif (aligned / output).exists() and not how.overwrite:
                    done.append(_row(file, "exists", how, output=output, reason="left as it was"))
                else:
                    done.append(_align(folder / file, file, aligned, output, how))
                advance(1)
        finally:
            write_table(aligned, _merged(done, former, aligned))
    except OSError as error:
        raise BenchError(f"{aligned} cannot be written: {error.strerror or error}") from error
    return done


def _align(path: Path, file: str, aligned: Path, output: str, how: Alignment) -> AlignedPicture:
    try:
        picture = read_picture(path)
    except BenchError as error:
        return _row(file, "unreadable", how, reason=str(error))
    if min(picture.size) < SMALLEST_SIDE:
        width, height = picture.size
        return _row(file, "too_small", how, reason=f"it is {width}x{height} pixels")
    try:
        faces = how.source.faces(file, np.asarray(picture))
        if not faces:
            return _row(file, "no_face", how, faces=0)
        face = faces[0]
        similarity = how.template.similarity(face.points, how.size)
    except (BenchError, ValueError) as error:
        return _row(file, "no_landmarks", how, reason=str(error))
    scale = abs(similarity.scale)
    found: dict[str, Any] = {
        "faces": len(faces),
        "confidence": face.confidence,
        "scale": scale,
        "rotation": float(np.degrees(np.angle(similarity.scale))),
        "points": face.points,
    }
    if scale > LARGEST_ENLARGEMENT:
        reason = f"the face would have to be enlarged {scale:.1f} times"
        return _row(file, "too_small", how, reason=reason, **found)
    _write(resample(picture, similarity, how.size), aligned / output)
    return _row(
        file,
        "ok" if len(faces) == 1 else "several_faces",
        how,
        output=output,
        inside=inside_share(picture.size, similarity, how.size),
        **found,
    )


def _row(
    file: str, outcome: Outcome, how: Alignment, *, output: str = "", reason: str = "", **found: Any
) -> AlignedPicture:
    return AlignedPicture(
        file, output, outcome, reason, how.template.name, how.size, how.source.name, **found
    )


def _write(picture: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            picture.save(file, format="PNG")
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _require_same(former: Iterable[Mapping[str, str]], how: Alignment, aligned: Path) -> None:
    """One folder holds one template at one size."""
    if how.overwrite:
        return
    for row in former:
        if (row.get("template"), row.get("size")) != (how.template.name, str(how.size)):
            raise BenchError(
                f"{aligned} holds pictures aligned to {row.get('template')} at {row.get('size')} "
                f"pixels",
                hint="take another folder, or --overwrite",
            )


def _merged(
    done: Sequence[AlignedPicture], former: dict[str, dict[str, str]], aligned: Path
) -> list[Mapping[str, Any]]:
    """Rows for the table: those of this run, and what earlier ones wrote of all other pictures."""
    rows: list[Mapping[str, Any]] = [
        former[picture.output]
        if picture.outcome == "exists" and picture.output in former
        else picture.cells()
        for picture in done
    ]
    outputs = {picture.output for picture in done}
    rows += [
        row
        for output, row in former.items()
        if output not in outputs and (aligned / output).is_file()
    ]
    return rows
