"""Tables that are kept in git: Parquet that is small and has the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as pq

from bench.data.reading import check_size
from bench.errors import BenchError

__all__ = ["as_stored", "read_compact", "write_compact"]

MOST_BYTES = 256 << 20
MOST_ROWS = 20_000_000
LONGEST_TEXT = 1024
"""Of a stranger's table: what is beyond is refused before it is read."""

# Beyond this, zstd gets slower and no smaller here.
COMPRESSION_LEVEL = 19


def write_compact(table: pd.DataFrame, texts: Sequence[str], numbers: Sequence[str]) -> bytes:
    """A Parquet file of some columns, rows in the order of the texts and of ``alpha``.

    Numbers are float32 and their bytes are split, so that the like bytes of neighbours lie
    together. Texts and ``alpha`` (float64) repeat: they are kept by dictionary.

    Args:
        table: has at least these columns; NaN is stored as null.
        texts: columns of names, the first sort key first.
        numbers: columns of numbers, ``alpha`` among them if the table has one.
    """
    split = [name for name in numbers if name != "alpha"]
    keys = [name for name in (*texts, *numbers) if name not in split]
    rows = table.sort_values(keys, ignore_index=True)
    schema = pa.schema([(name, kind) for name, kind in _kinds(texts, numbers).items()])
    columns = [pa.array(rows[field.name], type=field.type, from_pandas=True) for field in schema]
    buffer = pa.BufferOutputStream()
    pq.write_table(
        pa.table(columns, schema=schema),
        buffer,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=keys,
        column_encoding=dict.fromkeys(split, "BYTE_STREAM_SPLIT"),
        write_statistics=False,
    )
    return bytes(buffer.getvalue().to_pybytes())


def read_compact(path: Path, texts: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    """Reads a table of ``write_compact``; numbers become float64, null becomes NaN.

    Raises:
        BenchError: the file is missing or damaged, or has other columns.
    """
    check_size(path, MOST_BYTES)
    try:
        # Texts stay by dictionary until their lengths are known: one long text repeated for each
        # row would be a small file and not fit into memory.
        with pq.ParquetFile(path) as file:
            _check_columns(file, path, _kinds(texts, numbers))
        with pq.ParquetFile(path, read_dictionary=list(texts)) as file:
            table = file.read(use_threads=False)
        table.validate(full=True)
        _check_texts(table, path, texts)
        rows = table.cast(pa.schema(list(_kinds(texts, numbers).items()))).to_pandas()
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError) as error:
        raise BenchError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    return rows.astype(dict.fromkeys(numbers, "float64"))


def _check_columns(file: pq.ParquetFile, path: Path, wanted: Mapping[str, pa.DataType]) -> None:
    """Refuses other columns, and more rows than a board can have, before a row is read."""
    if file.metadata.num_rows > MOST_ROWS:
        raise BenchError(
            f"{path} says that it has {file.metadata.num_rows} rows, and a board has at most "
            f"{MOST_ROWS}"
        )
    names = file.schema_arrow.names
    if len(set(names)) < len(names):
        raise BenchError(f"{path}: two columns have the same name")
    found = {name: _plain(kind) for name, kind in zip(names, file.schema_arrow.types, strict=True)}
    for name in (*wanted, *found):
        if found.get(name) != wanted.get(name):
            raise BenchError(
                f"{path}: column {name}: expected {wanted.get(name, 'no such column')}, found "
                f"{found.get(name, 'none')}"
            )


def _check_texts(table: pa.Table, path: Path, texts: Sequence[str]) -> None:
    for name in texts:
        for chunk in table[name].chunks:
            longest = compute.max(compute.binary_length(chunk.dictionary)).as_py() or 0
            if longest > LONGEST_TEXT:
                raise BenchError(
                    f"{path}: column {name} holds a text of {longest} bytes, and names have at "
                    f"most {LONGEST_TEXT}"
                )


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def as_stored(table: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
    """The table with its numbers as they will be read back, so that nothing changes by storing."""
    split = [name for name in numbers if name != "alpha"]
    return table.astype(dict.fromkeys(split, "float32")).astype(dict.fromkeys(split, "float64"))


def _kinds(texts: Sequence[str], numbers: Sequence[str]) -> Mapping[str, pa.DataType]:
    return {
        **dict.fromkeys(texts, pa.string()),
        **{name: pa.float64() if name == "alpha" else pa.float32() for name in numbers},
    }
