"""The committed list of a dataset's images, and the check of a user's copy against it."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from bench.data.card import DatasetCard
from bench.data.images import check_image
from bench.data.tables import read_rows
from bench.errors import BenchError

__all__ = ["ManifestEntry", "build_manifest", "read_manifest", "verify", "write_manifest"]


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One image of a dataset; ``path`` is relative to the data folder."""

    path: str
    identity: str
    sample: str
    bytes: int
    sha256: str


COLUMNS = [field.name for field in fields(ManifestEntry)]


def build_manifest(card: DatasetCard, data: Path) -> list[ManifestEntry]:
    """Lists the images of a data folder by the card's path pattern, sorted.

    Raises:
        BenchError: the folder holds no image that fits the pattern.
    """
    entries = []
    for sample in sorted(card.roles):
        pattern = card.path.format(identity="*", sample=sample)
        place = Path(card.path.format(identity="\0", sample=sample)).parts
        index = next(i for i, part in enumerate(place) if "\0" in part)
        prefix, suffix = place[index].split("\0")
        for file in sorted(data.glob(pattern)):
            part = file.relative_to(data).parts[index]
            identity = part[len(prefix) : len(part) - len(suffix)]
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            path = file.relative_to(data).as_posix()
            entries.append(ManifestEntry(path, identity, sample, len(content), digest))
    if not entries:
        raise BenchError(f"no image in {data} fits the pattern {card.path!r} of {card.name}")
    return sorted(entries, key=lambda entry: entry.path)


def write_manifest(path: Path, entries: list[ManifestEntry]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(astuple(entry) for entry in entries)


def read_manifest(path: Path) -> list[ManifestEntry]:
    """Reads a manifest.

    Raises:
        BenchError: the file is missing or a row is malformed; the message names the line.
    """
    if not path.is_file():
        raise BenchError(f"no list of images at {path}")
    rows = read_rows(path)
    if not rows or rows[0] != COLUMNS:
        raise BenchError(f"{path}:1: expected the header {','.join(COLUMNS)}")
    entries = []
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(COLUMNS) or not row[3].isdecimal() or len(row[4]) != 64:
            raise BenchError(f"{path}:{line}: malformed row {','.join(row)!r}")
        if Path(row[0]).is_absolute() or ".." in Path(row[0]).parts:
            raise BenchError(f"{path}:{line}: {row[0]!r} leaves the data folder")
        entries.append(ManifestEntry(row[0], row[1], row[2], int(row[3]), row[4]))
    return entries


def verify(card: DatasetCard, data: Path) -> Iterator[tuple[ManifestEntry, str | None]]:
    """Compares every image of a data folder with the manifest.

    Yields:
        The entry and what is wrong with its file (missing, unreadable, of the wrong size,
        changed), or None.

    Raises:
        BenchError: the data folder does not exist.
    """
    if not data.is_dir():
        raise BenchError(f"no data folder at {data}", hint=card.how_to_get)
    for entry in read_manifest(card.manifest):
        path = data / entry.path
        problem = check_image(path, card.size)
        if problem is None:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest != entry.sha256:
                problem = f"has changed: SHA-256 {digest[:12]}, expected {entry.sha256[:12]}"
        yield entry, problem
