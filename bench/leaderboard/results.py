"""What commands say of boards, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.leaderboard.basis import BASIS_FILE, read_basis
from bench.leaderboard.entry import Entry, list_entries
from bench.leaderboard.verification import is_verified

__all__ = ["Added", "BoardSummary", "summaries"]


@dataclass(frozen=True, slots=True)
class Added:
    """An entry that was written.

    Attributes:
        label: the method and its parameters.
        benchmark: name of the benchmark.
        folder: of the entry.
        replaced: whether an entry of that name stood there.
        asked: whether its run was named; anchors that a board lacks are added with the others.
        size: bytes of its scores.
    """

    label: str
    benchmark: str
    folder: Path
    replaced: bool
    asked: bool
    size: int

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {**asdict(self), "folder": str(self.folder)}


@dataclass(frozen=True, slots=True)
class BoardSummary:
    """A board in the list of boards.

    Attributes:
        contestants, anchors, verified: numbers of entries.
        best: label of the contestant with the highest transfer score; None without one.
        transfer_score: of that one.
    """

    benchmark: str
    folder: Path
    contestants: int
    anchors: int
    verified: int
    best: str | None
    transfer_score: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {**asdict(self), "folder": str(self.folder)}


def summaries(boards: Path) -> list[BoardSummary]:
    """The boards of a folder, by name, from the numbers of their entries.

    Raises:
        BenchError: an entry cannot be read.
    """
    return [_summary(path.parent) for path in sorted(boards.glob(f"*/{BASIS_FILE}"))]


def _summary(board: Path) -> BoardSummary:
    entries = list_entries(board)
    contestants = [entry for entry in entries if not entry.is_anchor]
    scores = {entry.label: score for entry in contestants if (score := _score(entry)) is not None}
    best = max(scores, key=lambda label: scores[label], default=None)
    return BoardSummary(
        benchmark=read_basis(board).benchmark,
        folder=board,
        contestants=len(contestants),
        anchors=len(entries) - len(contestants),
        verified=sum(map(is_verified, entries)),
        best=best,
        transfer_score=None if best is None else scores[best],
    )


def _score(entry: Entry) -> float | None:
    value: float | None = entry.info["scores"]["transfer_score"]["value"]
    return value
