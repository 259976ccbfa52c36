"""How far images are from identity references: from stored embeddings, or as they were released.

Most runs store an embedding of every image, and every distance follows from those. Measurements
that others released hold distances alone, and only some of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.embeddings import (
    Embeddings,
    Floats,
    Indices,
    distances,
    embedding_length,
    mean_directions,
    unit_rows,
)

__all__ = [
    "GIVEN_OUTPUTS",
    "GIVEN_PREFIX",
    "EmbeddingDistances",
    "GivenDistances",
    "IdentityDistances",
    "distances_of",
]

GIVEN_PREFIX = "id_dist_to_"
"""In a table of references, the distance of each image to an identity reference that was given:
``id_dist_to_<identity>``."""

GIVEN_OUTPUTS = ("id_dist_target", "id_dist_source", "id_dist_target_mean", "id_dist_source_mean")
"""In a table of scores, the given distances of each output."""


class IdentityDistances(Protocol):
    """Answers what the terms ask about identity. All distances are L2 of unit vectors, 0 to 2.

    Attributes:
        readable: (R,) which real images have what a distance is made from.
        has_reference: (I,) which identities have an identity reference.
        is_complete: whether every output that was read must have its distances.
    """

    @property
    def readable(self) -> NDArray[np.bool_]: ...

    @property
    def has_reference(self) -> NDArray[np.bool_]: ...

    @property
    def is_complete(self) -> bool: ...

    def of_outputs(
        self, rows: pd.DataFrame, ok: NDArray[np.bool_], targets: Indices, sources: Indices
    ) -> Floats:
        """Distances (4, N) of N outputs.

        Args:
            rows: of a table of scores.
            ok: (N,) which of them were read; the others are NaN.
            targets: (N,) identities by number, and so ``sources``.

        Returns:
            To the identity references of the target and of the source, then to the method's own
            decoded mean faces of both; NaN where one is not known.
        """
        ...

    def of_real(self, images: Indices, identities: Indices) -> Floats:
        """Distances (N,) of real images to the identity references of N identities."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingDistances:
    """From embeddings of D numbers; an identity reference is the mean of its reference images.

    Attributes:
        embeddings: (R, D) unit rows of the real images.
        centres: (I, D) the identity references.
    """

    embeddings: Floats
    centres: Floats

    @property
    def readable(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.embeddings).all(axis=1))

    @property
    def has_reference(self) -> NDArray[np.bool_]:
        return np.asarray(np.isfinite(self.centres).all(axis=1))

    @property
    def is_complete(self) -> bool:
        return True

    def of_outputs(
        self, rows: pd.DataFrame, ok: NDArray[np.bool_], targets: Indices, sources: Indices
    ) -> Floats:
        embeddings = rows["embedding"].to_numpy().copy()
        if embedding_length(embeddings) is None and set(GIVEN_OUTPUTS) <= {*rows.columns}:
            return _given_outputs(rows, ok)  # measured while the rows were read
        embeddings[~ok] = None
        own = ok & (rows["alpha"] == 0).to_numpy(dtype=bool)
        decoded = self.mean_faces(embeddings[own], targets[own])
        return self.of_embeddings(embeddings, decoded, targets, sources)

    def mean_faces(self, embeddings: Embeddings, targets: Indices) -> Floats:
        """(I, D): the method's own mean faces, from its outputs at alpha = 0."""
        return mean_directions(embeddings, self.embeddings.shape[1], targets, len(self.centres))

    def of_embeddings(
        self, embeddings: Embeddings, decoded: Floats, targets: Indices, sources: Indices
    ) -> Floats:
        """Distances (4, N) of the embeddings of N outputs, in the order of ``GIVEN_OUTPUTS``."""
        sides = [
            (centres, side) for centres in (self.centres, decoded) for side in (targets, sources)
        ]
        return distances(embeddings, self.embeddings.shape[1], sides)

    def of_real(self, images: Indices, identities: Indices) -> Floats:
        gaps = self.embeddings[images] - self.centres[identities]
        return np.asarray(np.linalg.norm(gaps, axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class GivenDistances:
    """As they stand in the tables; what was not given is NaN and never filled in.

    Attributes:
        to_references: (R, I) of every real image to every identity reference.
    """

    to_references: Floats

    @property
    def readable(self) -> NDArray[np.bool_]:
        return np.ones(len(self.to_references), dtype=bool)

    @property
    def has_reference(self) -> NDArray[np.bool_]:
        return np.ones(self.to_references.shape[1], dtype=bool)

    @property
    def is_complete(self) -> bool:
        return False

    def of_outputs(
        self, rows: pd.DataFrame, ok: NDArray[np.bool_], targets: Indices, sources: Indices
    ) -> Floats:
        return _given_outputs(rows, ok)

    def of_real(self, images: Indices, identities: Indices) -> Floats:
        return self.to_references[images, identities]


def _given_outputs(rows: pd.DataFrame, ok: NDArray[np.bool_]) -> Floats:
    given = [
        rows[name].to_numpy(dtype=np.float64) if name in rows else np.full(len(rows), np.nan)
        for name in GIVEN_OUTPUTS
    ]
    return np.where(ok, given, np.nan)


def distances_of(
    references: pd.DataFrame, codes: Indices, identities: Sequence[str] | pd.Index
) -> IdentityDistances:
    """What a table of references says of identity: its embeddings, else the distances it gives.

    Args:
        references: R rows.
        codes: (R,) number of each row's identity.
        identities: the I names.

    Raises:
        ValueError: it holds neither.
    """
    embeddings = references["embedding"].to_numpy()
    length = embedding_length(embeddings)
    if length is not None:
        reference = references["is_reference"].to_numpy(dtype=bool)
        centres = mean_directions(embeddings[reference], length, codes[reference], len(identities))
        return EmbeddingDistances(unit_rows(embeddings, length), centres)
    if not any(str(name).startswith(GIVEN_PREFIX) for name in references.columns):
        raise ValueError("references holds no embedding: no distance can be measured")
    columns = [f"{GIVEN_PREFIX}{identity}" for identity in identities]
    given = references.reindex(columns=columns).to_numpy(dtype=np.float64)
    return GivenDistances(given)
