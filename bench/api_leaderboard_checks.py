"""What ``bench leaderboard verify`` and ``bench leaderboard diff`` do, as functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bench.errors import BenchError
from bench.leaderboard.basis import BASIS_FILE
from bench.paths import leaderboards_folder
from bench.stderr import stderr_console
from bench.suggest import did_you_mean

if TYPE_CHECKING:
    from bench.leaderboard.changes import Differences
    from bench.leaderboard.verdict import Verdicts

__all__ = ["all_entries", "diff", "find_entries", "verify"]


def all_entries(board: Path | None = None) -> list[Path]:
    """The folders of all entries of a board, or of all published boards, by name.

    Raises:
        BenchError: there is none.
    """
    place, pattern = (leaderboards_folder(), "*/*") if board is None else (board, "*")
    found = sorted(path.parent for path in place.glob(f"{pattern}/entry.json"))
    if not found:
        raise BenchError(f"no entry in {place}", hint="bench leaderboard add RUN")
    return found


def find_entries(name: str, board: Path | None = None) -> list[Path]:
    """The folder of an entry, or those of all entries of a board.

    Args:
        name: BENCHMARK/NAME of a published board, NAME of ``board``, or the folder itself; or the
            BENCHMARK of a published board.
        board: the folder of a board that is no published one.

    Raises:
        BenchError: there is no such entry.
    """
    for folder in ((board or leaderboards_folder()) / name, Path(name)):
        if (folder / "entry.json").is_file():
            return [folder]
        if (folder / BASIS_FILE).is_file():
            return all_entries(folder)
    entries = all_entries(board)
    known = [f"{path.parent.name}/{path.name}" if board is None else path.name for path in entries]
    raise BenchError(
        f"no entry {name!r}{did_you_mean(name, known)}", hint=f"there are: {', '.join(known)}"
    )


def verify(
    entries: Iterable[Path],
    *,
    data: Callable[[str], Path | None] = lambda benchmark: None,
    pairs: int = 8,
    seed: int = 0,
    device: str = "cpu",
    trust: bool = False,
) -> Verdicts:
    """Computes the numbers of entries again, and makes some of their pairs again where possible.

    The pages of the boards are written anew: they tell which entries are verified.

    Args:
        entries: their folders, of any boards.
        data: the user's copy of the dataset of a benchmark, by the benchmark's name.
        pairs: how many test pairs to make again.
        seed: of their choice.
        device: torch device.
        trust: whether parameters of the entries may name programs and files.

    Raises:
        BenchError: the device cannot be used.
    """
    from bench.leaderboard.regenerator import Again
    from bench.leaderboard.verdict import Verdicts, verify_board
    from bench.run.session import check_device

    check_device(device)
    again = Again(data, pairs, seed, device, trust)
    boards: dict[Path, list[Path]] = {}
    for folder in dict.fromkeys(path.resolve() for path in entries):
        boards.setdefault(folder.parent, []).append(folder)
    verdicts = []
    for board, folders in boards.items():
        verdicts.append(verify_board(board, folders, again))
        _renew_page(board)
    return Verdicts(tuple(verdicts))


def diff(before: str, after: str | None = None, benchmark: str | None = None) -> Differences:
    """What changed on the boards between two states, and why.

    Args:
        before: a folder of boards, the folder of a board, or a revision of the checkout that holds
            the published boards.
        after: the same; None for the published boards as they are.
        benchmark: only this board, by its full name or without its resolution.

    Raises:
        BenchError: one of the states has no such board, or a file of it is damaged.
    """
    from bench.leaderboard.changes import Differences
    from bench.leaderboard.differences import compare_boards
    from bench.leaderboard.revisions import boards_at
    from bench.leaderboard.states import board_state

    published = leaderboards_folder()
    states, only = [], benchmark
    with stderr_console().status("reading boards"):
        for source in (before, after or str(published)):
            with boards_at(source, published) as folders:
                found = {state.basis.benchmark: state for state in map(board_state, folders)}
                if folders == [Path(source)]:
                    only = only or next(iter(found))
            states.append(found)
        known = sorted({name for state in states for name in state})
        wanted = [name for name in known if only in (None, name, name.rpartition("-")[0])]
        if not wanted:
            raise BenchError(
                f"there is no board called {only!r}{did_you_mean(str(only), known)}",
                hint=f"boards: {', '.join(known)}",
            )
        compared = []
        for name in wanted:
            there = next(state[name] for state in states if name in state)
            compared.append(compare_boards(*(s.get(name) or there.emptied() for s in states)))
    return Differences(before, after or "now", tuple(compared))


def _renew_page(board: Path) -> None:
    """Writes the page of a board anew, if it has one and its entries can be ranked."""
    from bench.report.markdown.board_page import PAGE_FILE, board_page
    from bench.run.files import write_atomically

    if not (board / PAGE_FILE).is_file():
        return
    # An entry that cannot be read has been told of, and an installed board cannot be written.
    with suppress(BenchError), stderr_console().status("writing the page of the board"):
        write_atomically(board / PAGE_FILE, board_page(board).encode())
