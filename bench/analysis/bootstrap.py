"""How sure a score is: the two-way (pigeonhole) bootstrap over people.

Pairs that share a source or a target person are not independent, so people are resampled, not
pairs: sources and targets are drawn with replacement, independently, and a pair weighs the product
of how often its two people were drawn. Owen, "The pigeonhole bootstrap", Annals of Applied
Statistics 1(2), 2007; Owen and Eckles, "Bootstrapping data arrays of arbitrary order", Annals of
Applied Statistics 6(3), 2012. Its intervals are rescaled and expanded so that they hold the truth
as often as they say, whether people or pairs differ more: see ``statistics.resampled``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.scores import Failures, Scores, scores_of_sums, summands
from bench.analysis.statistics.cells import CHUNK, CellSums, cell_sums, resampled_totals
from bench.analysis.statistics.quantities import quantity_of_sums
from bench.analysis.statistics.resampled import Resampled, ResampledSums

__all__ = [
    "FEWEST_IDENTITIES",
    "Draws",
    "Interval",
    "bootstrap_scores",
    "draw_identities",
    "draws_for",
    "interval_of",
    "percentile_interval",
    "resample_scores",
    "resample_sums",
    "score_intervals",
]

Floats = NDArray[np.float64]

FEWEST_IDENTITIES = 6
"""Below this many people on a side the percentiles of a bootstrap say little."""


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
    cross = [terms.loc[terms["kind"] == "cross", ["source", "target"]] for terms in tables]
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
    cross = terms[terms["kind"] == "cross"]
    cells = _cells(cross, draws, summands(cross, failures))
    sums = resampled_totals(cells, draws.source_counts, draws.target_counts, chunk=CHUNK)
    return scores_of_sums(sums, niqe_real)


def resample_sums(cross: pd.DataFrame, draws: Draws, parts: Floats) -> ResampledSums:
    """Sums of parts of the rows, with both sides and with either side of the people resampled.

    Args:
        cross: n rows with ``source`` and ``target``.
        draws: B resamples of all these people (others may be in it).
        parts: (n, K).

    Raises:
        ValueError: ``cross`` has a person that was not among those drawn from.
    """
    cells = _cells(cross, draws, parts)
    return ResampledSums(
        total=cells.total,
        both=resampled_totals(cells, draws.source_counts, draws.target_counts, chunk=CHUNK),
        source_only=draws.source_counts @ cells.of_sources,
        target_only=draws.target_counts @ cells.of_targets,
        sources=np.unique(cells.sources).size,
        targets=np.unique(cells.targets).size,
    )


def resample_scores(
    terms: pd.DataFrame, draws: Draws, *, niqe_real: float, failures: Failures = "worst"
) -> Scores[Resampled]:
    """Every score of a method with its resampled values; arguments as ``bootstrap_scores``.

    Scores of methods on the same draws can be subtracted: that is the paired difference.
    """
    cross = terms[terms["kind"] == "cross"]
    sums = resample_sums(cross, draws, summands(cross, failures))
    score = partial(quantity_of_sums, niqe_real=niqe_real)
    return Scores(*(sums.quantity(partial(score, name=field.name)) for field in fields(Scores)))


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
    """Intervals of every score of a method: ``Resampled.interval``."""
    resampled = resample_scores(terms, draws, niqe_real=niqe_real, failures=failures)
    return Scores(
        *(interval_of(getattr(resampled, field.name), level=level) for field in fields(Scores))
    )


def interval_of(quantity: Resampled, *, level: float = 0.95) -> Interval:
    low, high = quantity.interval(level)
    return Interval(low, high, quantity.identities)


def _cells(cross: pd.DataFrame, draws: Draws, parts: Floats) -> CellSums:
    sources = pd.Index(draws.sources).get_indexer(cross["source"])
    targets = pd.Index(draws.targets).get_indexer(cross["target"])
    if (sources < 0).any() or (targets < 0).any():
        raise ValueError("the terms hold an identity that the draws do not know")
    return cell_sums(sources, targets, parts, (len(draws.sources), len(draws.targets)))


def _multinomial_counts(names: Sequence[str], label: str, resamples: int, seed: int) -> Floats:
    if not names:
        return np.zeros((resamples, 0))
    digest = hashlib.sha256("\n".join([str(seed), label, *names]).encode("utf-8")).digest()
    generator = np.random.default_rng(int.from_bytes(digest))
    shares = np.full(len(names), 1 / len(names))
    return generator.multinomial(len(names), shares, size=resamples).astype(np.float64)
