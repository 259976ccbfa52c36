"""What changed between two states of a board, for the terminal."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import number, printable

if TYPE_CHECKING:
    from bench.analysis.board import Estimate
    from bench.leaderboard.changes import BoardDifferences, Cause, Change, Differences

__all__ = ["print_differences", "reason"]

WORDS: Final[dict[Cause, str]] = {
    "new version of the method": "new version",
    "removed method": "removed",
}


def print_differences(differences: Differences, console: Console) -> None:
    """Prints for each board which ranks and scores changed, and why."""
    before, after = printable(differences.before), printable(differences.after)
    for board in differences.boards:
        _print_board(board, before, after, console)


def reason(change: Change, board: BoardDifferences) -> str:
    """Why a rank or a score of a board changed, in one sentence without its end."""
    if change.cause == "other methods":
        text = f"moved by {_movers(change, board)}"
        if change.difference is not None and change.score_before != change.score_after:
            text += f"; its own score by noise, {_difference(change.difference)}"
    elif change.cause == "noise":
        text = _noise(change, board)
    else:
        what = ", ".join(map(printable, change.what))
        text = WORDS.get(change.cause, change.cause) + (f": {what}" if what else "")
        if change.difference is not None:
            text += f"; {_difference(change.difference)}"
    if change.within_ties:
        text += "; inside one tie group, so not a change that the data support"
    return text


def _noise(change: Change, board: BoardDifferences) -> str:
    text = "noise: the same, measured again"
    if change.difference is not None:
        text += f", {_difference(change.difference)}, "
        text += "which is nothing" if change.is_nothing else "more than people alone explain"
    groups = change.tie_group_before, change.tie_group_after
    if None not in groups:
        kept = groups[0] == groups[1]
        text += f"; tie group {groups[0]}" + (" as before" if kept else f" -> {groups[1]}")
    if change.because_of:
        text += f"; changed places with {_movers(change, board)}"
    if change.difference is not None and not change.is_nothing:
        command = ["bench", "leaderboard", "verify", f"{board.benchmark}/{change.name}"]
        text += f"; {printable(shlex.join(command))}"
    return text


def _movers(change: Change, board: BoardDifferences) -> str:
    causes = {other.label: other.cause for other in board.changes}
    named = [(label, causes.get(label)) for label in change.because_of]
    return ", ".join(printable(label) + (f" ({cause})" if cause else "") for label, cause in named)


def _difference(difference: Estimate) -> str:
    """``+0.12 [0.08, 0.28]``: two figures, so that noise between two machines shows."""
    ends = f" [{difference.low:.2g}, {difference.high:.2g}]"
    return f"{difference.value:+.2g}" + ("" if math.isnan(difference.low) else ends)


def _print_board(board: BoardDifferences, before: str, after: str, console: Console) -> None:
    benchmark = printable(board.benchmark)
    if not board.changes:
        print_sentence(
            console,
            f"{benchmark}: no rank and no score changed from {before} to {after} "
            f"({board.unchanged} methods).",
        )
        return
    table = titled_table(f"{benchmark}, {before} -> {after}", gap=2)
    table.add_column("#", no_wrap=True, min_width=2)
    table.add_column("method", overflow="fold", min_width=min(17, console.width // 3))
    table.add_column("score", no_wrap=True)
    table.add_column("why", overflow="fold")
    for change in board.changes:
        name = Text(printable(change.label) + (" *" if change.is_anchor else ""))
        cells = [Text(_ranks(change)), name, Text(_scores(change))]
        cells.append(Text(reason(change, board)))
        table.add_row(*cells, style="dim" if change.is_anchor else None)
    console.print(table)
    kept = f"{board.unchanged} others kept rank and score. " if board.unchanged else ""
    print_sentence(console, f"{kept}* anchor: a reference, without a rank.")
    console.print()


def _ranks(change: Change) -> str:
    if change.rank_before == change.rank_after:
        return "-" if change.rank_after is None else str(change.rank_after)
    ranks = ("-" if rank is None else str(rank) for rank in (change.rank_before, change.rank_after))
    return " -> ".join(ranks)


def _scores(change: Change) -> str:
    there = (score for score in (change.score_before, change.score_after) if score is not None)
    return " -> ".join(dict.fromkeys(number(score, 3) for score in there)) or number(None)
