"""From stored readings to the terms that every score is a sum of.

Notation: a(x) is the AU vector of an image, d(x) the L2 distance of its unit embedding to the
target's identity reference, s the source image, y the output, n the neutral face of a person.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bench.analysis.embeddings import Floats, Indices
from bench.analysis.real_images import (
    PairImages,
    RealImages,
    images_of_pairs,
    real_images,
    usable_pairs,
)

__all__ = ["mean_real_niqe", "sample_terms"]

KEY_COLUMNS = ["part", "source", "sample", "target", "kind"]
REFERENCE_COLUMNS = ["identity", "sample", "part", "expression", "is_reference", "is_neutral"]
READING_COLUMNS = ["outcome", "niqe", "embedding"]


def mean_real_niqe(references: pd.DataFrame, part: str) -> float:
    """Mean NIQE of the real images of a part, the numerator of the naturalness Q.

    Neutral faces that a model made, marked by 1 in a column ``decoded``, are no real images.
    """
    rows = references[references["part"] == part]
    if "decoded" in rows:
        rows = rows[rows["decoded"] != 1]
    return float(rows["niqe"].mean())


def sample_terms(
    scores: pd.DataFrame, references: pd.DataFrame, action_units: Sequence[str]
) -> pd.DataFrame:
    """Terms of each stored row, in the order of ``scores``.

    Args:
        scores: one row per pair and alpha: part, source, sample, target, kind, alpha, outcome,
            niqe, embedding and one column per action unit.
        references: one row per real image: identity, sample, part, expression, is_reference,
            is_neutral, outcome, niqe, embedding and one column per action unit. Where no image
            has an embedding, both tables give distances instead (``GivenDistances``), and a
            distance that was not given makes the terms that need it NaN.
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
    real = real_images(references, units)
    rows = scores.reset_index(drop=True)
    names = rows["source"] + "/" + rows["sample"] + ">" + rows["target"]
    pair_of_row, pair_names = pd.factorize(names)
    _, first_rows = np.unique(pair_of_row, return_index=True)
    pairs = images_of_pairs(rows.iloc[first_rows], real)
    usable = usable_pairs(pairs, real)

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


def _measured_terms(
    rows: pd.DataFrame, units: list[str], real: RealImages, pairs: PairImages, pair_of_row: Indices
) -> dict[str, Floats]:
    """Terms of the outputs y; NaN rows where the outcome is not ``ok``."""
    ok = (rows["outcome"] == "ok").to_numpy(dtype=bool)
    sources, targets = pairs.sources[pair_of_row], pairs.targets[pair_of_row]
    wanted = real.wanted[pairs.source_images[pair_of_row]]
    values = np.where(ok[:, None], rows[units].to_numpy(dtype=np.float64), np.nan)
    change = values - real.action_units[real.neutrals[targets]]
    wanted_change = wanted - real.wanted[real.neutrals[sources]]
    far = real.distances.of_outputs(rows, ok, targets, sources)
    to_target, to_source, to_target_mean, to_source_mean = far
    known = np.isfinite(to_target) | (not real.distances.is_complete)
    unread = ok & ~(np.isfinite(values).all(axis=1) & known)
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


def _fixed_terms(real: RealImages, pairs: PairImages) -> dict[str, Floats]:
    """Terms of the real images of each pair: denominators and what the anchors would have."""
    source_neutrals, target_neutrals = real.neutrals[pairs.sources], real.neutrals[pairs.targets]
    wanted = real.wanted[pairs.source_images]
    wanted_change = wanted - real.wanted[source_neutrals]

    def to_target(images: Indices) -> Floats:
        return real.distances.of_real(images, pairs.targets)

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
    if not real.distances.is_complete:
        # The larger of a given and an unknown distance is unknown, not the given one.
        worst[3] = np.maximum(anchors[0][3], anchors[1][3])
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
