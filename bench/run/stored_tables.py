"""The Parquet tables of a run: their columns, and reading only the rows of one part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.data.split import Part
from bench.errors import BenchError

__all__ = ["concatenate", "only", "read_schema", "read_table", "schema_of", "to_frame"]


def schema_of(
    columns: Mapping[str, pa.DataType],
    action_units: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> pa.Schema:
    """The columns that all runs have, the features, and then what these rows hold beside them."""
    known = {
        **columns,
        "niqe": pa.float64(),
        **dict.fromkeys(action_units, pa.float64()),
        "embedding": pa.list_(pa.float32()),
    }
    further = {
        name: pa.list_(pa.float32()) if isinstance(value, list) else pa.float64()
        for row in rows
        for name, value in row.items()
        if name not in known and value is not None
    }
    return pa.schema([*known.items(), *sorted(further.items())])


def concatenate(tables: Sequence[pa.Table]) -> pa.Table:
    """One table of several; a column that some of them lack is null there."""
    return pa.concat_tables(
        (table.replace_schema_metadata(None) for table in tables), promote_options="default"
    )


def to_frame(table: pa.Table) -> pd.DataFrame:
    """The rows in the order of their keys, embeddings as arrays or None."""
    embeddings = table.column("embedding").to_pylist()
    frame = table.drop_columns(["embedding"]).to_pandas()
    frame["embedding"] = [
        None if e is None else np.asarray(e, dtype=np.float32) for e in embeddings
    ]
    order = [c for c in ("part", "source", "sample", "target", "alpha", "identity") if c in frame]
    return frame.sort_values(order, ignore_index=True)


def only(part: Part | None) -> list[tuple[str, str, str]] | None:
    """A filter on reading: of a file without rows of the part, only the footer is read."""
    return None if part is None else [("part", "==", part)]


def read_table(path: Path, part: Part | None = None) -> pa.Table:
    """The rows of a part, or all.

    Raises:
        BenchError: the file is damaged.
    """
    with _damage_named(path):
        return pq.read_table(path, filters=only(part))


def read_schema(path: Path) -> pa.Schema:
    """Columns and metadata, from the footer: no row is opened.

    Raises:
        BenchError: the file is damaged.
    """
    with _damage_named(path):
        return pq.read_schema(path)


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise BenchError(
            f"{path} is damaged: {error}", hint="run the same bench run again: it is computed anew"
        ) from error
