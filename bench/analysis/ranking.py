"""The board: every method's scores with intervals, ranked by transfer score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

import numpy as np
import pandas as pd

from bench.analysis.board import AlphaProtocol, Board, BoardRow, Estimate
from bench.analysis.bootstrap import (
    FEWEST_IDENTITIES,
    Draws,
    Interval,
    draws_for,
    interval_of,
    resample_scores,
    score_intervals,
)
from bench.analysis.scores import Scores, aggregate, measures

__all__ = [
    "AlphaProtocol",
    "Board",
    "BoardEntry",
    "BoardRow",
    "Estimate",
    "rank_methods",
]

# Scores that agree to this many decimals share a rank: the instruments repeat no better.
RANK_DECIMALS = 6


@dataclass(frozen=True, slots=True, eq=False)
class BoardEntry:
    """A method as it enters the board.

    Attributes:
        parameters: those of the method that were set, as text.
        terms: rows of ``sample_terms`` at the method's alpha, one per pair.
        terms_at_zero: the same at alpha = 0, the method's own mean faces; None without alpha.
        alpha, alpha_protocol: None for a method without alpha; no alpha where targets have
            different ones.
        alpha_by_target: by identity, where each target has its own alpha.
        images_per_second, peak_memory_mib: None where not measured.
    """

    method: str
    run_id: str
    is_anchor: bool
    terms: pd.DataFrame
    terms_at_zero: pd.DataFrame | None = None
    alpha: float | None = None
    alpha_protocol: AlphaProtocol | None = None
    images_per_second: float | None = None
    peak_memory_mib: float | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    alpha_by_target: Mapping[str, float] = field(default_factory=dict)


def rank_methods(
    entries: Sequence[BoardEntry],
    *,
    benchmark: str,
    part: str,
    niqe_real: float,
    resamples: int = 2000,
    seed: int = 0,
) -> Board:
    """Scores every method on its cross pairs and ranks by transfer score.

    Rows stand by rank; equal scores by expression skill, then by name. All methods share the
    resampled people, so that their intervals can be compared.

    Args:
        entries: the methods, each with its terms on ``part`` at one alpha.
        benchmark: name of the benchmark.
        part: ``dev`` or ``test``.
        niqe_real: mean NIQE of the part's real images.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    Raises:
        ValueError: an entry has rows of another part, or several alphas.
    """
    for entry in entries:
        others = sorted(set(entry.terms["part"]) - {part})
        if others:
            raise ValueError(f"{entry.method} has rows of part {others[0]} on the {part} board")
    draws = draws_for([entry.terms for entry in entries], resamples=resamples, seed=seed)
    scores = [aggregate(entry.terms, niqe_real=niqe_real) for entry in entries]
    excluded = [
        aggregate(entry.terms, niqe_real=niqe_real, failures="excluded") for entry in entries
    ]
    intervals = [score_intervals(entry.terms, draws, niqe_real=niqe_real) for entry in entries]
    ranks = _ranks([score.transfer_score for score in scores])
    ranks_excluded = _ranks([score.transfer_score for score in excluded])
    rows = [
        _row(entry, score, interval, niqe_real=niqe_real, ranks=pair_of_ranks)
        for entry, score, interval, pair_of_ranks in zip(
            entries, scores, intervals, zip(ranks, ranks_excluded, strict=True), strict=True
        )
    ]
    rows.sort(key=_place)
    lead = _lead(entries, rows, draws, niqe_real)
    return Board(benchmark, part, tuple(rows), tuple(_notes(entries, rows, draws)), lead)


def _lead(
    entries: Sequence[BoardEntry], rows: Sequence[BoardRow], draws: Draws, niqe_real: float
) -> Estimate | None:
    """Paired difference in transfer score of the two best methods that are no anchors."""
    contestants = [row for row in rows if not row.is_anchor][:2]
    if len(contestants) < 2:
        return None
    terms = {(entry.method, entry.run_id): entry.terms for entry in entries}
    first, second = (
        resample_scores(terms[row.method, row.run_id], draws, niqe_real=niqe_real).transfer_score
        for row in contestants
    )
    difference = first - second
    return _estimate(difference.value, interval_of(difference))


def _row(
    entry: BoardEntry,
    scores: Scores[float],
    intervals: Scores[Interval],
    *,
    niqe_real: float,
    ranks: tuple[int, int],
) -> BoardRow:
    outcomes = entry.terms.loc[entry.terms["kind"] == "cross", "outcome"]
    failures = outcomes[outcomes != "ok"].value_counts()
    at_zero = (
        {}
        if entry.terms_at_zero is None
        else asdict(aggregate(entry.terms_at_zero, niqe_real=niqe_real))
    )
    means = measures(entry.terms)
    estimates = {
        field.name: _estimate(getattr(scores, field.name), getattr(intervals, field.name))
        for field in fields(Scores)
    }
    return BoardRow(
        method=entry.method,
        run_id=entry.run_id,
        is_anchor=entry.is_anchor,
        parameters=dict(entry.parameters),
        alpha=entry.alpha,
        alpha_protocol=entry.alpha_protocol,
        **estimates,
        coverage=means.coverage,
        pairs=len(outcomes),
        failures={str(name): int(failures[name]) for name in sorted(failures.index)},
        au_mse=means.au_mse,
        au_mae=means.au_mae,
        id_dist_target=means.id_dist_target,
        id_dist_source=means.id_dist_source,
        expression_skill_at_zero=at_zero.get("expression_skill"),
        identity_retention_at_zero=at_zero.get("identity_retention"),
        naturalness_at_zero=at_zero.get("naturalness"),
        images_per_second=entry.images_per_second,
        peak_memory_mib=entry.peak_memory_mib,
        rank=ranks[0],
        rank_without_failures=ranks[1],
        alpha_by_target=dict(entry.alpha_by_target),
    )


def _ranks(scores: Sequence[float]) -> list[int]:
    """1 plus the number of better scores; an undefined score is worse than any other."""
    rounded = np.round(np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=-1.0), RANK_DECIMALS)
    return [int(rank) for rank in (rounded > rounded[:, None]).sum(axis=1) + 1]


def _place(row: BoardRow) -> tuple[int, float, str]:
    skill = round(row.expression_skill.value, RANK_DECIMALS)
    return row.rank, np.inf if np.isnan(skill) else -skill, row.method


def _estimate(value: float, interval: Interval) -> Estimate:
    return Estimate(value, interval.low, interval.high)


def _notes(entries: Sequence[BoardEntry], rows: Sequence[BoardRow], draws: Draws) -> list[str]:
    notes = []
    identities = min(len(draws.sources), len(draws.targets))
    if identities < FEWEST_IDENTITIES:
        warning = Interval(np.nan, np.nan, identities).warning
        notes.append(f"{warning}.".capitalize())
    failed = sum(sum(row.failures.values()) for row in rows)
    if failed:
        moved = [
            f"{row.label} {row.rank} -> {row.rank_without_failures}"
            for row in rows
            if row.rank != row.rank_without_failures
        ]
        change = f"change ranks: {', '.join(moved)}" if moved else "change no rank"
        notes.append(
            f"Failed pairs ({failed}) are scored as the worst anchor there; "
            f"leaving them out would {change}."
        )
    sets = {
        entry.run_id: frozenset(entry.terms.loc[entry.terms["kind"] == "cross", "pair"])
        for entry in entries
    }
    if len(set(sets.values())) > 1:
        counts = ", ".join(f"{row.label} {row.pairs}" for row in rows)
        notes.append(f"Methods have unequal pairs, their ranks are not comparable: {counts}.")
    unusable = max((entry.terms.attrs.get("unusable_pairs", 0) for entry in entries), default=0)
    if unusable:
        notes.append(
            f"{unusable} pairs are left out for every method: a real image could not be read."
        )
    lacking = {row.label: _lacking(row) for row in rows if np.isnan(row.transfer_score.value)}
    for names in dict.fromkeys(lacking.values()):
        labels = ", ".join(label for label in lacking if lacking[label] == names)
        notes.append(
            f"No score is defined for {labels}: {names} could not be measured on every pair, or "
            "with nothing to divide by."
        )
    return notes


def _lacking(row: BoardRow) -> str:
    """The undefined ones of E, R and Q."""
    scores = (row.expression_skill, row.identity_retention, row.naturalness)
    named = zip("ERQ", scores, strict=True)
    return " and ".join(name for name, score in named if np.isnan(score.value))
