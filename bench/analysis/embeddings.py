"""Identity embeddings as they stand in a table: unit vectors, means and distances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Embeddings",
    "Floats",
    "Indices",
    "distances",
    "embedding_length",
    "mean_directions",
    "unit_rows",
]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Embeddings = Sequence[object] | NDArray[Any]
"""Lists or arrays, None where there is none; or one array (N, D)."""

# Rows in work at once: 4096 embeddings of 512 float64 are 16 MiB, so tables of any length fit.
CHUNK = 4096


def embedding_length(column: Sequence[object]) -> int | None:
    """Length of the first embedding of a column, None if the column holds none."""
    return next((len(np.asarray(value)) for value in column if _is_present(value)), None)


def unit_rows(column: Embeddings, length: int) -> Floats:
    """Stacks embeddings and brings them to unit norm.

    Args:
        column: arrays or lists of ``length`` numbers, None (or a bare NaN) where there is none; or
            an array (N, length).
        length: length of every embedding.

    Returns:
        (N, length); NaN rows where there is no embedding or its norm is 0.

    Raises:
        ValueError: an embedding has another length.
    """
    if isinstance(column, np.ndarray) and column.ndim == 2:
        if column.shape[1] != length:
            raise ValueError(
                f"embeddings have {column.shape[1]} numbers where {length} were expected: tables "
                "of different embedders must not be mixed"
            )
        return _unit(column.astype(np.float64))
    rows = np.full((len(column), length), np.nan)
    for place, value in enumerate(column):
        if _is_present(value):
            vector = np.asarray(value, dtype=np.float64)
            if vector.shape != (length,):
                raise ValueError(
                    f"embedding {place} has shape {vector.shape} where {length} numbers were "
                    "expected: tables of different embedders must not be mixed"
                )
            rows[place] = vector
    return _unit(rows)


def mean_directions(column: Embeddings, length: int, groups: Indices, group_count: int) -> Floats:
    """Unit-normalised mean of the unit embeddings of each group.

    Args:
        column: N embeddings, None where there is none; those are left out of the mean.
        length: length of every embedding.
        groups: (N,) group of each row, 0 to ``group_count`` - 1.
        group_count: number of groups.

    Returns:
        (group_count, length); NaN rows for groups without an embedding.
    """
    sums = np.zeros((group_count, length))
    for rows in _chunks(len(column)):
        units = unit_rows(column[rows], length)
        present = np.isfinite(units).all(axis=1)
        np.add.at(sums, groups[rows][present], units[present])
    return _unit(sums)


def distances(column: Embeddings, length: int, centres: Sequence[tuple[Floats, Indices]]) -> Floats:
    """L2 distances (0 to 2) of unit embeddings to a few centres each.

    The difference is taken before the norm: ``sqrt(2 - 2 cos)`` would lose half of the digits of
    a distance near 0.

    Args:
        column: N embeddings, None where there is none.
        length: length of every embedding.
        centres: C times (unit vectors (G, length), the vector that each row is compared with (N,)).

    Returns:
        (C, N); NaN where the embedding or the centre is missing.
    """
    result = np.full((len(centres), len(column)), np.nan)
    for rows in _chunks(len(column)):
        units = unit_rows(column[rows], length)
        for place, (vectors, choice) in enumerate(centres):
            result[place, rows] = np.linalg.norm(units - vectors[choice[rows]], axis=1)
    return result


def _unit(rows: Floats) -> Floats:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, np.nan)


def _is_present(value: object) -> bool:
    # Parquet gives None or a bare NaN for a missing list, depending on the reader.
    return value is not None and not isinstance(value, float)


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))
