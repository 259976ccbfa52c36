"""Sums per (source, target) cell, and what they become when people are resampled.

A pair weighs s[source] * t[target], so the rows of one cell share a weight and a resample is the
bilinear form s^T M t with M the sums per cell. All resamples together are matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHUNK", "CellSums", "cell_sums", "resampled_totals"]

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Numbers in work at once: 2^22 float64 are 32 MiB, and two or three such arrays are alive.
CHUNK = 2**22

# A matrix of cells that is emptier than this costs more to multiply than its cells one by one.
LEAST_FILLED = 0.25

# Cells by resamples: the weights of a block are 2 MiB and stay in the cache.
BLOCK = (4096, 64)


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """K sums for each of the C cells that hold a row.

    Attributes:
        sources, targets: (C,) positions among the S sources and the T targets.
        sums: (C, K).
        shape: (S, T).
    """

    sources: Indices
    targets: Indices
    sums: Floats
    shape: tuple[int, int]

    @property
    def total(self) -> Floats:
        """(K,) sums over all cells."""
        return np.asarray(self.sums.sum(axis=0))

    @property
    def of_sources(self) -> Floats:
        """(S, K) sums of each source."""
        return _sums_by(self.sources, self.sums, self.shape[0])

    @property
    def of_targets(self) -> Floats:
        """(T, K) sums of each target."""
        return _sums_by(self.targets, self.sums, self.shape[1])


def cell_sums(
    sources: Indices, targets: Indices, parts: Floats, shape: tuple[int, int]
) -> CellSums:
    """Adds up the rows of each cell, in an order that does not depend on the order of the rows.

    Args:
        sources, targets: (n,) the cell of each row.
        parts: (n, K) what is summed.
        shape: (S, T), the numbers of sources and targets.
    """
    if not len(parts):
        nobody = np.zeros(0, dtype=np.intp)
        return CellSums(nobody, nobody, np.zeros((0, parts.shape[1])), shape)
    codes = np.asarray(sources * shape[1] + targets, dtype=np.intp)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sums = parts[order]
    if begins.size < codes.size:
        # The last bits of a sum depend on the order of its terms, so the rows of a cell are sorted:
        # by one number that differs wherever rows differ, which is faster than by all of them.
        irrational = np.sqrt(2.0 + np.arange(parts.shape[1])) * np.pi
        keys = (np.nan_to_num(parts) * irrational).sum(axis=1)
        order = np.lexsort((keys, codes))
        sums = np.add.reduceat(parts[order], begins, axis=0)
    found = ordered[begins]
    return CellSums(found // shape[1], found % shape[1], sums, shape)


def resampled_totals(
    cells: CellSums, source_counts: Floats, target_counts: Floats, *, chunk: int = CHUNK
) -> Floats:
    """Sums over all cells, each weighted by how often its two people were drawn.

    Args:
        cells: K sums per cell.
        source_counts: (B, S).
        target_counts: (B, T).
        chunk: numbers in work at once, which bounds the memory.

    Returns:
        (B, K).
    """
    totals = np.zeros((len(source_counts), cells.sums.shape[1]))
    sources, row = np.unique(cells.sources, return_inverse=True)
    targets, column = np.unique(cells.targets, return_inverse=True)
    if not sources.size:
        return totals
    if len(cells.sums) >= LEAST_FILLED * sources.size * targets.size:
        matrix = np.zeros((sources.size, targets.size, cells.sums.shape[1]))
        matrix[row, column] = cells.sums
        _add_matrix(totals, matrix, source_counts[:, sources], target_counts[:, targets], chunk)
    else:
        _add_cells(totals, cells, source_counts, target_counts, chunk)
    return totals


def _add_matrix(
    totals: Floats, matrix: Floats, source_counts: Floats, target_counts: Floats, chunk: int
) -> None:
    people, others, width = matrix.shape
    flat = matrix.reshape(people, others * width)
    step = max(1, chunk // (others * width))
    for start in range(0, len(totals), step):
        rows = slice(start, start + step)
        partial = (source_counts[rows] @ flat).reshape(-1, others, width)
        totals[rows] = (target_counts[rows, None, :] @ partial)[:, 0]


def _add_cells(
    totals: Floats, cells: CellSums, source_counts: Floats, target_counts: Floats, chunk: int
) -> None:
    step = max(1, min(BLOCK[1], chunk))
    for start in range(0, len(totals), step):
        rows = slice(start, start + step)
        # People go first so that whole rows are copied, much faster than single numbers.
        of_sources, of_targets = (
            np.ascontiguousarray(counts[rows].T) for counts in (source_counts, target_counts)
        )
        for first in range(0, len(cells.sums), BLOCK[0]):
            block = slice(first, first + BLOCK[0])
            weights = of_sources.take(cells.sources[block], axis=0)
            weights *= of_targets.take(cells.targets[block], axis=0)
            totals[rows] += weights.T @ cells.sums[block]


def _sums_by(codes: Indices, sums: Floats, count: int) -> Floats:
    columns = [np.bincount(codes, weights=column, minlength=count) for column in sums.T]
    return np.column_stack(columns) if columns else np.zeros((count, 0))
