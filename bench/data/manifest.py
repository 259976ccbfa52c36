"""The list of a dataset's images, and the check of a user's copy against it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.card import DatasetCard
from bench.data.images import check_image, read_image
from bench.data.inside import inside, path_problem
from bench.data.tables import csv_text, read_rows
from bench.errors import BenchError

__all__ = ["ManifestEntry", "manifest_text", "read_manifest", "verify", "write_manifest"]

COLUMNS = ("path", "identity", "sample", "bytes", "sha256")
FURTHER = ("role", "expression", "intensity")

BYTES = re.compile(r"[0-9]{1,15}")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One image of a dataset.

    Attributes:
        path: relative to the data folder.
        sample: name of the image, unique for its identity.
        role: ``reference`` or ``source``; empty where the card tells it by the sample's name.
        expression: empty where the card tells it by the sample's name.
        intensity: of the expression, on the dataset's own scale; often empty.
        groups: (name, value) of the groups that the identity belongs to.
    """

    path: str
    identity: str
    sample: str
    bytes: int
    sha256: str
    role: str = ""
    expression: str = ""
    intensity: str = ""
    groups: tuple[tuple[str, str], ...] = ()


def manifest_text(entries: Sequence[ManifestEntry]) -> str:
    """A list of images as the text of its file, with those columns that hold anything."""
    further = [name for name in FURTHER if any(getattr(entry, name) for entry in entries)]
    groups = list(dict.fromkeys(name for entry in entries for name, _ in entry.groups))
    rows = [[*COLUMNS, *further, *groups]]
    for entry in entries:
        values = [str(getattr(entry, name)) for name in (*COLUMNS, *further)]
        rows.append([*values, *(dict(entry.groups).get(name, "") for name in groups)])
    return csv_text(rows)


def write_manifest(path: Path, entries: Sequence[ManifestEntry]) -> None:
    path.write_text(manifest_text(entries), encoding="utf-8", newline="\n")


def read_manifest(path: Path) -> list[ManifestEntry]:
    """Reads a list of images.

    The columns path, identity, sample, bytes and sha256 come first, then those of role,
    expression and intensity that there are, then the groups.

    Raises:
        BenchError: the file is missing or a row is malformed; the message names the line.
    """
    if not path.is_file():
        raise BenchError(f"no list of images at {path}")
    rows = read_rows(path)
    header = rows[0] if rows else []
    if tuple(header[: len(COLUMNS)]) != COLUMNS or len(set(header)) != len(header):
        raise BenchError(f"{path}:1: expected the header {','.join(COLUMNS)}")
    entries = []
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(header) or not BYTES.fullmatch(row[3]) or not SHA256.fullmatch(row[4]):
            raise BenchError(f"{path}:{line}: malformed row {','.join(row)[:200]!r}")
        if problem := path_problem(row[0]):
            raise BenchError(f"{path}:{line}: the path {row[0][:100]!r} {problem}")
        values = dict(zip(header, row, strict=True))
        if values.get("role", "source") not in ("reference", "source"):
            raise BenchError(f"{path}:{line}: unknown role {values['role']!r}")
        if (row[1], row[2]) in seen:
            raise BenchError(f"{path}:{line}: the sample {row[1]}/{row[2]} is listed twice")
        seen.add((row[1], row[2]))
        groups = tuple((n, v) for n, v in values.items() if n not in (*COLUMNS, *FURTHER))
        further = {name: values.get(name, "") for name in FURTHER}
        entries.append(
            ManifestEntry(row[0], row[1], row[2], int(row[3]), row[4], **further, groups=groups)
        )
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
        try:
            path = inside(data, entry.path)
        except BenchError as error:
            yield entry, f"is refused: {error}"
            continue
        problem = check_image(path, card.size) if card.size else _unreadable(path)
        if problem is None:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest != entry.sha256:
                problem = f"has changed: SHA-256 {digest[:12]}, expected {entry.sha256[:12]}"
        yield entry, problem


def _unreadable(path: Path) -> str | None:
    """What is wrong with an image of any size; None if nothing."""
    try:
        read_image(path)
    except BenchError as error:
        return error.message.removeprefix(f"the image {path} ")
    return None
