"""Parquet files that say by their names which rows they hold and what is in them.

``part-<rows>-<content>.parquet``: sixteen hexadecimal digits of the SHA-256 of the rows' keys, and
sixteen of the file's content. So it is known without opening a file which rows are stored, a file
that was cut or changed is found, and a chunk that two processes computed counts once. Files of
earlier versions, ``part-<rows>.parquet``, have no checksum; whether they open is all that is known.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as pq

from bench.data.split import Part
from bench.errors import BenchError
from bench.run.files import is_object_storage, opened
from bench.run.stored_tables import check_stored

__all__ = [
    "Damaged",
    "PartFile",
    "damaged_parts",
    "encode_table",
    "list_parts",
    "part_name",
    "read_schema",
    "read_table",
    "read_tables",
    "rows_digest",
    "threads_for",
]

DIGITS: Final = 16
THREADS: Final = 4
"""Hashing and reading files lets other threads work meanwhile."""

TOGETHER: Final = 8
"""Files that a thread checks in one call."""

REQUESTS: Final = 32
"""At once, to object storage, which answers many as fast as one."""

_UNREADABLE: Final = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError)
"""What reading a damaged file can end in, or one of other columns than a run's."""

_NAME = re.compile(r"part-(?P<rows>[0-9a-f]{16})(-(?P<content>[0-9a-f]{16}))?\.parquet")
_ANY_CHECKED = re.compile(r"(part-[0-9a-f]{16}|dev|test)-(?P<content>[0-9a-f]{16})\.parquet")


class Damaged(BenchError):
    """A file that was cut or changed."""


@dataclass(frozen=True, slots=True, order=True)
class PartFile:
    """A file of rows.

    Attributes:
        path: where it lies.
        rows: digest of the keys of its rows; see ``rows_digest``.
    """

    path: Path
    rows: str

    @property
    def has_checksum(self) -> bool:
        """Whether the name tells what is in it: files of earlier versions do not."""
        return _ANY_CHECKED.fullmatch(self.path.name) is not None


def rows_digest(keys: Iterable[str]) -> str:
    """Sixteen hexadecimal digits that stand for rows, given by their keys in their order."""
    text = "".join(f"{key}\n" for key in keys)
    return _digest(text.encode("utf-8", "surrogatepass"))


def encode_table(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file: the same table always gives the same bytes."""
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd")
    content: bytes = buffer.getvalue().to_pybytes()
    return content


def part_name(stem: str, content: bytes) -> str:
    """``<stem>-<content>.parquet``."""
    return f"{stem}-{_digest(content)}.parquet"


def list_parts(folder: Path) -> list[PartFile]:
    """The files of rows in a folder, by name; of several with the same rows the first."""
    found: dict[str, PartFile] = {}
    with opened(folder):
        # A path is made for those alone that count: there may be tens of thousands of files.
        if is_object_storage(folder):
            names = [path.name for path in folder.glob("part-*.parquet")]
        else:
            names = os.listdir(folder) if folder.is_dir() else []
    for name in sorted(names):
        if match := _NAME.fullmatch(name):
            rows = match["rows"]
            if rows not in found:
                found[rows] = PartFile(folder / name, rows)
    return list(found.values())


def damaged_parts(parts: Sequence[PartFile]) -> list[PartFile]:
    """Those whose content is not what their names say, or that cannot be opened."""
    if not parts:
        return []
    with ThreadPoolExecutor(threads_for(parts[0].path)) as executor:
        # Several for each call: a file is read as fast as a call is handed to a thread.
        groups = [parts[start : start + TOGETHER] for start in range(0, len(parts), TOGETHER)]
        return [part for found in executor.map(_damaged_of, groups) for part in found]


def threads_for(path: Path) -> int:
    """Files that are read at once where a path lies."""
    return REQUESTS if is_object_storage(path) else THREADS


def read_tables(paths: Sequence[Path], part: Part | None = None) -> Iterator[pa.Table]:
    """As :func:`read_table`, of one file after the other; many at once from object storage.

    Raises:
        BenchError: a file is damaged.
    """
    if not paths or not is_object_storage(paths[0]):
        yield from (read_table(path, part) for path in paths)
        return
    with ThreadPoolExecutor(REQUESTS) as executor:
        yield from executor.map(lambda path: read_table(path, part), paths)


def read_table(
    path: Path,
    part: Part | None = None,
    columns: Sequence[str] | None = None,
    without: Collection[str] = (),
) -> pa.Table:
    """The rows of a part, or all; of a file without rows of the part, only the footer is read.

    Args:
        path: any Parquet file; its content is checked where the name tells it.
        part: which rows; None for all.
        columns: which columns; None for all.
        without: columns that are not read.

    Raises:
        BenchError: the file is damaged.
    """
    with _damage_named(path):
        is_sealed = part is not None and not _may_hold(path, part)
        # Of one file ParquetFile is much faster than read_table, and runs have thousands.
        with _parquet_file(path, is_sealed) as file:
            schema = file.schema_arrow
            check_stored(schema, file.metadata.num_rows)
            names = [name for name in columns or schema.names if name not in without]
            if is_sealed:
                return schema.empty_table().select(names)
            table = file.read(sorted({*names, "part"} & {*schema.names}), use_threads=False)
            # Texts of other bytes than UTF-8 would end in an error wherever they are looked at.
            table.validate(full=True)
            if part is not None:
                table = table.filter(compute.equal(table["part"], part))
            return table.select(names).replace_schema_metadata(schema.metadata)


def read_schema(path: Path) -> pa.Schema:
    """Columns and metadata, from the footer: no row is opened.

    Raises:
        BenchError: the file is damaged.
    """
    with _damage_named(path), _parquet_file(path, footer_only=True) as file:
        return file.schema_arrow


def _may_hold(path: Path, part: Part) -> bool:
    """Whether a file may hold rows of a part, by what its footer says of the column ``part``."""
    with _parquet_file(path, footer_only=True) as file:
        footer = file.metadata
        column = footer.schema.names.index("part")
        for group in range(footer.num_row_groups):
            told = footer.row_group(group).column(column).statistics
            if told is None or not told.has_min_max or told.min <= part <= told.max:
                return True
    return False


@contextmanager
def _parquet_file(path: Path, footer_only: bool) -> Iterator[pq.ParquetFile]:
    """A file whose content is checked, or of which nothing but the footer is asked for."""
    source: Any = path if footer_only else pa.BufferReader(_checked(path))
    if footer_only and is_object_storage(path):
        with opened(path):
            source = path.open("rb")
    with pq.ParquetFile(source) as file:
        yield file


def _damaged_of(parts: Sequence[PartFile]) -> list[PartFile]:
    return [part for part in parts if not _is_whole(part.path)]


def _is_whole(path: Path) -> bool:
    try:
        content = _checked(path)
        if _ANY_CHECKED.fullmatch(path.name) is None:
            pq.ParquetFile(pa.BufferReader(content)).read(columns=[])
    except _UNREADABLE:
        return False
    return True


def _checked(path: Path) -> bytes:
    """The content of a file.

    Raises:
        ValueError: it is not what the file's name says.
    """
    with opened(path):
        content = path.read_bytes()
    match = _ANY_CHECKED.fullmatch(path.name)
    if match and _digest(content) != match["content"]:
        raise ValueError("its content is not what its name says")
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise Damaged(
            f"{path} is damaged: {error}", hint="run the same bench run again: it is computed anew"
        ) from error
