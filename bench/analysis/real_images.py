"""The real images of a benchmark as arrays, and the images that each pair is about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.embeddings import Floats, Indices
from bench.analysis.identity_distances import IdentityDistances, distances_of
from bench.data.split import Pair

__all__ = ["PairImages", "RealImages", "images_of_pairs", "real_images", "usable_pairs"]


@dataclass(frozen=True, slots=True, eq=False)
class RealImages:
    """The references table as arrays: R images of I identities, A action units."""

    table: pd.DataFrame
    readable: NDArray[np.bool_]  # (R,)
    action_units: Floats  # (R, A)
    wanted: Floats  # (R, A) what a source shows: its labels where the table has them, else read
    niqe: Floats  # (R,)
    distances: IdentityDistances
    identities: pd.Index  # (I,), sorted
    neutrals: Indices  # (I,) row of the neutral face


@dataclass(frozen=True, slots=True, eq=False)
class PairImages:
    """What each of P pairs is about: codes of identities and rows of ``RealImages``, all (P,)."""

    sources: Indices
    targets: Indices
    source_images: Indices
    strangers: Indices  # -1 where the part has no third person


def real_images(references: pd.DataFrame, units: list[str]) -> RealImages:
    """Reads a references table.

    Raises:
        ValueError: an identity has no neutral face or several, or neither embeddings nor
            distances are there.
    """
    table = references.reset_index(drop=True)
    codes, identities = pd.factorize(table["identity"], sort=True)
    neutral = table["is_neutral"].to_numpy(dtype=bool)
    counts = np.bincount(codes[neutral], minlength=len(identities))
    if (counts != 1).any():
        wrong = identities[int(np.argmax(counts != 1))]
        raise ValueError(f"identity {wrong} must have exactly one neutral face in references")
    neutrals = np.empty(len(identities), dtype=np.intp)
    neutrals[codes[neutral]] = np.flatnonzero(neutral)
    values = table[units].to_numpy(dtype=np.float64)
    distances = distances_of(table, codes, identities)
    return RealImages(
        table=table,
        readable=(table["outcome"] == "ok").to_numpy(dtype=bool)
        & np.isfinite(values).all(axis=1)
        & distances.readable,
        action_units=values,
        wanted=_labels(table, units, values),
        niqe=table["niqe"].to_numpy(dtype=np.float64),
        distances=distances,
        identities=identities,
        neutrals=neutrals,
    )


def _labels(table: pd.DataFrame, units: list[str], read: Floats) -> Floats:
    """The columns ``label_AU01``, ...: a table has them if labels count, and then all of them."""
    columns = [f"label_{unit}" for unit in units]
    if not any(column in table for column in columns):
        return read
    return np.asarray(table.reindex(columns=columns).to_numpy(dtype=np.float64))


def images_of_pairs(pairs: pd.DataFrame, real: RealImages) -> PairImages:
    """Finds the images of P pairs, given by part, source, sample and target.

    Raises:
        ValueError: the references lack an image of a pair, or list one twice.
    """
    images = pd.MultiIndex.from_frame(real.table[["identity", "sample"]])
    if not images.is_unique:
        double = images[images.duplicated()][0]
        raise ValueError(f"references lists {'/'.join(double)} twice")
    keys = [
        Pair(*key)
        for key in pairs[["part", "source", "sample", "target"]].itertuples(index=False, name=None)
    ]
    expressive = real.table[~real.table["is_reference"].to_numpy(dtype=bool)]
    candidates = {
        part: list(rows[["identity", "sample", "expression"]].itertuples(index=False, name=None))
        for part, rows in expressive.groupby("part")
    }
    strangers = _strangers(keys, candidates)
    found = PairImages(
        sources=real.identities.get_indexer(pairs["source"]),
        targets=real.identities.get_indexer(pairs["target"]),
        source_images=images.get_indexer(pd.MultiIndex.from_frame(pairs[["source", "sample"]])),
        strangers=images.get_indexer(pd.Index(strangers, dtype=object, tupleize_cols=False)),
    )
    missing = (found.source_images < 0) | (found.targets < 0)
    if missing.any():
        raise ValueError(f"references lacks real images of pair {keys[int(missing.argmax())].key}")
    return found


def _strangers(
    pairs: Sequence[Pair], candidates: Mapping[str, Sequence[tuple[str, str, str]]]
) -> list[tuple[str, str]]:
    """What ``bench.data.split.stranger`` chooses for each pair, in a fraction of the time.

    Args:
        pairs: of any part.
        candidates: (identity, sample, expression) of the source samples of each part.

    Returns:
        (identity, sample); empty texts, which no image is called, where a part holds no third
        person: such a pair has two anchors only.
    """
    found = [("", "")] * len(pairs)
    for part, samples in candidates.items():
        ordered = sorted(samples)
        names = np.array([identity for identity, _, _ in ordered], dtype=object)
        shown = np.array([expression for _, _, expression in ordered], dtype=object)
        own = {(identity, sample): expression for identity, sample, expression in samples}
        for place, pair in enumerate(pairs):
            if pair.part != part:
                continue
            others = (names != pair.source) & (names != pair.target)
            eligible = np.flatnonzero(others & (shown != own.get((pair.source, pair.sample))))
            if not eligible.size:
                eligible = np.flatnonzero(others)
            if eligible.size:
                digest = int.from_bytes(hashlib.sha256(pair.key.encode("utf-8")).digest())
                found[place] = ordered[eligible[digest % eligible.size]][:2]
    return found


def usable_pairs(pairs: PairImages, real: RealImages) -> NDArray[np.bool_]:
    """(P,) whether all real images that the scores of a pair need could be read."""
    has_reference = real.distances.has_reference
    told = np.asarray(np.isfinite(real.wanted).all(axis=1))
    return np.asarray(
        real.readable[pairs.source_images]
        & real.readable[real.neutrals[pairs.sources]]
        & real.readable[real.neutrals[pairs.targets]]
        & told[pairs.source_images]
        & told[real.neutrals[pairs.sources]]
        & has_reference[pairs.sources]
        & has_reference[pairs.targets]
    )
