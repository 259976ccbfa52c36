"""What ``bench leaderboard`` does, as functions: add runs, show a board, write its page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import BenchError
from bench.paths import leaderboards_folder
from bench.stderr import stderr_console
from bench.suggest import did_you_mean

if TYPE_CHECKING:
    from bench.analysis.board import Board
    from bench.analysis.statistics.comparisons import Explanation
    from bench.leaderboard.results import Added, BoardSummary
    from bench.run.store import StoredRun

__all__ = [
    "ShownBoard",
    "add_runs",
    "board_folder",
    "built_in_names",
    "explain_two",
    "list_boards",
    "show_board",
    "write_groups",
    "write_page",
]

LOCAL = "local"
"""What marks a run that is shown on a board and does not stand on it."""


@dataclass(frozen=True, slots=True)
class ShownBoard:
    """A board as it is shown.

    Attributes:
        board: the ranked table.
        status: by label, ``verified``, ``claimed`` or ``local``.
    """

    board: Board
    status: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench leaderboard show --json``: that of the board, and the status."""
        return {**self.board.to_dict(), "status": self.status}


def board_folder(benchmark: str | None, board: Path | None = None) -> Path:
    """Where a board is.

    Args:
        benchmark: its full name, or without its resolution where there is only one such board.
        board: the folder itself, where it is no published one.

    Raises:
        BenchError: there is no such board.
    """
    from bench.leaderboard.basis import BASIS_FILE

    if board is not None:
        return board
    known = sorted(path.parent.name for path in leaderboards_folder().glob(f"*/{BASIS_FILE}"))
    named = f"boards: {', '.join(known)}" if known else "bench leaderboard make makes one"
    if benchmark is None:
        raise BenchError("no board was named", hint=named)
    # The alias without a resolution stands for the only board of that dataset.
    matches = [name for name in known if benchmark in (name, name.rpartition("-")[0])]
    if len(matches) != 1:
        raise BenchError(
            f"there is no board called {benchmark!r}{did_you_mean(benchmark, known)}", hint=named
        )
    return leaderboards_folder() / matches[0]


def list_boards() -> list[BoardSummary]:
    """The published boards, by name.

    Raises:
        BenchError: an entry cannot be read.
    """
    from bench.leaderboard.results import summaries

    return summaries(leaderboards_folder())


def built_in_names() -> list[str]:
    """The methods that come with the package.

    Raises:
        BenchError: one of them cannot be loaded.
    """
    from bench.leaderboard.anchors import built_in_methods

    return [entry.name for entry in built_in_methods()]


def add_runs(folders: Sequence[Path], board: Path | None = None) -> list[Added]:
    """Adds stored runs to boards, and writes the boards' pages anew; all or none.

    The first run on a board makes it. Anchors that a board lacks are taken from beside the runs.

    Args:
        folders: of the runs.
        board: folder of the board; by default the published one of each run's benchmark.

    Raises:
        BenchError: a run is refused; the sentence says why.
    """
    from bench.leaderboard.publishing import publish_runs

    runs: dict[str, list[StoredRun]] = {}
    with stderr_console().status("checking runs") as status:
        for folder in dict.fromkeys(folders):
            run = _read_run(folder)
            runs.setdefault(str(run.info["benchmark"]), []).append(run)
        if board is not None and len(runs) > 1:
            raise BenchError(f"{board} cannot be the board of {' and of '.join(sorted(runs))}")
        added = []
        for benchmark, own in runs.items():
            status.update(f"adding to {benchmark}")
            place = board or leaderboards_folder() / benchmark
            added += publish_runs(own, place, published=board is None)
            write_page(benchmark, place)
    return added


def show_board(
    benchmark: str | None, board: Path | None = None, runs: Path | None = None
) -> ShownBoard:
    """A board, computed again from its stored scores.

    Args:
        benchmark: its name, with or without its resolution.
        board: its folder, where it is no published one.
        runs: a folder of runs; those of the board's benchmark stand on the table too, marked
            ``local``.

    Raises:
        BenchError: there is no such board, or an entry is damaged.
    """
    from bench.leaderboard.basis import read_basis
    from bench.leaderboard.contents import board_of, ranked_entries, statuses
    from bench.leaderboard.entry import list_entries
    from bench.leaderboard.local import local_entries

    folder = board_folder(benchmark, board)
    basis, entries = read_basis(folder), list_entries(folder)
    status, ranked = statuses(entries), ranked_entries(entries, basis)
    notes: list[str] = []
    if runs is not None:
        local, notes = local_entries(runs, entries, basis)
        ranked += local
    shown = board_of(ranked, basis)
    status |= {row.label: LOCAL for row in shown.rows if row.label not in status}
    return ShownBoard(replace(shown, notes=(*shown.notes, *notes)), status)


def explain_two(board: Board, first: str, second: str) -> Explanation:
    """Why two methods of a board share a tie group or do not.

    Args:
        board: the board.
        first, second: labels; one of them may be an anchor.

    Raises:
        BenchError: there is no such method, or both are anchors.
    """
    from bench.analysis.statistics.comparisons import explain

    labels = [row.label for row in board.rows]
    for label in (first, second):
        if label not in labels:
            raise BenchError(
                f"{label!r} is not on the board{did_you_mean(label, labels)}",
                hint=f"there: {', '.join(labels)}",
            )
    try:
        return explain(first, second, [*board.comparisons, *board.anchor_comparisons])
    except ValueError as error:
        raise BenchError(
            f"{first} and {second} were not compared: name two methods, or a method and an anchor"
        ) from error


def write_page(benchmark: str | None, board: Path | None = None) -> Path:
    """Writes README.md of a board anew.

    Raises:
        BenchError: there is no such board, or an entry is damaged.
    """
    from bench.report.markdown.board_page import PAGE_FILE, board_page
    from bench.run.files import write_atomically

    folder = board_folder(benchmark, board)
    write_atomically(folder / PAGE_FILE, board_page(folder).encode())
    return folder / PAGE_FILE


def write_groups(runs: Sequence[Path], data: Path | None = None, board: Path | None = None) -> None:
    """Writes what the methods of a board do on each group of people, and the page anew.

    Nothing is written where the dataset's card tells no groups.

    Args:
        runs: folders of the runs that its entries were made from, all of one benchmark.
        data: the user's copy of the dataset, which may hold the table of people.
        board: its folder; by default the published one.

    Raises:
        BenchError: the table of people is missing or malformed.
    """
    from bench.analysis.group_report import group_report
    from bench.analysis.people_groups import people_groups
    from bench.data.benchmark import card_of
    from bench.report.markdown.board_page import GROUPS_FILE, MADE_FROM
    from bench.run.files import write_atomically

    stored = [_read_run(folder) for folder in runs]
    benchmark = str(stored[0].info["benchmark"])
    card = card_of(benchmark)
    if not card.groups:
        return
    folder = board or leaderboards_folder() / benchmark
    report = group_report(
        stored,
        people_groups(card, data),
        benchmark=benchmark,
        sides=("target", "source"),
    )
    made_from = {run.label: run.info["identity"]["hash"] for run in stored}
    values = {**report.to_dict(), MADE_FROM: made_from}
    text = json.dumps(values, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomically(folder / GROUPS_FILE, text.encode())
    write_page(benchmark, folder)


def _read_run(folder: Path) -> StoredRun:
    from bench.run.store import RunFolder

    if not (folder / "run.json").is_file():
        raise BenchError(
            f"{folder} is not the folder of a run: it has no run.json",
            hint="such as runs/synthfaces-64/glow-arith-cf14d26b",
        )
    return RunFolder(folder).read()
