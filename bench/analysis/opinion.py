"""Two rankings of the same outputs by different instruments, and who owes a place to which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis.board import Board, Estimate
from bench.analysis.bootstrap import draws_for, resample_scores
from bench.analysis.opinion_values import Opinion, OpinionRow, Separation
from bench.analysis.ranking import BoardEntry, rank_methods
from bench.analysis.standings import RANK_DECIMALS
from bench.analysis.statistics.comparisons import Comparison
from bench.analysis.statistics.rank_agreement import kendall_tau_b
from bench.analysis.statistics.resampled import EQUAL, LEVEL

__all__ = ["Judgement", "second_opinion"]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Outputs as one pair of instruments reads them.

    Attributes:
        embedder, au_estimator: names of the instruments.
        entries: the methods, each with its terms.
        niqe_real: mean NIQE of the part's real images.
    """

    embedder: str
    au_estimator: str
    entries: tuple[BoardEntry, ...]
    niqe_real: float

    @property
    def instruments(self) -> str:
        return f"{self.embedder} + {self.au_estimator}"

    def on_pairs(self, pairs: set[str]) -> Judgement:
        """The same on fewer pairs, at the chosen alphas alone."""
        return replace(self, entries=tuple(_at_a_point(entry, pairs) for entry in self.entries))

    def board(self, benchmark: str, part: str, *, resamples: int, seed: int) -> Board:
        return rank_methods(
            self.entries,
            benchmark=benchmark,
            part=part,
            niqe_real=self.niqe_real,
            resamples=resamples,
            seed=seed,
        )


def second_opinion(
    first: Judgement,
    second: Judgement,
    *,
    benchmark: str,
    part: str,
    notes: Sequence[str] = (),
    resamples: int = 2000,
    seed: int = 0,
) -> Opinion:
    """Ranks the same outputs under two pairs of instruments, on the pairs that both could read.

    Both boards resample the same people. The interval of tau describes how the agreement varies
    with the people measured; like resampled ranks (``rank_distribution``) it is no test, and where
    methods are equal in truth it lies below what further people would show.

    Args:
        first: the outputs as the instruments read them under which alphas were chosen.
        second: the same methods at the same alphas.
        benchmark: its name.
        part: ``dev`` or ``test``.
        notes: what a reader must know of how the outputs were made.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    Raises:
        ValueError: other methods in ``second`` than in ``first``, or no pair in common.
    """
    names = [[entry.label for entry in one.entries] for one in (first, second)]
    if sorted(names[0]) != sorted(names[1]):
        raise ValueError("the two judgements are not of the same methods")
    pairs = [_cross(entry) for one in (first, second) for entry in one.entries]
    shared = set.intersection(*pairs)
    if not shared:
        raise ValueError("no pair could be read by both pairs of instruments")
    both = [one.on_pairs(shared) for one in (first, second)]
    boards = [one.board(benchmark, part, resamples=resamples, seed=seed) for one in both]
    there = {row.label: row for row in boards[1].rows}
    rows = tuple(OpinionRow(row, there[row.label]) for row in boards[0].rows)
    contestants = [row.first.label for row in rows if not row.first.is_anchor]
    of_contestants = [board.comparisons for board in boards]
    from_anchors = [board.anchor_comparisons for board in boards]
    return Opinion(
        benchmark=benchmark,
        part=part,
        first=first.instruments,
        second=second.instruments,
        rows=rows,
        contestants=len(contestants),
        tau=_tau(both, contestants, resamples=resamples, seed=seed),
        first_separations=_separations(*of_contestants),
        second_separations=_separations(*reversed(of_contestants)),
        first_anchor_separations=_separations(*from_anchors),
        second_anchor_separations=_separations(*reversed(from_anchors)),
        pairs=len(shared),
        pairs_left_out=len(set.union(*pairs) - shared),
        notes=(*notes, *_board_notes(both, boards)),
    )


def _at_a_point(entry: BoardEntry, pairs: set[str]) -> BoardEntry:
    terms = entry.terms[entry.terms["pair"].isin(pairs)]
    # No hypervolumes: the outputs of other alphas were not measured twice.
    return replace(entry, terms=terms, terms_at_zero=None, curve_terms=terms.assign(alpha=0.0))


def _cross(entry: BoardEntry) -> set[str]:
    return set(entry.terms.loc[entry.terms["kind"] == "cross", "pair"])


def _tau(
    judgements: Sequence[Judgement], contestants: Sequence[str], *, resamples: int, seed: int
) -> Estimate:
    """Kendall's tau-b of the contestants' transfer scores, with its percentile interval."""
    if len(contestants) < 2:
        return Estimate(np.nan, np.nan, np.nan)
    tables = [entry.terms for entry in judgements[0].entries]
    draws = draws_for(tables, resamples=resamples, seed=seed)
    scores, values = [], []
    for one in judgements:
        resampled = {
            entry.label: resample_scores(entry.terms, draws, niqe_real=one.niqe_real).transfer_score
            for entry in one.entries
            if not entry.is_anchor
        }
        scores.append(np.column_stack([resampled[name].both for name in contestants]))
        values.append(np.array([resampled[name].value for name in contestants]))
    value = float(kendall_tau_b(values[0], values[1], decimals=RANK_DECIMALS))
    taus = kendall_tau_b(scores[0], scores[1], decimals=RANK_DECIMALS)
    taus = taus[np.isfinite(taus)]
    if not taus.size or np.isnan(value):
        return Estimate(value, np.nan, np.nan)
    ends = np.quantile(taus, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    return Estimate(value, float(ends[0]), float(ends[1]))


def _separations(mine: Sequence[Comparison], other: Sequence[Comparison]) -> tuple[Separation, ...]:
    """What the other instruments say of all that mine separate."""
    found = {(one.first, one.second): one for one in other}
    found |= {(one.second, one.first): one.reversed() for one in other}
    separations = []
    for comparison in mine:
        if not comparison.separated:
            continue
        one = comparison if comparison.difference > 0 else comparison.reversed()
        there = found[one.first, one.second]
        separations.append(
            Separation(one.first, one.second, _difference(one), _difference(there), _verdict(there))
        )
    return tuple(separations)


def _verdict(there: Comparison) -> str:
    in_front = there.difference > EQUAL
    if there.separated:
        return "confirmed" if in_front else "reversed"
    return "same order" if in_front else "not in front"


def _difference(comparison: Comparison) -> Estimate:
    return Estimate(comparison.difference, comparison.low, comparison.high)


def _board_notes(judgements: Sequence[Judgement], boards: Sequence[Board]) -> list[str]:
    """The notes of both boards; those of one alone with its instruments."""
    shared = [note for note in boards[0].notes if note in boards[1].notes]
    alone = [
        f"{one.instruments}: {note}"
        for one, board in zip(judgements, boards, strict=True)
        for note in board.notes
        if note not in shared
    ]
    return [*shared, *alone]
