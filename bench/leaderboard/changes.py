"""Changes of a board as values, and their JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from bench.analysis.board import Estimate
from bench.analysis.records import SCHEMA_VERSION, number_or_none

__all__ = ["BoardDifferences", "Cause", "Change", "Differences"]

Cause = Literal[
    "new method",
    "removed method",
    "new data",
    "new metric version",
    "new version of the method",
    "other methods",
    "noise",
]
"""Why a rank or a score changed; of several the first counts."""

LEAST_SHOWN: Final = 5e-4
"""Boards print three decimals of a score."""


@dataclass(frozen=True, slots=True)
class Change:
    """A method whose rank or score changed.

    Attributes:
        name: of the entry's folder.
        label: the method with its parameters.
        cause: why.
        what: what is another, in words; of noise and of other methods empty.
        because_of: labels of the methods that are ahead of it and were not, or were and are not.
        rank_before, rank_after, score_before, score_after: None where there is none.
        difference: paired, of the score after and before, on the same pairs; None where they
            differ or the method was not there.
        tie_group_before, tie_group_after: None for anchors, and where they are not known.
        within_ties: whether the rank changed only among methods that the data do not separate;
            None without a change of rank, or where that is not known.
    """

    name: str
    label: str
    is_anchor: bool
    cause: Cause
    what: tuple[str, ...]
    because_of: tuple[str, ...]
    rank_before: int | None
    rank_after: int | None
    score_before: float | None
    score_after: float | None
    difference: Estimate | None
    tie_group_before: int | None
    tie_group_after: int | None
    within_ties: bool | None

    @property
    def is_nothing(self) -> bool:
        """Whether the difference is too small to be shown, or its interval holds 0."""
        return self.difference is not None and (
            abs(self.difference.value) < LEAST_SHOWN
            or self.difference.low <= 0.0 <= self.difference.high
        )

    def to_dict(self) -> dict[str, Any]:
        difference = self.difference
        return {
            "name": self.name,
            "method": self.label,
            "is_anchor": self.is_anchor,
            "cause": self.cause,
            "what": list(self.what),
            "because_of": list(self.because_of),
            "rank_before": self.rank_before,
            "rank_after": self.rank_after,
            "score_before": self.score_before,
            "score_after": self.score_after,
            "difference": difference and number_or_none(difference.value),
            "difference_interval": difference and difference.interval_dict(),
            "is_nothing": self.is_nothing if difference else None,
            "tie_group_before": self.tie_group_before,
            "tie_group_after": self.tie_group_after,
            "within_ties": self.within_ties,
        }


@dataclass(frozen=True, slots=True)
class BoardDifferences:
    """What changed on a board.

    Attributes:
        data, metrics: what all entries share and is another, in words.
        changes: of the methods, in the order of the board after, removed ones last.
        unchanged: how many methods kept rank and score.
    """

    benchmark: str
    data: tuple[str, ...]
    metrics: tuple[str, ...]
    changes: tuple[Change, ...]
    unchanged: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark,
            "data": list(self.data),
            "metrics": list(self.metrics),
            "changes": [change.to_dict() for change in self.changes],
            "unchanged": self.unchanged,
        }


@dataclass(frozen=True, slots=True)
class Differences:
    """What changed on all boards of two states.

    Attributes:
        before, after: the states, as they were typed.
    """

    before: str
    after: str
    boards: tuple[BoardDifferences, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench leaderboard diff --json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "before": self.before,
            "after": self.after,
            "boards": [board.to_dict() for board in self.boards],
        }
