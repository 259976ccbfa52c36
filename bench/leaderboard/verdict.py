"""Whether entries of a board hold: what was found, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.analysis.records import SCHEMA_VERSION
from bench.analysis.tolerance import TOLERANCE
from bench.errors import BenchError
from bench.leaderboard.basis import Basis, read_basis
from bench.leaderboard.entry import Entry
from bench.leaderboard.recomputation import board_faults, recompute
from bench.leaderboard.regeneration import Regeneration
from bench.leaderboard.regenerator import Again, NotHere, Regenerator
from bench.leaderboard.verification import (
    hashes_of,
    is_verified,
    read_verified,
    withdraw_verified,
    write_verified,
)
from bench.run.provenance import provenance

__all__ = [
    "BoardVerdict",
    "EntryVerdict",
    "Status",
    "Verdicts",
    "verify_board",
    "verify_entry",
]

Status = Literal["verified", "claimed", "wrong"]


@dataclass(frozen=True, slots=True, eq=False)
class EntryVerdict:
    """What was found about an entry.

    Attributes:
        name: of its folder.
        status: ``verified`` if pairs were made again, now or as a ``verified.json`` that still
            fits says; ``claimed`` if its numbers follow from its scores and nobody made any
            again; else ``wrong``.
        numbers: how many numbers of ``entry.json`` were computed again.
        faults: one sentence each.
        regeneration: what was made again; None if nothing was.
        reason: why nothing was made again, or not written down; empty otherwise.
        command: what to type to make pairs of it again; empty where that would not help.
        earlier: when an earlier ``verified.json`` that still fits was made; empty without one.
    """

    name: str
    status: Status
    numbers: int
    faults: tuple[str, ...]
    regeneration: Regeneration | None = None
    reason: str = ""
    command: str = ""
    earlier: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "status": self.status,
            "numbers": self.numbers,
            "faults": list(self.faults),
            "regenerated": self.regeneration and self.regeneration.to_dict(),
            "not_regenerated": self.reason or None,
            "command": self.command or None,
            "verified_before": self.earlier or None,
        }


@dataclass(frozen=True, slots=True, eq=False)
class BoardVerdict:
    """What was found about some entries of a board.

    Attributes:
        benchmark: name of the board; of its folder where it cannot be read.
        faults: of what all its entries share, which makes every one of them wrong.
    """

    benchmark: str
    faults: tuple[str, ...]
    entries: tuple[EntryVerdict, ...]

    @property
    def is_wrong(self) -> bool:
        return bool(self.faults) or any(entry.status == "wrong" for entry in self.entries)

    def to_dict(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark,
            "faults": list(self.faults),
            "entries": [entry.to_dict() for entry in self.entries],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What was found about entries of several boards."""

    boards: tuple[BoardVerdict, ...]

    @property
    def is_wrong(self) -> bool:
        return any(board.is_wrong for board in self.boards)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench leaderboard verify --json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "tolerance": TOLERANCE,
            "is_wrong": self.is_wrong,
            "boards": [board.to_dict() for board in self.boards],
        }


def verify_board(board: Path, folders: Sequence[Path], again: Again) -> BoardVerdict:
    """Checks entries of a board, and what they share.

    Args:
        board: its folder.
        folders: of the entries.
        again: how pairs are made again.
    """
    try:
        basis = read_basis(board)
    except BenchError as error:
        lost = tuple(EntryVerdict(folder.name, "wrong", 0, ()) for folder in folders)
        return BoardVerdict(board.name, (str(error),), lost)
    regenerator = Regenerator(basis, again)
    faults = board_faults(basis, regenerator.benchmark) if regenerator.benchmark else []
    verdicts = []
    for folder in folders:
        verdict = verify_entry(
            folder,
            basis,
            regenerator,
            command=regenerator.command,
            device=again.device,
            is_wrong=bool(faults),
        )
        verdicts.append(verdict)
    return BoardVerdict(basis.benchmark, tuple(faults), tuple(verdicts))


def verify_entry(
    folder: Path,
    basis: Basis,
    make_again: Callable[[Entry], Regeneration],
    *,
    command: Callable[[Entry], str] = lambda entry: "",
    device: str = "cpu",
    is_wrong: bool = False,
) -> EntryVerdict:
    """Computes the numbers of an entry again, makes some of its pairs again, and notes what held.

    Writes ``verified.json`` where pairs came out as they are stored, removes it from an entry that
    is wrong, and leaves it where nothing could be made.

    Args:
        folder: of the entry.
        basis: of its board.
        make_again: makes pairs again; raises BenchError where that cannot be done here, and
            NotHere if it could with what ``command`` asks for.
        command: what to type for an entry to have the same done.
        device: that pairs were made on, for the record.
        is_wrong: whether the board is, and so all of its entries are.
    """
    hashes = hashes_of(folder)
    found = recompute(folder, basis)
    if found.entry is None:
        withdraw_verified(folder)
        return EntryVerdict(folder.name, "wrong", found.numbers, found.faults)
    typed = command(found.entry)
    made, reason, missing = None, "", False
    try:
        made = make_again(found.entry)
    except BenchError as error:
        reason, missing = str(error), isinstance(error, NotHere)
    faults = (*found.faults, *(made.faults if made else ()))
    if faults or is_wrong:
        withdraw_verified(folder)
        return EntryVerdict(folder.name, "wrong", found.numbers, faults, made, reason)
    if made is None:
        earlier = read_verified(folder) if is_verified(found.entry) else None
        status: Status = "claimed" if earlier is None else "verified"
        created = str(earlier.get("created", "")) if earlier else ""
        to_type = typed if missing else ""
        return EntryVerdict(folder.name, status, found.numbers, (), None, reason, to_type, created)
    values: Mapping[str, Any] = {
        "numbers": found.numbers,
        "tolerance": TOLERANCE,
        **made.to_dict(),
        "command": typed,
        **provenance(device),
    }
    try:
        write_verified(folder, hashes, values)
    except BenchError as error:
        reason = str(error)
    return EntryVerdict(folder.name, "verified", found.numbers, (), made, reason)
