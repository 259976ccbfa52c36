"""Real images against identity references: how near a stranger comes, and how often a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.analysis.bootstrap import Interval, percentile_interval
from bench.analysis.embeddings import Floats, Indices, embedding_length, unit_rows
from bench.analysis.real_images import RealImages
from metrics.agreement import false_match_threshold
from metrics.measures.identity import FALSE_MATCH_RATE
from metrics.measures.verification import equal_error_rates

__all__ = ["Matching", "match_real_images"]

_RESAMPLES = 1000
_NUMBERS_AT_ONCE = 2**21


@dataclass(frozen=True, slots=True)
class Matching:
    """What the benchmark's own people say of the embedder; NaN where there is nothing to compare.

    Attributes:
        threshold: the distance to an identity reference below which 1 % of the strangers come.
        equal_error_rate: 0 to 1.
        interval: 95 %, of the equal error rate, by resampling people.
        genuine: number of images compared with their own person's other images.
        impostors: number of comparisons of an image with another person.
    """

    threshold: float
    equal_error_rate: float
    interval: Interval
    genuine: int
    impostors: int


def match_real_images(real: RealImages) -> Matching:
    """Compares every real image with every identity reference.

    An image is left out of its own person's reference, which it would be nearer to for no other
    reason than that it is a part of it.
    """
    people = len(real.identities)
    own = real.identities.get_indexer(real.table["identity"])
    images, others = (a.ravel() for a in np.indices((len(own), people)))
    strangers = others != own[images]
    images, others = images[strangers], others[strangers]
    far = real.distances.of_real(images, others)
    known = np.isfinite(far)
    images, others, far = images[known], others[known], far[known]
    near = _to_own(real, own)
    of_near = own[np.isfinite(near)]
    near = near[np.isfinite(near)]

    def rates(counts: Floats) -> Floats:
        return equal_error_rates(
            near, far, counts[:, of_near], counts[:, own[images]] * counts[:, others]
        )

    rate, interval = np.nan, Interval(np.nan, np.nan, people)
    if near.size and far.size:
        rate = float(rates(np.ones((1, people)))[0])
        interval = percentile_interval(_resampled(rates, people, near.size + far.size), people)
    threshold = false_match_threshold(far, FALSE_MATCH_RATE)
    return Matching(threshold, rate, interval, near.size, far.size)


def _resampled(rates: Callable[[Floats], Floats], people: int, size: int) -> Floats:
    """(B,) rates with people drawn with replacement."""
    generator = np.random.default_rng(0)
    shares = np.full(people, 1 / people)
    counts = generator.multinomial(people, shares, size=_RESAMPLES).astype(np.float64)
    step = max(1, _NUMBERS_AT_ONCE // size)
    return np.concatenate([rates(counts[i : i + step]) for i in range(0, _RESAMPLES, step)])


def _to_own(real: RealImages, own: Indices) -> Floats:
    """(R,) distance of each image to its own person's other reference images; NaN without any."""
    column = real.table["embedding"].to_numpy()
    length = embedding_length(column)
    if length is None:
        return np.full(len(own), np.nan)
    embeddings = unit_rows(column, length)
    counted = real.table["is_reference"].to_numpy(dtype=bool) & np.isfinite(embeddings).all(axis=1)
    sums = np.zeros((len(real.identities), length))
    np.add.at(sums, own[counted], embeddings[counted])
    rest = sums[own] - np.where(counted[:, None], embeddings, 0.0)
    norms = np.linalg.norm(rest, axis=1, keepdims=True)
    # What is left of a single image is rounding, not a direction.
    alone = norms < 1e-9
    return np.asarray(np.linalg.norm(embeddings - rest / np.where(alone, np.nan, norms), axis=1))
