"""How long the chunks of a run took: apart from its tables, which are the same however long."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Final

from bench.run.files import append_line, append_lines, is_object_storage, opened
from bench.run.parts import PartFile, read_schema

__all__ = ["TIMINGS", "Timings", "TimingsLog", "timings_of"]

TIMINGS: Final = "timings.jsonl"

AT_ONCE: Final = 200
"""Chunks between two writes to object storage."""

_NO_TIMINGS: Final = (ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""What reading a line ends in that is none, or was cut."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a set of rows went.

    Attributes:
        images: number of images made.
        method_seconds: spent inside the method.
        instrument_seconds: spent inside the instruments.
        peak_memory_mib: largest resident memory of the process, MiB.
        alone_images: number of images that were made while nothing was measured or stored beside.
        alone_seconds: spent inside the method for these.
    """

    images: int = 0
    method_seconds: float = 0.0
    instrument_seconds: float = 0.0
    peak_memory_mib: float = 0.0
    alone_images: int = 0
    alone_seconds: float = 0.0

    def __add__(self, other: Timings) -> Timings:
        return Timings(
            self.images + other.images,
            self.method_seconds + other.method_seconds,
            self.instrument_seconds + other.instrument_seconds,
            max(self.peak_memory_mib, other.peak_memory_mib),
            self.alone_images + other.alone_images,
            self.alone_seconds + other.alone_seconds,
        )

    @property
    def images_per_second(self) -> float | None:
        """Of the method alone, as far as it was timed so; None where nothing was."""
        if self.alone_seconds > 0.0:
            return self.alone_images / self.alone_seconds
        return self.images / self.method_seconds if self.method_seconds > 0.0 else None


class TimingsLog:
    """A file with a line for each chunk. Threads may share it.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unwritten: list[str] = []
        self._noting = RLock()

    def note(self, rows: str, timings: Timings) -> None:
        """Adds a chunk, by the digest of its rows.

        In object storage, which cannot append, many are written at once.
        """
        line = json.dumps({"rows": rows, **asdict(timings)})
        if not is_object_storage(self._path):
            append_line(self._path, line)
            return
        with self._noting:
            self._unwritten.append(line)
            if len(self._unwritten) >= AT_ONCE:
                self._write()

    def read(self) -> dict[str, Timings]:
        """By the digest of the rows; of a chunk that was computed twice the last."""
        self._write()
        with opened(self._path):
            if not self._path.is_file():
                return {}
            text = self._path.read_bytes().decode("utf-8", errors="replace")
        noted = {}
        for line in text.splitlines():
            try:
                values = json.loads(line)
                noted[str(values["rows"])] = _as_timings(values)
            except _NO_TIMINGS:
                continue  # the last line of a process that was killed
        return noted

    def _write(self) -> None:
        with self._noting:
            lines, self._unwritten = self._unwritten, []
            if lines:
                append_lines(self._path, lines)


def timings_of(part: PartFile, noted: dict[str, Timings]) -> Timings:
    """Of one file of rows, by what is noted; earlier versions kept them in it."""
    if part.rows in noted:
        return noted[part.rows]
    metadata = {} if part.has_checksum else read_schema(part.path).metadata or {}
    try:
        return _as_timings(json.loads(metadata[b"timings"]))
    except _NO_TIMINGS:
        return Timings()


def _as_timings(values: Any) -> Timings:
    return Timings(
        int(values["images"]),
        float(values["method_seconds"]),
        float(values["instrument_seconds"]),
        float(values["peak_memory_mib"]),
        # Earlier versions did nothing beside the method.
        int(values.get("alone_images", values["images"])),
        float(values.get("alone_seconds", values["method_seconds"])),
    )
