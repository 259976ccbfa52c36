"""A board at one time, as it was published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.analysis.board import Estimate
from bench.analysis.ranking import BoardEntry
from bench.analysis.scores import SCORES_VERSION
from bench.analysis.standings import RANK_DECIMALS
from bench.leaderboard.basis import Basis, read_basis
from bench.leaderboard.contents import board_entry, board_of
from bench.leaderboard.entry import list_entries

__all__ = ["BoardState", "EntryState", "board_state", "published_score"]


@dataclass(frozen=True, slots=True, eq=False)
class EntryState:
    """An entry as it was published.

    Attributes:
        label: the method with its parameters.
        parts: ``identity.parts`` of ``entry.json``.
        alpha: None for a method without alpha.
        score: transfer score as it was published; NaN where undefined.
        tie_group: None for anchors, and where the scores are of another ``SCORES_VERSION``.
        ranked: with the terms of its test pairs.
    """

    label: str
    is_anchor: bool
    parts: Mapping[str, Any]
    alpha: float | None
    score: Estimate
    tie_group: int | None
    ranked: BoardEntry


@dataclass(frozen=True, slots=True, eq=False)
class BoardState:
    """A board at one time: what its entries share, and the entries by name."""

    basis: Basis
    entries: Mapping[str, EntryState]

    def emptied(self) -> BoardState:
        """The same without entries: what was there before the board, and is after it."""
        return replace(self, entries={})

    def rank(self, name: str) -> int | None:
        """The published rank among the contestants; None for an anchor or a missing entry."""
        if name not in self.entries or self.entries[name].is_anchor:
            return None
        return 1 + sum(self.is_ahead(other, name) for other in self.entries)

    def is_ahead(self, first: str, second: str) -> bool:
        """Whether the first is a contestant with a better score than the second."""
        one, other = self.entries.get(first), self.entries.get(second)
        if one is None or other is None or one.is_anchor or other.is_anchor:
            return False
        return published_score(one.score) > published_score(other.score)


def board_state(board: Path) -> BoardState:
    """Reads a board: the scores that it published, and the tie groups that follow from them.

    Raises:
        BenchError: a file is missing or damaged, or of another schema version.
    """
    basis = read_basis(board)
    entries = {entry.name: entry for entry in list_entries(board)}
    ranked = {name: board_entry(entry, basis) for name, entry in entries.items()}
    groups: dict[str, int | None] = {}
    # The formulas here say nothing of the order that others gave.
    if basis.scores_version == SCORES_VERSION and ranked:
        groups = {row.label: row.tie_group for row in board_of([*ranked.values()], basis).rows}
    states = {
        name: EntryState(
            label=entry.label,
            is_anchor=entry.is_anchor,
            parts=entry.info["identity"]["parts"],
            alpha=entry.info["alpha"] and float(entry.info["alpha"]["value"]),
            score=_published(entry.info["scores"]["transfer_score"]),
            tie_group=groups.get(entry.label),
            ranked=ranked[name],
        )
        for name, entry in entries.items()
    }
    return BoardState(basis, states)


def _published(score: dict[str, Any]) -> Estimate:
    numbers = (score[name] for name in ("value", "low", "high"))
    return Estimate(*(float("nan") if number is None else float(number) for number in numbers))


def published_score(score: Estimate) -> float:
    """As scores are ranked: an undefined one is worse than any other."""
    return -1.0 if np.isnan(score.value) else round(score.value, RANK_DECIMALS)
