"""The board: every method's scores with intervals, ranked by transfer score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.board import AlphaProtocol, Board, BoardRow, Estimate
from bench.analysis.board_notes import board_notes
from bench.analysis.bootstrap import Draws, draws_for, resample_scores
from bench.analysis.scores import Scores, aggregate, measures
from bench.analysis.standings import RANK_DECIMALS, Standing, standings
from bench.analysis.statistics.average_ranks import AverageRanks, average_ranks
from bench.analysis.statistics.comparisons import (
    Comparison,
    compare_differences,
    compare_methods,
    comparison_of,
)
from bench.analysis.statistics.hypervolumes import hypervolume_over_alpha
from bench.analysis.statistics.identity_scores import score_matrix
from bench.analysis.statistics.resampled import Resampled
from bench.run.labels import method_label

__all__ = [
    "AlphaProtocol",
    "Board",
    "BoardEntry",
    "BoardRow",
    "Estimate",
    "rank_methods",
]


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
        curve_terms: rows of ``sample_terms`` of the board's part at every alpha of the full grid,
            for the hypervolume; None for a method without alpha, whose ``terms`` are its only
            point.
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
    curve_terms: pd.DataFrame | None = None

    @property
    def label(self) -> str:
        """The method with the parameters that were set: what tells variants of it apart."""
        return method_label(self.method, self.parameters)


@dataclass(frozen=True, slots=True, eq=False)
class _Entered:
    """An entry under a name that no other entry has, with its resampled scores."""

    name: str
    entry: BoardEntry
    scores: Scores[Resampled]
    score_without_failures: float

    @property
    def curve(self) -> pd.DataFrame:
        curve = self.entry.curve_terms
        return self.entry.terms if curve is None else curve


def rank_methods(
    entries: Sequence[BoardEntry],
    *,
    benchmark: str,
    part: str,
    niqe_real: float,
    resamples: int = 2000,
    seed: int = 0,
) -> Board:
    """Scores every method on its cross pairs and ranks the contestants by transfer score.

    Rows stand by score; equal scores by expression skill, then by name. All methods share the
    resampled people, so that they can be compared resample by resample.

    Args:
        entries: the methods, each with its terms on ``part`` at one alpha.
        benchmark: name of the benchmark.
        part: ``dev`` or ``test``.
        niqe_real: mean NIQE of the part's real images.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    Raises:
        ValueError: an entry has rows of another part, several alphas in its terms, or holes in
            its curve.
    """
    for entry in entries:
        others = sorted(set(entry.terms["part"].unique()) - {part})
        if others:
            raise ValueError(f"{entry.method} has rows of part {others[0]} on the {part} board")
    tables = [entry.terms for entry in entries]
    tables += [entry.curve_terms for entry in entries if entry.curve_terms is not None]
    draws = draws_for(tables, resamples=resamples, seed=seed)
    entered = sorted(
        (
            _enter(name, entry, draws, niqe_real)
            for name, entry in zip(_names(entries), entries, strict=True)
        ),
        key=_place,
    )
    contestants = [one for one in entered if not one.entry.is_anchor]
    anchors = [one for one in entered if one.entry.is_anchor]
    comparisons = compare_methods({one.name: one.scores.transfer_score for one in contestants})
    averages = _average_ranks(contestants, niqe_real)
    standing = standings(
        {one.name: one.scores for one in contestants},
        without_failures={one.name: one.score_without_failures for one in contestants},
        hypervolumes={one.name: hypervolume_over_alpha(one.curve, draws) for one in contestants},
        comparisons=comparisons,
        averages=averages,
    )
    rows = tuple(_row(one, standing.get(one.name, Standing()), niqe_real) for one in entered)
    return Board(
        benchmark=benchmark,
        part=part,
        rows=rows,
        notes=tuple(_notes(entered, rows, draws)),
        lead=_lead(contestants, comparisons),
        comparisons=tuple(comparisons),
        anchor_comparisons=tuple(_with_anchors(contestants, anchors)),
        average_ranks=averages,
    )


def _names(entries: Sequence[BoardEntry]) -> list[str]:
    """The label of each; with the run id where several share it, such as runs of other seeds."""
    labels = [entry.label for entry in entries]
    return [
        label if labels.count(label) == 1 else f"{label} ({entry.run_id})"
        for label, entry in zip(labels, entries, strict=True)
    ]


def _enter(name: str, entry: BoardEntry, draws: Draws, niqe_real: float) -> _Entered:
    excluded = aggregate(entry.terms, niqe_real=niqe_real, failures="excluded")
    scores = resample_scores(entry.terms, draws, niqe_real=niqe_real)
    return _Entered(name, entry, scores, excluded.transfer_score)


def _place(one: _Entered) -> tuple[float, float, str]:
    score, skill = (
        np.inf if np.isnan(quantity.value) else -round(quantity.value, RANK_DECIMALS)
        for quantity in (one.scores.transfer_score, one.scores.expression_skill)
    )
    return score, skill, one.name


def _average_ranks(contestants: Sequence[_Entered], niqe_real: float) -> AverageRanks | None:
    if not contestants:
        return None
    terms = {one.name: one.entry.terms for one in contestants}
    return average_ranks(score_matrix(terms, niqe_real=niqe_real))


def _lead(contestants: Sequence[_Entered], comparisons: Sequence[Comparison]) -> Estimate | None:
    """Paired difference in transfer score of the two best contestants."""
    if len(contestants) < 2:
        return None
    first, second = contestants[:2]
    found = comparison_of(first.name, second.name, comparisons)
    return Estimate(found.difference, found.low, found.high)


def _with_anchors(contestants: Sequence[_Entered], anchors: Sequence[_Entered]) -> list[Comparison]:
    """Each contestant, first, with each anchor."""
    pairs = [(one, anchor) for one in contestants for anchor in anchors]
    return compare_differences(
        [(one.name, anchor.name) for one, anchor in pairs],
        [one.scores.transfer_score - anchor.scores.transfer_score for one, anchor in pairs],
    )


def _row(one: _Entered, standing: Standing, niqe_real: float) -> BoardRow:
    entry = one.entry
    outcomes = entry.terms.loc[entry.terms["kind"] == "cross", "outcome"]
    failures = outcomes[outcomes != "ok"].value_counts()
    at_zero = (
        {}
        if entry.terms_at_zero is None
        else asdict(aggregate(entry.terms_at_zero, niqe_real=niqe_real))
    )
    means = measures(entry.terms)
    estimates: dict[str, Any] = {
        score.name: Estimate.of(getattr(one.scores, score.name)) for score in fields(Scores)
    }
    places = {place.name: getattr(standing, place.name) for place in fields(Standing)}
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
        alpha_by_target=dict(entry.alpha_by_target),
        **places,
    )


def _notes(entered: Sequence[_Entered], rows: Sequence[BoardRow], draws: Draws) -> list[str]:
    return board_notes(
        rows,
        [one.entry.terms for one in entered],
        identities=min(len(draws.sources), len(draws.targets)),
        alphas={
            one.name: frozenset(one.curve["alpha"].unique())
            for one in entered
            if one.entry.alpha_protocol is not None and not one.entry.is_anchor
        },
    )
