"""Runs on disk: ``run.json``, Parquet parts that are written whole or not at all, images, timings.

The format is documented in docs/results-format.md.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from PIL import Image

from bench.data.images import Pixels
from bench.data.split import Pair, Part
from bench.errors import BenchError
from bench.run.description import SCHEMA_VERSION, parse_description
from bench.run.files import (
    disk_errors,
    opened,
    write_atomically,
)
from bench.run.labels import method_label
from bench.run.parts import (
    PartFile,
    damaged_parts,
    encode_table,
    list_parts,
    part_name,
    read_table,
    read_tables,
    rows_digest,
)
from bench.run.plan import Chunk, Key, row_line
from bench.run.stored_tables import concatenate, require_columns, schema_of, to_frame
from bench.run.timings import TIMINGS, Timings, TimingsLog, timings_of
from bench.stderr import warn

__all__ = [
    "RunFolder",
    "StoredRun",
    "list_runs",
]

WITHOUT_IMAGE = frozenset({"method_error", "invalid_output", "timeout"})
"""Outcomes of a sample of which there is no image."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredRun:
    """A run read back: the provenance and the tables.

    Attributes:
        info: the contents of run.json.
        scores: one row per pair and alpha (docs/results-format.md).
        references: one row per real image of the benchmark.
    """

    folder: Path
    info: dict[str, Any]
    scores: pd.DataFrame
    references: pd.DataFrame
    timings: Timings

    @property
    def run_id(self) -> str:
        return self.folder.name

    @property
    def method(self) -> str:
        return cast(str, self.info["method"]["name"])

    @property
    def parameters(self) -> dict[str, str]:
        """The method's parameters that were set, as text."""
        return dict(self.info["identity"]["parts"]["parameters"])

    @property
    def label(self) -> str:
        """The method with the parameters that were set: what tells variants of it apart."""
        return method_label(self.method, self.parameters)

    @property
    def is_anchor(self) -> bool:
        return bool(self.info["method"]["is_anchor"])

    @property
    def has_alpha(self) -> bool:
        return bool(self.info["method"]["has_alpha"])

    @property
    def action_units(self) -> tuple[str, ...]:
        return tuple(self.info["action_units"])


