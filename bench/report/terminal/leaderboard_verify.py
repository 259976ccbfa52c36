"""Whether entries of a board hold, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import percent, printable

if TYPE_CHECKING:
    from bench.leaderboard.verdict import BoardVerdict, EntryVerdict, Verdicts

__all__ = ["print_verdicts"]

STYLES = {"verified": "green", "claimed": "yellow", "wrong": "bold red"}


def print_verdicts(verdicts: Verdicts, console: Console) -> None:
    """Prints what was computed and made again, all that is wrong, and what to type."""
    from bench.analysis.tolerance import TOLERANCE

    for board in verdicts.boards:
        table = titled_table(printable(board.benchmark))
        table.add_column("entry", overflow="fold", min_width=min(17, console.width // 3))
        for heading in ("numbers", "pairs made again", "difference"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("status", no_wrap=True)
        for entry in board.entries:
            cells = [printable(entry.name), str(entry.numbers), _made(entry), _largest(entry)]
            status = Text(entry.status, style=STYLES[entry.status])
            table.add_row(*map(Text, cells), status)
        console.print(table)
        console.print()
        _print_faults(board, console)
        _print_reasons(board, console)
    print_sentence(
        console,
        "numbers: of entry.json, computed again from the stored scores. Pairs are made again with "
        "the method and the instruments that are here. difference: the largest from the stored "
        f"terms, as a share of their size; up to {percent(TOLERANCE)} counts as none.",
    )


def _print_faults(board: BoardVerdict, console: Console) -> None:
    named = [("the board", fault) for fault in board.faults]
    named += [(entry.name, fault) for entry in board.entries for fault in entry.faults]
    for name, fault in named:
        print_sentence(console, f"wrong: {printable(name)}: {printable(fault)}")
    if named:
        console.print()


def _print_reasons(board: BoardVerdict, console: Console) -> None:
    """Why nothing was made again, once for all entries that share the reason."""
    reasons: dict[str, list[EntryVerdict]] = {}
    for entry in board.entries:
        if entry.reason and entry.status != "wrong":
            reasons.setdefault(entry.reason, []).append(entry)
    for reason, entries in reasons.items():
        print_sentence(console, _consequence(entries, reason))
        if command := entries[0].command:
            line = f"  {printable(command)}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    if reasons:
        console.print()


def _consequence(entries: Sequence[EntryVerdict], reason: str) -> str:
    names = ", ".join(printable(entry.name) for entry in entries)
    if all(entry.regeneration is not None for entry in entries):
        return f"{names}: verified, but not written down: {printable(reason)}."
    before = [entry for entry in entries if entry.earlier]
    told = f"no pair was made again: {printable(reason)}."
    if len(before) == len(entries):
        dates = ", ".join(sorted({printable(entry.earlier) for entry in before}))
        return f"{names}: verified before ({dates}), and unchanged since; now {told}"
    return f"{names}: the numbers follow from the scores, which stay claimed: {told}"


def _made(entry: EntryVerdict) -> str:
    made = entry.regeneration
    if made is None:
        return "-"
    dev = f", {len(made.dev_pairs)} dev" if made.dev_pairs else ""
    return f"{len(made.test_pairs)} test{dev}"


def _largest(entry: EntryVerdict) -> str:
    made = entry.regeneration
    if made is None:
        return "-"
    return f"{max(made.largest.values(), default=0.0):.1e}"
