"""From stored readings to the terms that every score is a sum of.

Notation: a(x) is the AU vector of an image, d(x) the L2 distance of its unit embedding to the
target's identity reference, s the source image, y the output, n the neutral face of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.embeddings import (
    Floats,
    Indices,
    distances,
    embedding_length,
    mean_directions,
    unit_rows,
)
from bench.data.split import Pair, stranger
from bench.errors import BenchError

__all__ = ["mean_real_niqe", "sample_terms"]

KEY_COLUMNS = ["part", "source", "sample", "target", "kind"]
REFERENCE_COLUMNS = ["identity", "sample", "part", "expression", "is_reference", "is_neutral"]
READING_COLUMNS = ["outcome", "niqe", "embedding"]


@dataclass(frozen=True, slots=True, eq=False)
class _RealImages:
    """The references table as arrays; R images of I identities, A action units."""

    table: pd.DataFrame
    readable: NDArray[np.bool_]  # (R,)
    action_units: Floats  # (R, A)
    niqe: Floats  # (R,)
    embeddings: Floats  # (R, D), unit rows
    identities: pd.Index
    neutrals: Indices  # (I,) row of the neutral face
    centres: Floats  # (I, D), the identity references


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Rows of ``_RealImages`` and codes of identities that each of P pairs is about."""

    sources: Indices
    targets: Indices
    source_images: Indices
    strangers: Indices  # -1 where the part has no third person


def mean_real_niqe(references: pd.DataFrame, part: str) -> float:
    """Mean NIQE of the real images of a part, the numerator of the naturalness Q."""
    return float(references.loc[references["part"] == part, "niqe"].mean())


def sample_terms(
    scores: pd.DataFrame, references: pd.DataFrame, action_units: Sequence[str]
) -> pd.DataFrame:
    """Terms of each stored row, in the order of ``scores``.

    Args:
        scores: one row per pair and alpha: part, source, sample, target, kind, alpha, outcome,
            niqe, embedding and one column per action unit.
        references: one row per real image: identity, sample, part, expression, is_reference,
            is_neutral, outcome, niqe, embedding and one column per action unit.
        action_units: names of the AU columns, on the scale of their estimator.

    Returns:
        The key columns (with ``pair`` and the ``expression`` of the source sample) and

        - ``expression_error`` = |dy - ds|^2, ``expression_change`` = |ds|^2 with
          dy = a(y) - a(n_target), ds = a(s) - a(n_source); ``au_cosine`` of dy and ds;
        - ``au_mse``, ``au_mae``: mean over AUs of (a(y) - a(s))^2 and of |a(y) - a(s)|;
          ``au_mse_neutral``: the former for n_target;
        - ``id_dist_target`` = d(y), ``id_dist_source`` to the source's identity reference;
          ``id_dist_source_neutral`` = d(n_source), ``id_dist_target_neutral`` = d(n_target);
        - ``id_dist_target_mean``, ``id_dist_source_mean``: to the method's own decoded mean
          faces, its outputs at alpha = 0 for that identity as target; NaN if it has none;
        - ``niqe``;
        - ``expression_error_worst``, ``au_mse_worst``, ``au_mae_worst``,
          ``id_dist_target_worst``, ``niqe_worst``: the largest that the anchors target-neutral,
          copy-source and shuffled-source have at that pair, for failed rows.

        What is measured on y is NaN where the outcome is not ``ok``. Pairs with a real image that
        could not be read say nothing about any method: they are left out, and
        ``attrs["unusable_pairs"]`` counts them.

    Raises:
        ValueError: the tables do not belong together or contradict themselves.
    """
    units = list(action_units)
    _require_columns("scores", scores, [*KEY_COLUMNS, "alpha", *READING_COLUMNS, *units])
    _require_columns("references", references, [*REFERENCE_COLUMNS, *READING_COLUMNS, *units])
    real = _real_images(references, units)
    rows = scores.reset_index(drop=True)
    names = rows["source"] + "/" + rows["sample"] + ">" + rows["target"]
    pair_of_row, pair_names = pd.factorize(names)
    _, first_rows = np.unique(pair_of_row, return_index=True)
    pairs = _look_up(rows.iloc[first_rows], real)
    usable = _usable(pairs, real)

    kept = usable[pair_of_row]
    rows, pair_of_row = rows[kept].reset_index(drop=True), pair_of_row[kept]
    terms = rows[KEY_COLUMNS].copy()
    terms["pair"] = pair_names.to_numpy()[pair_of_row]
    terms["expression"] = real.table["expression"].to_numpy()[pairs.source_images[pair_of_row]]
    terms[["alpha", "outcome"]] = rows[["alpha", "outcome"]]
    measured = _measured_terms(rows, units, real, pairs, pair_of_row)
    fixed = {name: values[pair_of_row] for name, values in _fixed_terms(real, pairs).items()}
    terms = pd.concat([terms, pd.DataFrame(measured | fixed, index=terms.index)], axis=1)
    terms.attrs["unusable_pairs"] = int(np.count_nonzero(~usable))
    return terms


