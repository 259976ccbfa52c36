"""Runs on disk: ``run.json``, Parquet parts that are written whole or not at all, images.

The format is documented in docs/results-format.md.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from bench.data.images import Pixels
from bench.data.split import Pair, Part
from bench.errors import BenchError
from bench.run.labels import method_label
from bench.run.stored_tables import (
    concatenate,
    only,
    read_schema,
    read_table,
    schema_of,
    to_frame,
)

__all__ = [
    "SCHEMA_VERSION",
    "Key",
    "RunFolder",
    "StoredRun",
    "Timings",
    "list_runs",
    "write_atomically",
]

SCHEMA_VERSION = 1

WITHOUT_IMAGE = frozenset({"method_error", "invalid_output", "timeout"})
"""Outcomes of a sample of which there is no image."""

Key = tuple[str, float | None]
"""A row of the table: the pair's key and alpha (None for methods without alpha)."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a set of rows went.

    Attributes:
        images: number of images made.
        method_seconds: spent inside the method.
        instrument_seconds: spent inside the instruments.
        peak_memory_mib: largest resident memory of the process, MiB.
    """

    images: int = 0
    method_seconds: float = 0.0
    instrument_seconds: float = 0.0
    peak_memory_mib: float = 0.0

    def __add__(self, other: Timings) -> Timings:
        return Timings(
            self.images + other.images,
            self.method_seconds + other.method_seconds,
            self.instrument_seconds + other.instrument_seconds,
            max(self.peak_memory_mib, other.peak_memory_mib),
        )

    @property
    def images_per_second(self) -> float | None:
        return self.images / self.method_seconds if self.method_seconds > 0.0 else None


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
        folder: the folder.
        rows: where in it the rows are.

    Raises:
        BenchError: the folder holds a run of another schema version or an unreadable run.json.
    """

    def __init__(self, folder: Path, rows: str = "scores") -> None:
        self.folder, self._rows = folder, rows
        self.info: dict[str, Any] = {}
        path = folder / "run.json"
        if not path.exists():
            return
        try:
            self.info = json.loads(path.read_text(encoding="utf-8"))
            version = self.info["schema_version"]
        except (ValueError, KeyError, TypeError) as error:
            raise BenchError(f"{path} is not a run's description: {error!r}") from error
        if version != SCHEMA_VERSION:
            raise BenchError(
                f"{folder} was written with schema version {version}, this is {SCHEMA_VERSION}",
                hint="choose another --out, or use the version of bench that wrote it",
            )

    def refined(self) -> RunFolder:
        """The same run with the rows at alphas between those of the grid.

        They lie apart, so that no board and no curve ever counts them.
        """
        return RunFolder(self.folder, "refined/scores")

    def write_info(self, info: dict[str, Any]) -> None:
        """Writes run.json in one step."""
        self.info = {"schema_version": SCHEMA_VERSION, **info}
        text = json.dumps(self.info, indent=2, sort_keys=False, ensure_ascii=False) + "\n"
        write_atomically(self.folder / "run.json", text.encode())

    def write_rows(
        self, rows: list[dict[str, Any]], action_units: Sequence[str], timings: Timings
    ) -> None:
        """Writes the rows of one chunk as one part.

        Whatever a row holds beside the columns that all runs have is stored as it is: a number,
        or a list of numbers. The name of a part is a hash of its rows' keys, so that a chunk
        computed twice is stored once.
        """
        keys = json.dumps([[row["part"], *_row_key(row)] for row in rows])
        name = f"part-{hashlib.sha256(keys.encode()).hexdigest()[:16]}.parquet"
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
        schema = schema_of(columns, action_units, rows)
        note = {"timings": json.dumps({f: getattr(timings, f) for f in timings.__slots__})}
        table = pa.Table.from_pylist(rows, schema=schema.with_metadata(note))
        _write_table(self.folder / self._rows / name, table)

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
        _write_table(self.folder / "references" / f"{part}.parquet", table)

    def has_references(self, part: Part) -> bool:
        return (self.folder / "references" / f"{part}.parquet").is_file()

    def stored_keys(self, part: Part, *, with_image: bool = False) -> set[Key]:
        """The rows that are there already; a damaged part counts as not there and is removed.

        Args:
            part: which.
            with_image: only those of which the method made an image.
        """
        keys: set[Key] = set()
        for path in self._parts():
            columns = ["part", "source", "sample", "target", "alpha", "outcome"]
            try:
                rows = pq.read_table(path, columns=columns, filters=only(part)).to_pylist()
            except (pa.ArrowInvalid, OSError):
                path.unlink()
                continue
            keys |= {
                _row_key(row)
                for row in rows
                if not with_image or row["outcome"] not in WITHOUT_IMAGE
            }
        return keys

    def timings(self) -> Timings:
        """Where the time of all rows went, from the files' footers: no row is opened.

        Raises:
            BenchError: a file cannot be read.
        """
        schemas = (read_schema(path) for path in self._parts())
        return sum((_timings(schema) for schema in schemas), Timings())

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
        tables, timings = [], Timings()
        for path in self._parts():
            table = read_table(path, part)
            if part is None or table.num_rows:
                tables.append(table)
                timings += _timings(table.schema)
        if not tables:
            where = f" on the {part} part" if part else ""
            raise BenchError(f"the run in {self.folder} has no results{where} yet")
        references = [
            read_table(path)
            for path in sorted(self.folder.glob(f"references/{part or '*'}.parquet"))
        ]
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

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob(f"{self._rows}/part-*.parquet"))


def list_runs(runs: Path, benchmark: str) -> list[RunFolder]:
    """The run folders of a benchmark, by name."""
    return [RunFolder(path.parent) for path in sorted((runs / benchmark).glob("*/run.json"))]


def _row_key(row: dict[str, Any]) -> Key:
    pair = Pair(row["part"], row["source"], row["sample"], row["target"])
    alpha = row["alpha"]
    return pair.key, None if alpha is None or np.isnan(alpha) else round(alpha, 6)


def _timings(schema: pa.Schema) -> Timings:
    return Timings(**json.loads(schema.metadata[b"timings"]))


def _write_table(path: Path, table: pa.Table) -> None:
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd")
    write_atomically(path, buffer.getvalue().to_pybytes())


def write_atomically(path: Path, content: bytes, *, wait_for_disk: bool = True) -> None:
    """Writes a file that is whole or absent at any moment; makes its folder.

    Raises:
        BenchError: the disk is full or the place is not writable.
    """
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                file.write(content)
                if wait_for_disk:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            problem, hint = "the disk is full", "make room and run the same command: it goes on"
        elif error.errno in {errno.EACCES, errno.EROFS, errno.EPERM}:
            problem, hint = "it is not writable", "choose another --out"
        else:
            problem, hint = error.strerror or str(error), "choose another --out"
        raise BenchError(f"cannot write {path}: {problem}", hint=hint) from error
