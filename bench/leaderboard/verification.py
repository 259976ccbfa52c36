"""``verified.json``: that an entry was checked, and that it is still what was checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.data.reading import parse_json, read_text
from bench.errors import BenchError
from bench.run.files import write_atomically

if TYPE_CHECKING:
    from bench.leaderboard.entry import Entry

__all__ = [
    "VERIFIED_SCHEMA_VERSION",
    "hashes_of",
    "is_verified",
    "read_verified",
    "withdraw_verified",
    "write_verified",
]

VERIFIED_SCHEMA_VERSION: Final = 1

CHECKED_FILES: Final = {
    "entry_sha256": "entry.json",
    "scores_sha256": "scores.parquet",
    "basis_sha256": "../benchmark.json",
    "pairs_sha256": "../pairs.parquet",
}
"""The numbers of an entry follow from its own two files and the two that its board shares."""


def is_verified(entry: Entry) -> bool:
    """Whether ``bench leaderboard verify`` regenerated pairs of this entry as it stands.

    True while ``verified.json`` lies beside ``entry.json`` and its hashes fit. Anybody can write
    such a file: it tells what to check again, and is no proof.
    """
    stored = read_verified(entry.folder)
    return stored is not None and all(
        stored.get(name) == value for name, value in hashes_of(entry.folder).items()
    )


def hashes_of(folder: Path) -> dict[str, str]:
    """SHA-256 of each file that decides the numbers of an entry; empty text for a missing one."""
    return {name: _sha256(folder / path) for name, path in CHECKED_FILES.items()}


def read_verified(folder: Path) -> dict[str, Any] | None:
    """The contents of ``verified.json``; None if there is none of this version."""
    try:
        values = parse_json(read_text(folder / "verified.json"), finite=False)
    except (BenchError, ValueError):
        return None
    known = isinstance(values, dict) and values.get("schema_version") == VERIFIED_SCHEMA_VERSION
    return values if known else None


def write_verified(folder: Path, hashes: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Writes ``verified.json``.

    Args:
        folder: of the entry.
        hashes: ``hashes_of`` the entry when it was read.
        values: what was regenerated and how near it came, where and by whom; JSON values.

    Raises:
        BenchError: the place is not writable.
    """
    record = {"schema_version": VERIFIED_SCHEMA_VERSION, **hashes, **values}
    text = json.dumps(record, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomically(folder / "verified.json", text.encode())


def withdraw_verified(folder: Path) -> None:
    """Removes ``verified.json`` of an entry that was found wrong; an installed one stays."""
    with suppress(OSError):
        (folder / "verified.json").unlink()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
