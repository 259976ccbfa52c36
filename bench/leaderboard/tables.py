"""Tables that are kept in git: Parquet that is small and has the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.errors import BenchError

__all__ = ["as_stored", "read_compact", "write_compact"]

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
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise BenchError(f"cannot read {path}: {error}") from error
    wanted = _kinds(texts, numbers)
    found = dict(zip(table.schema.names, table.schema.types, strict=True))
    for name in (*wanted, *found):
        if found.get(name) != wanted.get(name):
            raise BenchError(
                f"{path}: column {name}: expected {wanted.get(name, 'no such column')}, found "
                f"{found.get(name, 'none')}"
            )
    rows = table.to_pandas()
    return rows.astype(dict.fromkeys(numbers, "float64"))


def as_stored(table: pd.DataFrame, numbers: Sequence[str]) -> pd.DataFrame:
    """The table with its numbers as they will be read back, so that nothing changes by storing."""
    split = [name for name in numbers if name != "alpha"]
    return table.astype(dict.fromkeys(split, "float32")).astype(dict.fromkeys(split, "float64"))


def _kinds(texts: Sequence[str], numbers: Sequence[str]) -> Mapping[str, pa.DataType]:
    return {
        **dict.fromkeys(texts, pa.string()),
        **{name: pa.float64() if name == "alpha" else pa.float32() for name in numbers},
    }
