"""How well embeddings tell people apart: all pairs of images, with intervals over people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bench.analysis.bootstrap import Interval, percentile_interval
from bench.analysis.embeddings import Floats, Indices
from bench.run.readings import Readings
from metrics.agreement import (
    equal_error_rate,
    false_match_threshold,
    pearson,
    unit_distances,
    verification_scores,
)

__all__ = ["FALSE_MATCH_RATE", "MOST_EER", "Verification", "verify"]

MOST_EER: Final = 0.01

FALSE_MATCH_RATE: Final = 0.01

RESAMPLES: Final = 2000

_BINS: Final = 1000
"""Between the distances 0 and 2, for the intervals alone: 0.002 wide, much less than they are."""

_WEIGHTS_AT_ONCE: Final = 2**22


@dataclass(frozen=True, slots=True)
class Verification:
    """How well embeddings tell people apart, over all pairs of images.

    Distances are L2 between unit embeddings, 0 to 2. Intervals are 95 % percentile intervals of
    a bootstrap over people.

    Attributes:
        part: ``dev``, ``test`` or ``both``.
        same_pairs, different_pairs: number of pairs of images of one person and of two.
        equal_error_rate: 0 to 1.
        same: mean distance of two images of one person.
        different: mean distance of images of two people.
        threshold: the distance at 1 % false matches; nearer pairs of images count as one person.
        accepted: share of the pairs of one person that are nearer.
        follows_expression: Pearson's r of the distance of an image to its person's identity
            reference, made without that image, and the strength of its expression; None
            without a truth.
    """

    part: str
    people: int
    images: int
    same_pairs: int
    different_pairs: int
    equal_error_rate: float
    equal_error_rate_interval: Interval
    same: float
    different: float
    threshold: float
    threshold_interval: Interval
    accepted: float
    accepted_interval: Interval
    follows_expression: float | None

    @property
    def passed(self) -> bool:
        return self.equal_error_rate <= MOST_EER


def verify(readings: Readings, part: str, rows: NDArray[np.bool_]) -> Verification:
    """Verification over all pairs of the images that ``rows`` (N,) chooses."""
    embeddings, identities = readings.embeddings[rows], readings.identities[rows]
    same, different = map(unit_distances, verification_scores(embeddings, identities))
    threshold = false_match_threshold(different, FALSE_MATCH_RATE)
    rate_interval, threshold_interval, accepted_interval = _intervals(embeddings, identities)
    follows = None
    if readings.au:
        own = _distances_to_own(embeddings, identities, readings.is_reference[rows])
        follows = float(pearson(own, readings.au.strength[rows]))
    return Verification(
        part=part,
        people=len(np.unique(identities)),
        images=len(identities),
        same_pairs=len(same),
        different_pairs=len(different),
        # The rate is of scores that are higher for more alike.
        equal_error_rate=equal_error_rate(-same, -different),
        equal_error_rate_interval=rate_interval,
        same=_mean(same),
        different=_mean(different),
        threshold=threshold,
        threshold_interval=threshold_interval,
        accepted=_mean(same < threshold) if np.isfinite(threshold) else np.nan,
        accepted_interval=accepted_interval,
        follows_expression=follows,
    )


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else float("nan")


def _intervals(
    embeddings: Floats, identities: NDArray[np.str_]
) -> tuple[Interval, Interval, Interval]:
    """Intervals of the equal error rate, the threshold and the share accepted there.

    People are drawn with replacement, not pairs: one person is in many of them. A pair weighs the
    product of how often its two people were drawn, one of a single person how often that one was
    (the vertex bootstrap: Snijders and Borgatti, "Non-parametric standard errors and tests for
    network statistics", Connections 22(2), 1999; for matching tasks, Fogliato et al.,
    arXiv 2306.01198).
    """
    names, codes = np.unique(identities, return_inverse=True)
    people = len(names)
    rows, columns = np.triu_indices(len(codes), k=1)
    places = np.minimum(
        unit_distances((embeddings @ embeddings.T)[rows, columns]) / 2.0 * _BINS, _BINS - 1
    ).astype(np.intp)
    first, second = codes[rows], codes[columns]
    one = first == second
    within = _counts(places[one], first[one], people)
    couples, couple = np.unique(np.stack([first[~one], second[~one]]), axis=1, return_inverse=True)
    between = _counts(places[~one], couple.reshape(-1), couples.shape[1])
    rates, thresholds, accepted = [], [], []
    for drawn in _draws(people, couples.shape[1]):
        missed = 1.0 - _cumulative(within, drawn)
        false = _cumulative(between, drawn[:, couples[0]] * drawn[:, couples[1]])
        rates.append(_crossing(missed, false))
        at = [_place(row, FALSE_MATCH_RATE) for row in false]
        thresholds.append(np.array(at) * 2.0 / _BINS)
        accepted.append(1.0 - np.array([_value(row, p) for row, p in zip(missed, at, strict=True)]))
    return tuple(  # type: ignore[return-value]
        percentile_interval(np.concatenate(values), people)
        for values in (rates, thresholds, accepted)
    )


def _counts(places: Indices, groups: Indices, group_count: int) -> sparse.csr_matrix:
    """(bins, groups): how many pairs of each group lie in each bin of distance."""
    shape = (_BINS, max(group_count, 1))
    return sparse.csr_matrix((np.ones(len(places)), (places, groups)), shape=shape)


def _draws(people: int, couples: int) -> Iterator[Floats]:
    """How often each person is drawn, (b, people), in blocks that fit into memory."""
    generator = np.random.default_rng(0)
    block = max(1, _WEIGHTS_AT_ONCE // max(couples, people, _BINS))
    for start in range(0, RESAMPLES, block):
        size = min(block, RESAMPLES - start)
        yield generator.multinomial(people, np.full(people, 1 / people), size=size).astype(
            np.float64
        )


def _cumulative(counts: sparse.csr_matrix, weights: Floats) -> Floats:
    """(b, bins + 1): weighted share of the pairs below each edge of the bins; NaN without pairs."""
    if not weights.shape[1]:
        return np.full((len(weights), _BINS + 1), np.nan)
    sums = np.zeros((len(weights), _BINS + 1))
    np.cumsum((counts @ weights.T).T, axis=1, out=sums[:, 1:])
    total = sums[:, -1:]
    return np.asarray(sums / np.where(total > 0, total, np.nan))


def _crossing(missed: Floats, false: Floats) -> Floats:
    """(b,): where the falling rate of missed matches meets the rising rate of false ones."""
    after = np.argmax(false >= missed, axis=1)
    rows = np.arange(len(missed))
    gap_before = (missed - false)[rows, after - 1]
    gap = (false - missed)[rows, after]
    share = gap_before / (gap_before + gap)
    before = missed[rows, after - 1]
    return np.asarray(before + share * (missed[rows, after] - before))


def _place(rising: Floats, level: float) -> float:
    """The place, in bins, where a cumulative share reaches a level, linear inside a bin."""
    if not np.isfinite(rising).all():
        return np.nan
    after = int(np.argmax(rising > level))
    return float(after - 1 + (level - rising[after - 1]) / (rising[after] - rising[after - 1]))


def _value(row: Floats, place: float) -> float:
    return float(np.interp(place, np.arange(len(row)), row))


def _distances_to_own(
    embeddings: Floats, identities: NDArray[np.str_], is_reference: NDArray[np.bool_]
) -> Floats:
    """L2 distances (N,) to the identity reference of the own person.

    An image of the reference set is left out of its own reference: else it would be nearer for
    no other reason than that it is a part of it.
    """
    names, codes = np.unique(identities, return_inverse=True)
    sums = np.zeros((len(names), embeddings.shape[1]))
    np.add.at(sums, codes[is_reference], embeddings[is_reference])
    centres = sums[codes] - embeddings * is_reference[:, None]
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return np.asarray(np.linalg.norm(embeddings - centres, axis=1))