class RunFolder:
    """One run's folder, opened for reading and writing.

    Args:
        folder: the folder, in a file system or in object storage.
        rows: where in it the rows are.

    Attributes:
        info: the contents of run.json; empty if there is none.

    Raises:
        BenchError: the folder holds a run of another schema version or an unreadable run.json, or
            the storage cannot be reached.
    """

    def __init__(self, folder: Path, rows: str = "scores") -> None:
        self.folder, self.rows = folder, rows
        self.info: dict[str, Any] = {}
        self._timings = TimingsLog((folder / rows).parent / TIMINGS)
        path = folder / "run.json"
        with opened(path):
            if not path.exists():
                return
            text = path.read_bytes()
        self.info = parse_description(text, path)
        version = self.info["schema_version"]
        if version != SCHEMA_VERSION:
            raise BenchError(
                f"{folder} was written with schema version {version}, this is {SCHEMA_VERSION}",
                hint="choose another --out, or use the version of bench that wrote it",
            )

    def refined(self) -> RunFolder:
        """The same run with the rows at alphas between those of the grid.

        They lie apart, so that no board and no curve ever counts them.
        """
        return type(self)(self.folder, "refined/scores")

    def write_info(self, info: dict[str, Any]) -> None:
        """Writes run.json in one step."""
        self.info = {"schema_version": SCHEMA_VERSION, **info}
        text = json.dumps(self.info, indent=2, sort_keys=False, ensure_ascii=False) + "\n"
        write_atomically(self.folder / "run.json", text.encode())

    def write_rows(
        self, rows: list[dict[str, Any]], action_units: Sequence[str], timings: Timings
    ) -> None:
        """Writes the rows of one chunk as one part, and notes how long it took.

        Whatever a row holds beside the columns that all runs have is stored as it is: a number,
        or a list of numbers. A chunk computed twice is stored once; see ``bench.run.parts``.
        """
        columns = {
            "part": pa.string(),
            "source": pa.string(),
            "sample": pa.string(),
            "target": pa.string(),
            "kind": pa.string(),
            "alpha": pa.float64(),
            "outcome": pa.string(),
            "detail": pa.string(),
        }
        table = pa.Table.from_pylist(rows, schema=schema_of(columns, action_units, rows))
        digest = rows_digest(_line_of(row) for row in rows)
        content = encode_table(table)
        name = part_name(f"part-{digest}", content)
        write_atomically(self.folder / self.rows / name, content)
        self.note_timings(digest, timings)

    def note_timings(self, rows: str, timings: Timings) -> None:
        """Notes how long a chunk took, by the digest of its rows."""
        self._timings.note(rows, timings)

    def write_references(
        self, part: Part, rows: list[dict[str, Any]], action_units: Sequence[str]
    ) -> None:
        """Writes the features of the real images of a part."""
        columns = {
            "identity": pa.string(),
            "sample": pa.string(),
            "expression": pa.string(),
            "part": pa.string(),
            "is_reference": pa.bool_(),
            "is_neutral": pa.bool_(),
            "outcome": pa.string(),
        }
        table = pa.Table.from_pylist(rows, schema=schema_of(columns, action_units, rows))
        content = encode_table(table)
        write_atomically(self.folder / "references" / part_name(part, content), content)

    def has_references(self, part: Part) -> bool:
        """Whether the real images of a part are measured; a damaged file counts not."""
        for path in self._damaged(self.references(part)):
            _remove(path)
        return bool(self.references(part))

    def remove_damaged(self) -> None:
        """Names and removes all damaged files: those of no plan are not computed again."""
        for path in self._damaged([*(part.path for part in self.parts()), *self.references()]):
            _remove(path)

    def _damaged(self, paths: Iterable[Path]) -> list[Path]:
        return [part.path for part in damaged_parts([PartFile(path, "") for path in paths])]

    def missing(self, chunks: Iterable[Chunk]) -> list[Chunk]:
        """What of the planned chunks is not stored; damaged files are named, removed and count not.

        Args:
            chunks: of one part.
        """
        planned = {chunk.digest: chunk for chunk in chunks}
        left = {part.rows: part for part in self._sound_parts(planned)}
        wanted = [chunk for digest, chunk in planned.items() if left.pop(digest, None) is None]
        if not wanted or not left:
            return wanted
        # Rows that other alphas or another limit have put into other chunks.
        keys = self._keys(left.values(), cast(Part, wanted[0].pairs[0].part))
        rest = (chunk.without(keys) for chunk in wanted)
        return [chunk for chunk in rest if len(chunk)]

    def stored_keys(self, part: Part, *, with_image: bool = False) -> set[Key]:
        """The rows that are there already; a damaged file is named, removed and counts not.

        Args:
            part: which.
            with_image: only those of which the method made an image.
        """
        return self._keys(self.parts(), part, with_image=with_image)

    def timings(self) -> Timings:
        """Where the time of all rows went: no row is opened.

        Raises:
            BenchError: a file cannot be read.
        """
        noted = self._timings.read()
        return sum((timings_of(part, noted) for part in self.parts()), Timings())

    def read(self, part: Part | None = None) -> StoredRun:
        """Reads the tables of the run.

        Args:
            part: only the rows and real images of this part are read from disk, and only their
                timings; None for all.

        Raises:
            BenchError: there is no run, nothing of that part, or a file cannot be read.
        """
        if not self.info:
            raise BenchError(f"no run in {self.folder}", hint="bench run METHOD")
        noted = self._timings.read()
        tables, timings = [], Timings()
        files = self.parts()
        for file, table in zip(
            files, read_tables([file.path for file in files], part), strict=True
        ):
            if part is None or table.num_rows:
                tables.append(require_columns(table, file.path))
                timings += timings_of(file, noted)
        if not tables:
            where = f" on the {part} part" if part else ""
            raise BenchError(f"the run in {self.folder} has no results{where} yet")
        references = [
            require_columns(read_table(path), path, of_images=True)
            for path in self.references(part)
        ]
        if not references:
            raise BenchError(
                f"the run in {self.folder} lacks its real images", hint="run the same command again"
            )
        return StoredRun(
            self.folder,
            self.info,
            to_frame(concatenate(tables)),
            to_frame(concatenate(references)),
            timings,
        )

    def write_image(self, path: Path, pixels: Pixels) -> None:
        """Writes a lossless PNG."""
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG")
        # A picture can be made again: not worth waiting for the disk.
        write_atomically(path, buffer.getvalue(), wait_for_disk=False)

    def parts(self) -> list[PartFile]:
        """The files of its rows, each row in one of them."""
        return list_parts(self.folder / self.rows)

    def references(self, part: Part | None = None) -> list[Path]:
        """The files of real images, one for each part; earlier versions have no checksum."""
        found: dict[str, Path] = {}
        folder = self.folder / "references"
        with opened(folder):
            paths = sorted(folder.glob("*.parquet"))
        for path in paths:
            found.setdefault(path.stem.partition("-")[0], path)
        return [path for name, path in found.items() if part in (None, name)]

    def _sound_parts(self, digests: Collection[str]) -> list[PartFile]:
        """All files of rows; those of these rows are checked, and named and removed if damaged."""
        while True:
            parts = self.parts()
            damaged = damaged_parts([part for part in parts if part.rows in digests])
            if not damaged:
                return parts
            for part in damaged:
                _remove(part.path)

    def _keys(self, parts: Iterable[PartFile], part: Part, *, with_image: bool = False) -> set[Key]:
        """The keys of the rows of a part; files without any are not opened but for their footer."""
        columns = ["part", "source", "sample", "target", "alpha", "outcome"]
        keys: set[Key] = set()
        for file in parts:
            try:
                rows = read_table(file.path, part, columns).to_pylist()
            except BenchError:
                _remove(file.path)
                continue
            keys |= {
                _row_key(row)
                for row in rows
                if not with_image or row["outcome"] not in WITHOUT_IMAGE
            }
        return keys


def list_runs(runs: Path, benchmark: str) -> list[RunFolder]:
    """The run folders of a benchmark, by name."""
    return [RunFolder(path.parent) for path in sorted((runs / benchmark).glob("*/run.json"))]


def _row_key(row: dict[str, Any]) -> Key:
    pair = Pair(row["part"], row["source"], row["sample"], row["target"])
    alpha = row["alpha"]
    return pair.key, None if alpha is None or np.isnan(alpha) else round(alpha, 6)


def _remove(path: Path) -> None:
    """Names and removes a damaged file.

    Raises:
        BenchError: it cannot be removed.
    """
    warn(f"{path} is damaged: what was in it is computed again where it is asked for")
    with disk_errors(path), opened(path):
        path.unlink(missing_ok=True)


def _line_of(row: dict[str, Any]) -> str:
    return row_line(row["part"], *_row_key(row))
