"""Boards, what was added to one, and who stands behind its rows, for the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bench.paths import leaderboards_folder
from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import number, printable

if TYPE_CHECKING:
    from bench.leaderboard.results import Added, BoardSummary

__all__ = ["print_added", "print_boards", "print_status"]

_STATUS = {
    "verified": "Verified (pairs were regenerated and came out alike)",
    "claimed": "Claimed (nobody regenerated pairs yet: bench leaderboard verify)",
    "local": "Local (runs here, not on the board)",
}


def print_status(status: Mapping[str, str], console: Console) -> None:
    """Prints who stands behind each row of a board.

    Args:
        status: by label, ``verified``, ``claimed`` or ``local``.
        console: where to.
    """
    for state, meaning in _STATUS.items():
        if labels := [printable(label) for label, found in status.items() if found == state]:
            print_sentence(console, f"{meaning}: {', '.join(labels)}.")


def print_boards(boards: Sequence[BoardSummary], console: Console) -> None:
    """Prints the list of boards."""
    if not boards:
        print_sentence(console, "There is no board yet. Make one: bench leaderboard make")
        return
    table = titled_table("Boards")
    table.add_column("benchmark", overflow="fold")
    for heading in ("methods", "anchors", "verified"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("best", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    for board in boards:
        entries = board.contestants + board.anchors
        counts = (str(board.contestants), str(board.anchors), f"{board.verified} of {entries}")
        best = "" if board.best is None else printable(board.best)
        score = number(board.transfer_score, 3)
        table.add_row(*map(Text, (printable(board.benchmark), *counts, best, score)))
    console.print(table)
    console.print()
    print_sentence(console, f"bench leaderboard show {printable(boards[0].benchmark)}")


def print_added(added: Sequence[Added], console: Console) -> None:
    """Prints what was written, and what to type next."""
    for one in added:
        what = "replaced" if one.replaced else "added"
        why = "" if one.asked else ", an anchor that the board lacked"
        _print_line(
            console, f"{what} {printable(one.label)}: {one.folder} ({_size(one.size)}{why})"
        )
    for benchmark, folder in {one.benchmark: one.folder.parent for one in added}.items():
        words = ["bench", "leaderboard", "show", benchmark]
        if folder != leaderboards_folder() / benchmark:
            words += ["--board", str(folder)]
        _print_line(console, f"Next: {shlex.join(words)}")


def _print_line(console: Console, text: str) -> None:
    """A line that is never broken, so that it can be copied."""
    console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


def _size(size: int) -> str:
    return f"{size / 1000:.0f} kB"
