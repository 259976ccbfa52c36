"""An entry of a board on disk: ``entry.json`` and ``scores.parquet`` in a folder of its own.

The format is documented in docs/results-format.md and, for ``entry.json``, by
``leaderboards/entry.schema.json``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

import pandas as pd

from bench.data.inside import inside
from bench.data.reading import check_size
from bench.errors import BenchError
from bench.leaderboard.schema import ENTRY_SCHEMA_VERSION, check_entry, read_json
from bench.leaderboard.tables import read_compact, write_compact
from bench.run.files import write_atomically
from bench.run.labels import method_label

__all__ = [
    "ENTRY_FILE",
    "SCORES_FILE",
    "SCORE_NUMBERS",
    "SCORE_TEXTS",
    "Entry",
    "entry_name",
    "list_entries",
    "read_entry",
    "write_entry",
]

ENTRY_FILE: Final = "entry.json"
SCORES_FILE: Final = "scores.parquet"

MOST_SCORES: Final = 256 << 20
"""Bytes of a table of scores."""

SCORE_TEXTS: Final = ("part", "source", "sample", "target", "outcome")
SCORE_NUMBERS: Final = (
    "alpha",
    "expression_error",
    "au_mse",
    "au_mae",
    "id_dist_target",
    "id_dist_source",
    "niqe",
)
"""Columns of ``scores.parquet``: terms of ``sample_terms`` that differ between methods. Rows of
dev have ``au_mse`` alone: alpha was chosen there and nothing else."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A method on a board, as it is stored.

    Attributes:
        folder: where.
        info: the contents of ``entry.json``.
        scores: one row per cross pair and alpha, with ``SCORE_TEXTS`` and ``SCORE_NUMBERS``.
    """

    folder: Path
    info: dict[str, Any]
    scores: pd.DataFrame

    @property
    def name(self) -> str:
        """Of the folder; unique on a board."""
        return self.folder.name

    @property
    def method(self) -> str:
        return cast(str, self.info["method"]["name"])

    @property
    def parameters(self) -> dict[str, str]:
        """The method's parameters that were set, as text."""
        return dict(self.info["parameters"])

    @property
    def label(self) -> str:
        """The method and its parameters, as ``BoardRow.label``."""
        return method_label(self.method, self.parameters)

    @property
    def is_anchor(self) -> bool:
        return bool(self.info["method"]["is_anchor"])

    @property
    def has_alpha(self) -> bool:
        return bool(self.info["method"]["has_alpha"])


def entry_name(method: str, parameters: Mapping[str, str]) -> str:
    """The folder of an entry, such as ``glow-arith+precision=bf16``.

    What a file name should not hold is percent-encoded.
    """
    words = [method, *(f"{name}={parameters[name]}" for name in sorted(parameters))]
    return "+".join(quote(word, safe="= ()") for word in words)


def list_entries(board: Path) -> list[Entry]:
    """The entries of a board, by name.

    Raises:
        BenchError: one of them cannot be read, see ``read_entry``.
    """
    folders = [path.parent for path in sorted(board.glob(f"*/{ENTRY_FILE}"))]
    return [read_entry(inside(board, folder.name)) for folder in folders]


def read_entry(folder: Path) -> Entry:
    """Reads an entry and checks it against the published schema.

    Raises:
        BenchError: a file is missing or damaged, was made by another version, does not fit the
            schema, or the scores are not those that ``entry.json`` was made from.
    """
    path, scores = inside(folder, ENTRY_FILE), inside(folder, SCORES_FILE)
    info = read_json(path, f"no entry in {folder}")
    check_entry(info, path)
    expected = entry_name(info["method"]["name"], info["parameters"])
    if folder.resolve().name != expected:
        raise BenchError(f"{folder} should be called {expected}: its method and parameters are so")
    if not scores.is_file():
        raise BenchError(f"{folder} has no {SCORES_FILE}", hint="add its run again")
    check_size(scores, MOST_SCORES)
    if hashlib.sha256(scores.read_bytes()).hexdigest() != info["scores_sha256"]:
        raise BenchError(
            f"{scores} is not what {ENTRY_FILE} was made from: its SHA-256 differs",
            hint="add its run again: bench leaderboard add RUN",
        )
    return Entry(folder, info, read_compact(scores, SCORE_TEXTS, SCORE_NUMBERS))


def write_entry(board: Path, info: Mapping[str, Any], scores: pd.DataFrame) -> Entry:
    """Writes an entry to a board; one of the same name is replaced.

    ``entry.json`` is written last and holds the hash of the scores, so that a folder that was
    written by halves is told from a whole one.

    Args:
        board: folder of the board.
        info: the contents of ``entry.json`` without its schema, version and hash of the scores.
        scores: as in ``Entry``.

    Raises:
        BenchError: ``info`` does not fit the schema, or the place is not writable.
    """
    content = write_compact(scores, SCORE_TEXTS, SCORE_NUMBERS)
    whole = {
        "$schema": "../../entry.schema.json",
        "schema_version": ENTRY_SCHEMA_VERSION,
        **info,
        "scores_sha256": hashlib.sha256(content).hexdigest(),
    }
    # A method may be called "..": the name comes from a run, and runs from anybody.
    folder = inside(board, entry_name(info["method"]["name"], info["parameters"]))
    check_entry(whole, folder / ENTRY_FILE)
    text = json.dumps(whole, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomically(folder / SCORES_FILE, content)
    write_atomically(folder / ENTRY_FILE, text.encode())
    return read_entry(folder)
