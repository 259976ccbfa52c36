"""How sure a score is: the two-way (pigeonhole) bootstrap over people.

Pairs that share a source or a target person are not independent, so people are resampled, not
pairs: sources and targets are drawn with replacement, independently, and a pair weighs the product
of how often its two people were drawn. Owen, "The pigeonhole bootstrap", Annals of Applied
Statistics 1(2), 2007; Owen and Eckles, "Bootstrapping data arrays of arbitrary order", Annals of
Applied Statistics 6(3), 2012. The variance it gives is mildly conservative.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.scores import Failures, Scores, scores_of_sums, summands

__all__ = [
    "FEWEST_IDENTITIES",
    "Draws",
    "Interval",
    "bootstrap_scores",
    "draw_identities",
    "draws_for",
    "percentile_interval",
    "score_intervals",
]

Floats = NDArray[np.float64]

FEWEST_IDENTITIES = 6
"""Below this many people on a side the percentiles of a bootstrap say little."""

# Weights in work at once: 2^22 float64 are 32 MiB, and two or three such arrays are alive.
CHUNK = 2**22


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """How often each person was drawn, in each of B resamples.

    Attributes:
        sources: the S source identities, sorted.
        targets: the T target identities, sorted.
        source_counts: (B, S), each row sums to S.
        target_counts: (B, T), each row sums to T.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    source_counts: Floats
    target_counts: Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile interval and the fewest identities on a side that it rests on."""

    low: float
    high: float
    identities: int

    @property
    def warning(self) -> str | None:
        """Why not to trust the interval, None if there is no reason."""
        if self.identities >= FEWEST_IDENTITIES:
            return None
        return (
            f"the intervals rest on {self.identities} identities on one side, "
            f"fewer than {FEWEST_IDENTITIES}: do not rely on them"
        )


def draw_identities(
    sources: Iterable[str], targets: Iterable[str], *, resamples: int = 2000, seed: int = 0
) -> Draws:
    """Draws people with replacement, the sources and the targets independently.

    The draws depend on the seed and on the names alone, not on their order, so that methods
    measured on the same people get the same draws and can be compared
    resample by resample.
    """
    names = [tuple(sorted(set(side))) for side in (sources, targets)]
    counts = [
        _multinomial_counts(side, label, resamples, seed)
        for side, label in zip(names, ("source", "target"), strict=True)
    ]
    return Draws(names[0], names[1], counts[0], counts[1])


def draws_for(tables: Sequence[pd.DataFrame], *, resamples: int = 2000, seed: int = 0) -> Draws:
    """Draws over all people in the cross pairs of several tables, so that they share them."""
    cross = [terms[terms["kind"] == "cross"] for terms in tables]
    return draw_identities(
        (name for terms in cross for name in terms["source"].unique()),
        (name for terms in cross for name in terms["target"].unique()),
        resamples=resamples,
        seed=seed,
    )


def bootstrap_scores(
    terms: pd.DataFrame, draws: Draws, *, niqe_real: float, failures: Failures = "worst"
) -> Scores[Floats]:
    """Scores of every resample.

    Args:
        terms: rows of ``sample_terms`` at one alpha.
        draws: B resamples of all people in the cross pairs of ``terms`` (others may be in it).
        niqe_real: mean NIQE of the part's real images, taken as known.
        failures: as in ``aggregate``.

    Returns:
        Arrays (B,); NaN in resamples that happen to draw no pair.

    Raises:
        ValueError: ``terms`` has a person that was not among those drawn from.
    """
    # Sorted, since the last bits of a sum depend on the order of its terms.
    cross = terms[terms["kind"] == "cross"].sort_values("pair")
    sources = pd.Index(draws.sources).get_indexer(cross["source"])
    targets = pd.Index(draws.targets).get_indexer(cross["target"])
    if (sources < 0).any() or (targets < 0).any():
        raise ValueError("the terms hold an identity that the draws do not know")
    parts = summands(cross, failures)
    resamples = len(draws.source_counts)
    sums = np.empty((resamples, parts.shape[1]))
    step = max(1, CHUNK // max(1, len(cross)))
    for start in range(0, resamples, step):
        rows = slice(start, start + step)
        weights = draws.source_counts[rows].take(sources, axis=1)
        weights *= draws.target_counts[rows].take(targets, axis=1)
        sums[rows] = weights @ parts
    return scores_of_sums(sums, niqe_real)


def percentile_interval(values: Floats, identities: int, *, level: float = 0.95) -> Interval:
    """The central interval that holds ``level`` of the resampled values.

    Undefined values (resamples without a pair) are left out; without any other, the ends are NaN.
    """
    defined = values[np.isfinite(values)]
    if not defined.size:
        return Interval(np.nan, np.nan, identities)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), identities)


def score_intervals(
    terms: pd.DataFrame,
    draws: Draws,
    *,
    niqe_real: float,
    failures: Failures = "worst",
    level: float = 0.95,
) -> Scores[Interval]:
    """Percentile intervals of every score of a method."""
    resampled = bootstrap_scores(terms, draws, niqe_real=niqe_real, failures=failures)
    cross = terms[terms["kind"] == "cross"]
    identities = min(cross["source"].nunique(), cross["target"].nunique())
    return Scores(
        *(
            percentile_interval(getattr(resampled, field.name), identities, level=level)
            for field in fields(Scores)
        )
    )


def _multinomial_counts(names: Sequence[str], label: str, resamples: int, seed: int) -> Floats:
    if not names:
        return np.zeros((resamples, 0))
    digest = hashlib.sha256("\n".join([str(seed), label, *names]).encode("utf-8")).digest()
    generator = np.random.default_rng(int.from_bytes(digest))
    shares = np.full(len(names), 1 / len(names))
    return generator.multinomial(len(names), shares, size=resamples).astype(np.float64)