def _require_columns(name: str, table: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(f"the {name} table lacks the columns {', '.join(missing)}")


def _real_images(references: pd.DataFrame, units: list[str]) -> _RealImages:
    table = references.reset_index(drop=True)
    codes, identities = pd.factorize(table["identity"], sort=True)
    neutral = table["is_neutral"].to_numpy(dtype=bool)
    counts = np.bincount(codes[neutral], minlength=len(identities))
    if (counts != 1).any():
        wrong = identities[int(np.argmax(counts != 1))]
        raise ValueError(f"identity {wrong} must have exactly one neutral face in references")
    neutrals = np.empty(len(identities), dtype=np.intp)
    neutrals[codes[neutral]] = np.flatnonzero(neutral)
    embeddings = table["embedding"].to_numpy()
    length = embedding_length(embeddings)
    if length is None:
        raise ValueError("references holds no embedding: no distance can be measured")
    reference = table["is_reference"].to_numpy(dtype=bool)
    values = table[units].to_numpy(dtype=np.float64)
    unit_embeddings = unit_rows(embeddings, length)
    return _RealImages(
        table=table,
        readable=(table["outcome"] == "ok").to_numpy(dtype=bool)
        & np.isfinite(values).all(axis=1)
        & np.isfinite(unit_embeddings).all(axis=1),
        action_units=values,
        niqe=table["niqe"].to_numpy(dtype=np.float64),
        embeddings=unit_embeddings,
        identities=identities,
        neutrals=neutrals,
        centres=mean_directions(embeddings[reference], length, codes[reference], len(identities)),
    )


def _look_up(pairs: pd.DataFrame, real: _RealImages) -> _Pairs:
    images = pd.MultiIndex.from_frame(real.table[["identity", "sample"]])
    if not images.is_unique:
        double = images[images.duplicated()][0]
        raise ValueError(f"references lists {'/'.join(double)} twice")
    keys = [Pair(*key) for key in pairs[KEY_COLUMNS[:4]].itertuples(index=False, name=None)]
    expressive = real.table[~real.table["is_neutral"].to_numpy(dtype=bool)]
    candidates = {
        part: list(rows[["identity", "sample", "expression"]].itertuples(index=False, name=None))
        for part, rows in expressive.groupby("part")
    }
    strangers = [_stranger(key, candidates.get(key.part, [])) for key in keys]
    found = _Pairs(
        sources=real.identities.get_indexer(pairs["source"]),
        targets=real.identities.get_indexer(pairs["target"]),
        source_images=images.get_indexer(pd.MultiIndex.from_frame(pairs[["source", "sample"]])),
        strangers=images.get_indexer(pd.Index(strangers, dtype=object, tupleize_cols=False)),
    )
    missing = (found.source_images < 0) | (found.targets < 0)
    if missing.any():
        raise ValueError(f"references lacks real images of pair {keys[int(missing.argmax())].key}")
    return found


def _stranger(pair: Pair, candidates: list[tuple[str, str, str]]) -> tuple[str, str]:
    try:
        return stranger(pair, candidates)
    except BenchError:
        return "", ""  # no image is called that: the pair has two anchors only


def _usable(pairs: _Pairs, real: _RealImages) -> NDArray[np.bool_]:
    has_centre = np.asarray(np.isfinite(real.centres).all(axis=1))
    return np.asarray(
        real.readable[pairs.source_images]
        & real.readable[real.neutrals[pairs.sources]]
        & real.readable[real.neutrals[pairs.targets]]
        & has_centre[pairs.sources]
        & has_centre[pairs.targets]
    )


def _measured_terms(
    rows: pd.DataFrame, units: list[str], real: _RealImages, pairs: _Pairs, pair_of_row: Indices
) -> dict[str, Floats]:
    """Terms of the outputs y; NaN rows where the outcome is not ``ok``."""
    ok = (rows["outcome"] == "ok").to_numpy(dtype=bool)
    sources, targets = pairs.sources[pair_of_row], pairs.targets[pair_of_row]
    wanted = real.action_units[pairs.source_images[pair_of_row]]
    values = np.where(ok[:, None], rows[units].to_numpy(dtype=np.float64), np.nan)
    change = values - real.action_units[real.neutrals[targets]]
    wanted_change = wanted - real.action_units[real.neutrals[sources]]
    embeddings = rows["embedding"].to_numpy().copy()
    embeddings[~ok] = None
    length = real.embeddings.shape[1]
    own = ok & (rows["alpha"] == 0).to_numpy(dtype=bool)
    decoded = mean_directions(embeddings[own], length, targets[own], len(real.identities))
    centres = [
        (real.centres, targets), (real.centres, sources), (decoded, targets), (decoded, sources),
    ]  # fmt: skip
    to_target, to_source, to_target_mean, to_source_mean = distances(embeddings, length, centres)
    unread = ok & ~(np.isfinite(values).all(axis=1) & np.isfinite(to_target))
    if unread.any():
        key = "{source}/{sample}>{target}".format(**rows.iloc[int(unread.argmax())])
        raise ValueError(f"pair {key} has outcome ok but no action units or no embedding")
    return {
        "expression_error": _squares(change - wanted_change),
        "au_mse": _squares(values - wanted) / len(units),
        "au_mae": np.abs(values - wanted).mean(axis=1),
        "au_cosine": _cosine(change, wanted_change),
        "id_dist_target": to_target,
        "id_dist_source": to_source,
        "id_dist_target_mean": to_target_mean,
        "id_dist_source_mean": to_source_mean,
        "niqe": np.where(ok, rows["niqe"].to_numpy(dtype=np.float64), np.nan),
    }


def _fixed_terms(real: _RealImages, pairs: _Pairs) -> dict[str, Floats]:
    """Terms of the real images of each pair: denominators and what the anchors would have."""
    source_neutrals, target_neutrals = real.neutrals[pairs.sources], real.neutrals[pairs.targets]
    wanted = real.action_units[pairs.source_images]
    wanted_change = wanted - real.action_units[source_neutrals]

    def to_target(images: Indices) -> Floats:
        gaps = real.embeddings[images] - real.centres[pairs.targets]
        return np.asarray(np.linalg.norm(gaps, axis=1))

    def as_output(images: Indices) -> Floats:
        """(4, P): expression error, AU MSE, AU MAE, distance and NIQE if y were this image."""
        values = real.action_units[images]
        change = values - real.action_units[target_neutrals]
        terms = [
            _squares(change - wanted_change),
            _squares(values - wanted) / values.shape[1],
            np.abs(values - wanted).mean(axis=1),
            to_target(images),
            real.niqe[images],
        ]
        return np.where((images >= 0) & real.readable[images], terms, np.nan)

    anchors = [as_output(i) for i in (target_neutrals, pairs.source_images, pairs.strangers)]
    worst = np.fmax.reduce(anchors)
    return {
        "expression_change": _squares(wanted_change),
        "au_mse_neutral": anchors[0][1],
        "id_dist_source_neutral": to_target(source_neutrals),
        "id_dist_target_neutral": to_target(target_neutrals),
        "expression_error_worst": worst[0],
        "au_mse_worst": worst[1],
        "au_mae_worst": worst[2],
        "id_dist_target_worst": worst[3],
        "niqe_worst": worst[4],
    }


def _squares(rows: Floats) -> Floats:
    return np.asarray(np.square(rows).sum(axis=1))


def _cosine(left: Floats, right: Floats) -> Floats:
    norms = np.sqrt(_squares(left) * _squares(right))
    return np.asarray((left * right).sum(axis=1) / np.where(norms > 0, norms, np.nan))
