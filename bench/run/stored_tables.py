"""The tables of a run: their columns, and data frames of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from bench.errors import BenchError

__all__ = ["check_stored", "concatenate", "require_columns", "schema_of", "to_frame"]

MOST_ROWS: Final = 20_000_000
"""Of one file: a run has thousands of files."""

_OF_ROWS: Final = ("part", "source", "sample", "target", "alpha", "outcome", "embedding")
_OF_IMAGES: Final = (
    "part", "identity", "sample", "is_reference", "is_neutral", "outcome", "embedding",
)  # fmt: skip
_TEXTS: Final = frozenset(
    {"part", "source", "sample", "target", "kind", "outcome", "detail", "identity", "expression"}
)
_FLAGS: Final = frozenset({"is_reference", "is_neutral"})


def check_stored(schema: pa.Schema, rows: int) -> None:
    """Refuses a table that no run has written, before its rows are read.

    Raises:
        ValueError: it has a column of another kind, or says that it has too many rows.
    """
    if rows > MOST_ROWS:
        raise ValueError(f"it says that it has {rows} rows, and a file has at most {MOST_ROWS}")
    for field in schema:
        kind = field.type
        if field.name in _TEXTS:
            fits = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        elif field.name in _FLAGS:
            fits = pa.types.is_boolean(kind)
        elif pa.types.is_list(kind):
            fits = field.name != "alpha" and pa.types.is_floating(kind.value_type)
        else:
            is_number = pa.types.is_floating(kind) or pa.types.is_integer(kind)
            fits = is_number and field.name != "embedding"
        if not fits:
            raise ValueError(f"its column {field.name} is of the kind {kind}")


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


def require_columns(table: pa.Table, path: Path, *, of_images: bool = False) -> pa.Table:
    """The same table of rows, or of real images, if it has the columns that all of its kind have.

    Raises:
        BenchError: it lacks one.
    """
    needed = _OF_IMAGES if of_images else _OF_ROWS
    if missing := [name for name in needed if name not in table.column_names]:
        raise BenchError(f"{path} has no column {', '.join(missing)}: it is of no run")
    return table


def concatenate(tables: Sequence[pa.Table]) -> pa.Table:
    """One table of several; a column that some of them lack is null there.

    Raises:
        BenchError: a column is of one kind in one table and of another in the next.
    """
    try:
        return pa.concat_tables(
            (table.replace_schema_metadata(None) for table in tables), promote_options="default"
        )
    except pa.ArrowException as error:
        raise BenchError(f"the tables of a run do not fit each other: {error}") from error


def to_frame(table: pa.Table) -> pd.DataFrame:
    """The rows in the order of their keys, embeddings as arrays or None."""
    frame = table.drop_columns(["embedding"]).to_pandas()
    frame["embedding"] = _lists(table.column("embedding"))
    order = [c for c in ("part", "source", "sample", "target", "alpha", "identity") if c in frame]
    return frame.sort_values(order, ignore_index=True)


def _lists(column: pa.ChunkedArray) -> NDArray[np.object_]:
    """The lists of a column as arrays, None where there is none; no number becomes an object."""
    found = np.full(len(column), None, dtype=object)
    place = 0
    for chunk in column.chunks:
        values = chunk.values.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
        offsets = chunk.offsets.to_numpy()
        is_null = chunk.is_null().to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(~is_null):
            found[place + row] = values[offsets[row] : offsets[row + 1]]
        place += len(chunk)
    return found
