"""The equal error rate of an embedder on a benchmark's own people, resampled or not."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.measures.card import MetricCard

__all__ = ["ID_EER", "equal_error_rates"]

Floats = NDArray[np.float64]

ID_EER: Final = MetricCard(
    name="id_eer",
    title="equal error rate of the embedder",
    formula="rate at which false matches are as frequent as false non-matches, of real images "
    "against identity references",
    direction="down",
    unit="",
    range="0 to 1, 0.5 is chance",
    best=0.0,
    needs=("embeddings of real images",),
    aggregation="over all real images and identity references of the part, an image left out of "
    "its own; the interval resamples people. It says how far the identity metrics can be trusted, "
    "nothing of a method; bench check-instruments has the rate of pairs of images",
    failures="left out",
    scales="",
    source="ISO/IEC 19795-1, both rates linear between two thresholds",
)


def equal_error_rates(
    genuine: Floats, impostors: Floats, genuine_weights: Floats, impostor_weights: Floats
) -> Floats:
    """Equal error rates of B weightings of the same distances.

    Args:
        genuine: (S,) distances of faces to their own person.
        impostors: (D,) distances of faces to other people.
        genuine_weights: (B, S), not negative.
        impostor_weights: (B, D), not negative.

    Returns:
        (B,), 0 (fully separated) to 1; NaN where a side weighs nothing. With equal weights it is
        :func:`metrics.agreement.equal_error_rate` of the negative distances.
    """
    missed, false = (
        _shares(distances, weights, np.unique(np.concatenate([genuine, impostors])))
        for distances, weights in ((genuine, genuine_weights), (impostors, impostor_weights))
    )
    # Nobody matches at first and everybody in the end: missed falls from 1, false rises from 0.
    missed = 1.0 - missed
    after = np.argmax(false >= missed, axis=1)[:, None]
    before = np.maximum(after - 1, 0)
    missed_before, missed_after = (np.take_along_axis(missed, i, axis=1) for i in (before, after))
    false_before, false_after = (np.take_along_axis(false, i, axis=1) for i in (before, after))
    gap_before, gap_after = missed_before - false_before, false_after - missed_after
    total = gap_before + gap_after
    share = np.where(total > 0.0, gap_before / np.where(total > 0.0, total, 1.0), 0.0)
    return np.asarray((missed_before + share * (missed_after - missed_before))[:, 0])


def _shares(distances: Floats, weights: Floats, thresholds: Floats) -> Floats:
    """Share (B, 1 + T) of the weight with a distance of at most none, then each threshold."""
    order = np.argsort(distances, kind="stable")
    sums = np.cumsum(weights[:, order], axis=1)
    total = sums[:, -1:]
    sums = np.concatenate([np.zeros((len(sums), 1)), sums], axis=1)
    reached = np.concatenate([[0], np.searchsorted(distances[order], thresholds, side="right")])
    return np.asarray(sums[:, reached] / np.where(total > 0.0, total, np.nan))
