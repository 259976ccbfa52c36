"""Stored runs in little memory: their outputs have distances instead of embeddings.

An embedding is hundreds of numbers, of which every score needs four distances. A report reads all
runs of a benchmark, so it measures the distances while reading and forgets the embeddings.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from bench.analysis.identity_distances import GIVEN_OUTPUTS, EmbeddingDistances, distances_of
from bench.errors import BenchError
from bench.run.parts import read_table, threads_for
from bench.run.store import RunFolder, StoredRun
from bench.run.stored_tables import concatenate, require_columns, to_frame

__all__ = ["LightRun", "References", "kept", "read_light"]

Value = TypeVar("Value")
References = dict[bytes, pd.DataFrame]
"""Tables of real images by the hash of their files: runs of one benchmark have the same."""

UNREAD: Final = ("landmarks",)
"""Columns that no score needs, long as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class LightRun(StoredRun):
    """A stored run without embeddings and landmarks of its outputs; every score is the same.

    Attributes:
        kept: what was computed from it once, for whoever asks again; see ``kept``.
    """

    kept: dict[Hashable, Any] = field(default_factory=dict, repr=False)


def kept(run: StoredRun, key: Hashable, make: Callable[[], Value]) -> Value:
    """What ``make`` returns, made once for each key where the run keeps it; not to be changed."""
    if not isinstance(run, LightRun):
        return make()
    if key not in run.kept:
        run.kept[key] = make()
    value: Value = run.kept[key]
    return value


def read_light(folder: RunFolder, references: References | None = None) -> LightRun:
    """Reads the tables of a run.

    Args:
        folder: of the run.
        references: tables of real images that were read before, which are used again; new ones
            are added.

    Raises:
        BenchError: there is no run, it has no results, or a file cannot be read.
    """
    parts = folder.parts()
    if not folder.info or not parts or not folder.references():
        folder.read()  # which says what is missing
    real = _references(folder, {} if references is None else references)
    tables: list[pa.Table] = []
    embeddings: list[NDArray[np.float32]] = []
    # Threads, since a run has many small files and reading them is mostly waiting.
    with ThreadPoolExecutor(threads_for(folder.folder)) as executor:
        for table, matrix in executor.map(_read_apart, (part.path for part in parts)):
            tables.append(table)
            embeddings.append(matrix)
    scores = concatenate(tables).to_pandas()
    scores["embedding"] = None
    if any(matrix.shape[1] for matrix in embeddings):
        _add_distances(scores, embeddings, real)
    order = ["part", "source", "sample", "target", "alpha"]
    return LightRun(
        folder.folder,
        folder.info,
        scores.sort_values(order, ignore_index=True),
        real,
        folder.timings(),
    )


def _read_apart(path: Path) -> tuple[pa.Table, NDArray[np.float32]]:
    """The rows of a file without their embeddings, and these."""
    table = require_columns(read_table(path, without=UNREAD), path)
    return table.drop_columns(["embedding"]), _matrix(table.column("embedding"), path)


def _references(folder: RunFolder, known: References) -> pd.DataFrame:
    paths = folder.references()
    content = sha256()
    for path in paths:
        content.update(path.read_bytes())
    if content.digest() not in known:
        known[content.digest()] = to_frame(
            concatenate([require_columns(read_table(p), p, of_images=True) for p in paths])
        )
    return known[content.digest()]


def _matrix(column: pa.ChunkedArray, path: Path) -> NDArray[np.float32]:
    """(N, D), NaN where there is no embedding; D is 0 where there is none at all."""
    lists = column.combine_chunks()
    present = ~lists.is_null().to_numpy(zero_copy_only=False)
    count = int(present.sum())
    values = lists.flatten().to_numpy(zero_copy_only=False)
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)[present]
    if count and (lengths != lengths[0]).any():
        raise BenchError(
            f"{path} is damaged: its embeddings have unequal lengths",
            hint="remove it and run the same bench run again: it is computed anew",
        )
    rows = np.full((len(present), values.size // count if count else 0), np.nan, dtype=np.float32)
    rows[present] = values.reshape(rows[present].shape)
    return rows


def _add_distances(
    scores: pd.DataFrame, embeddings: Sequence[NDArray[np.float32]], references: pd.DataFrame
) -> None:
    """Adds the columns of ``GIVEN_OUTPUTS``, measured for each part by its own real images.

    Args:
        scores: N rows.
        embeddings: of these rows, in pieces; a piece without any has no length.
        references: the real images of all parts.
    """
    found = np.full((len(GIVEN_OUTPUTS), len(scores)), np.nan)
    ends = np.cumsum([len(piece) for piece in embeddings])
    for part in scores["part"].unique():
        real = references[references["part"] == part].reset_index(drop=True)
        codes, identities = pd.factorize(real["identity"], sort=True)
        measured = distances_of(real, codes, identities)
        if not isinstance(measured, EmbeddingDistances):
            continue
        targets, sources = (identities.get_indexer(scores[side]) for side in ("target", "source"))
        ok = ((scores["part"] == part) & (scores["outcome"] == "ok")).to_numpy(dtype=bool)
        ok = ok & (targets >= 0) & (sources >= 0)
        own = ok & (scores["alpha"] == 0).to_numpy(dtype=bool)
        pieces = [
            (np.arange(end - len(piece), end), piece)
            for end, piece in zip(ends, embeddings, strict=True)
            if piece.shape[1] and ok[end - len(piece) : end].any()
        ]
        if not pieces:
            continue  # of a method that made no image of this part
        decoded = measured.mean_faces(
            np.concatenate([piece[own[rows]] for rows, piece in pieces]),
            np.concatenate([targets[rows[own[rows]]] for rows, _ in pieces]),
        )
        for rows, piece in pieces:
            rows, piece = rows[ok[rows]], piece[ok[rows]]
            found[:, rows] = measured.of_embeddings(piece, decoded, targets[rows], sources[rows])
    for name, values in zip(GIVEN_OUTPUTS, found, strict=True):
        scores[name] = values
