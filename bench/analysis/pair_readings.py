"""From the tables of a stored run to the readings that metrics are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.embeddings import Floats, Indices
from bench.analysis.real_images import PairImages, RealImages, images_of_pairs
from bench.run.store import StoredRun
from metrics.landmarks import LANDMARKS
from metrics.measures import PairReadings, find_scale

__all__ = ["IMAGE_COLUMNS", "StoredPairs", "read_pairs"]

IMAGE_COLUMNS = ("psnr", "ssim", "lpips")


@dataclass(frozen=True, slots=True, eq=False)
class StoredPairs:
    """N cross pairs of a run at one alpha each.

    Attributes:
        terms: their N rows of ``sample_terms``.
        readings: what was read.
        anchors: the same pairs with the real images of target-neutral, copy-source and
            shuffled-source for outputs, Action Units alone: what failed pairs count.
        with_truth: number of pairs whose target has a real image with the source's expression.
    """

    terms: pd.DataFrame
    readings: PairReadings
    anchors: tuple[PairReadings, ...]
    with_truth: int


def read_pairs(
    run: StoredRun, terms: pd.DataFrame, real: RealImages, match_distance: float
) -> StoredPairs:
    """Finds what was read of the cross pairs of a table of terms.

    Args:
        run: the stored run.
        terms: rows of its ``sample_terms``, one per pair.
        real: the real images of their part.
        match_distance: of :class:`bench.analysis.matching.Matching`.
    """
    cross = terms[terms["kind"] == "cross"].reset_index(drop=True)
    rows = run.scores.iloc[_rows_of(run.scores, cross)]
    found = images_of_pairs(cross, real)
    ok = (cross["outcome"] == "ok").to_numpy(dtype=bool)
    units = list(run.action_units)
    output = np.where(ok[:, None], rows[units].to_numpy(dtype=np.float64), np.nan)
    sources = real.wanted[found.source_images]
    source_landmarks = _landmarks(real.table)
    readings = PairReadings(
        ok=ok,
        action_units=run.action_units,
        scale=find_scale(str(run.info["instruments"]["au_estimator"].get("scale", ""))),
        output=output,
        source=sources,
        source_neutral=real.wanted[real.neutrals[found.sources]],
        target_neutral=real.action_units[real.neutrals[found.targets]],
        id_dist_target=cross["id_dist_target"].to_numpy(dtype=np.float64),
        id_dist_source=cross["id_dist_source"].to_numpy(dtype=np.float64),
        match_distance=match_distance,
        output_landmarks=_landmarks(rows),
        source_landmarks=None
        if source_landmarks is None
        else source_landmarks[found.source_images],
        image_values={
            name: rows[name].to_numpy(dtype=np.float64) for name in IMAGE_COLUMNS if name in rows
        },
    )
    anchors = tuple(
        _as_output(readings, real, images)
        for images in (real.neutrals[found.targets], found.source_images, found.strangers)
    )
    return StoredPairs(cross, readings, anchors, _with_truth(cross, found, real))


def _rows_of(scores: pd.DataFrame, terms: pd.DataFrame) -> Indices:
    """Position in the scores of each row of terms: of the same part, pair and alpha."""
    keys = scores["source"] + "/" + scores["sample"] + ">" + scores["target"]
    # A method without alpha has none to match; infinity stands for that on both sides.
    stored, wanted = (
        pd.MultiIndex.from_arrays(
            [table["part"], pairs, table["alpha"].astype(float).round(6).fillna(np.inf)]
        )
        for table, pairs in ((scores, keys), (terms, terms["pair"]))
    )
    return np.asarray(stored.get_indexer(wanted), dtype=np.intp)


def _landmarks(table: pd.DataFrame) -> Floats | None:
    """(N, 68, 2) of a column of flat lists, NaN where there is none; None if all have none."""
    if "landmarks" not in table:
        return None
    points = np.full((len(table), 2 * LANDMARKS), np.nan)
    for place, value in enumerate(table["landmarks"]):
        if isinstance(value, np.ndarray | Sequence) and len(value) == 2 * LANDMARKS:
            points[place] = value
    if np.isnan(points).all():
        return None
    return points.reshape(-1, LANDMARKS, 2)


def _as_output(readings: PairReadings, real: RealImages, images: Indices) -> PairReadings:
    return replace(
        readings, ok=(images >= 0) & real.readable[images], output=real.action_units[images]
    )


def _with_truth(terms: pd.DataFrame, found: PairImages, real: RealImages) -> int:
    """How many pairs have a real image of the target with the source's expression."""
    table = real.table[~real.table["is_reference"].to_numpy(dtype=bool)]
    shown = pd.MultiIndex.from_frame(table[["identity", "expression"]])
    wanted = pd.MultiIndex.from_arrays(
        [terms["target"], real.table["expression"].to_numpy()[found.source_images]]
    )
    return int(np.count_nonzero(_contains(shown, wanted)))


def _contains(shown: pd.MultiIndex, wanted: pd.MultiIndex) -> NDArray[np.bool_]:
    return np.asarray(wanted.isin(shown), dtype=bool)
