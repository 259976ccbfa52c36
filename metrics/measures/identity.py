"""How near the embedding of an output is to the target, and how far from the source."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.measures.card import MetricCard
from metrics.measures.measure import Measure, ratio, with_count
from metrics.measures.pairs import PairReadings

__all__ = [
    "FALSE_MATCH_RATE",
    "ID_CSIM_TARGET",
    "ID_DIST_SOURCE",
    "ID_DIST_TARGET",
    "ID_MARGIN",
    "ID_RETAINED",
    "cosine_of_distance",
    "embedding_distances",
    "matches",
]

Floats = NDArray[np.float64]

FALSE_MATCH_RATE: Final = 0.01
"""Of ``id_retained@FMR=1%``."""

_PAPER = "Valenzuela et al., CVPRW 2021, with the identity reference for the mean"
_MEAN = "mean over pairs"


def embedding_distances(first: ArrayLike, second: ArrayLike) -> Floats:
    """L2 distances (N,), 0 to 2, of the directions of two sets of embeddings (N, D).

    NaN where an embedding is missing or zero.
    """
    gaps = np.subtract(*(_unit(np.asarray(side, dtype=np.float64)) for side in (first, second)))
    return np.asarray(np.linalg.norm(gaps, axis=-1))


def cosine_of_distance(distances: Floats) -> Floats:
    """Cosine of two unit vectors of an L2 distance: 1 - d^2 / 2."""
    return 1.0 - np.square(distances) / 2.0


def matches(distances: Floats, threshold: float) -> Floats:
    """1 where a face is nearer than the threshold, 0 where it is not; NaN stays."""
    return np.where(np.isnan(distances), np.nan, distances < threshold)


def _unit(rows: Floats) -> Floats:
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(norms > 0.0, norms, np.nan)


def _no_threshold(pairs: PairReadings) -> str:
    known = np.isfinite(pairs.match_distance)
    return "" if known else "there are no impostor pairs of real images to take a threshold from"


ID_DIST_TARGET: Final = Measure(
    MetricCard(
        name="id_dist_target",
        title="distance to the target",
        formula="d(y) = |e(y) - r_target|, e unit-norm, r the identity reference",
        direction="down",
        unit="L2",
        range="0 to 2",
        best=0.0,
        needs=("embeddings",),
        aggregation=_MEAN,
        failures="left out",
        scales="",
        source=_PAPER,
    ),
    lambda pairs: with_count(pairs.id_dist_target),
    ratio,
)

ID_DIST_SOURCE: Final = Measure(
    MetricCard(
        name="id_dist_source",
        title="distance to the source person",
        formula="|e(y) - r_source|",
        direction="up",
        unit="L2",
        range="0 to 2",
        best=None,
        needs=("embeddings",),
        aggregation=_MEAN,
        failures="left out",
        scales="",
        source=_PAPER,
    ),
    lambda pairs: with_count(pairs.id_dist_source),
    ratio,
)

ID_MARGIN: Final = Measure(
    MetricCard(
        name="id_margin",
        title="how much nearer to the target than to the source",
        formula="id_dist_source - id_dist_target",
        direction="up",
        unit="L2",
        range="-2 to 2",
        best=None,
        needs=("embeddings",),
        aggregation=_MEAN,
        failures="left out",
        scales="",
        source="0 is the identity crossover",
    ),
    lambda pairs: with_count(pairs.id_dist_source - pairs.id_dist_target),
    ratio,
)

ID_CSIM_TARGET: Final = Measure(
    MetricCard(
        name="id_csim_target",
        title="CSIM: cosine with the target",
        formula="e(y).r_target = 1 - id_dist_target^2 / 2",
        direction="up",
        unit="",
        range="-1 to 1",
        best=1.0,
        needs=("embeddings",),
        aggregation=_MEAN,
        failures="left out",
        scales="",
        source="CSIM of the field, against the identity reference; comparable only with the same "
        "embedder, crop and reference",
    ),
    lambda pairs: with_count(cosine_of_distance(pairs.id_dist_target)),
    ratio,
)

ID_RETAINED: Final = Measure(
    MetricCard(
        name="id_retained@FMR=1%",
        title="recognised as the target",
        formula="share of outputs with d(y) below the distance at which 1 % of impostors match",
        direction="up",
        unit="",
        range="0 to 1",
        best=1.0,
        needs=("embeddings", "impostor pairs of real images"),
        aggregation="mean over pairs; the threshold is taken as known. Impostors are the part's "
        "real images against the identity references of the part's other people",
        failures="left out",
        scales="",
        source="false match rate of ISO/IEC 19795-1",
    ),
    lambda pairs: with_count(matches(pairs.id_dist_target, pairs.match_distance)),
    ratio,
    _no_threshold,
    lambda pairs: f"distance below {pairs.match_distance:.3f}",
)
