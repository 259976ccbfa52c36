"""What a failed pair counts in a metric: as the worst anchor at that pair, or not at all."""

from __future__ import annotations

import numpy as np

from bench.analysis.embeddings import Floats, Indices
from bench.analysis.pair_readings import StoredPairs
from metrics.measures import Measure

__all__ = ["parts_with_failures", "worst_anchors"]


def parts_with_failures(measure: Measure, stored: StoredPairs) -> Floats:
    """Summands (N, K) of a metric, in which failed pairs count as its card says.

    A row of NaN is a pair that does not count.
    """
    parts = measure.parts(stored.readings)
    if measure.card.failures != "worst anchor" or stored.readings.ok.all():
        return parts
    candidates = np.stack([measure.parts(anchor) for anchor in stored.anchors])
    chosen = candidates[worst_anchors(measure, stored), np.arange(len(parts))]
    failed = ~stored.readings.ok
    return np.where(failed[:, None], chosen, parts)


def worst_anchors(measure: Measure, stored: StoredPairs) -> Indices:
    """(N,) which anchor does worst at each pair; the first where none can be told."""
    alone = np.stack([measure.of_each(anchor) for anchor in stored.anchors])
    badness = alone if measure.card.direction == "down" else -alone
    return np.asarray(np.argmax(np.where(np.isnan(badness), -np.inf, badness), axis=0))
