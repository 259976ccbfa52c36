"""What there is here to make pairs of a board again: its benchmark, data and instruments."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench.data.benchmark import Benchmark, load_benchmark
from bench.errors import BenchError
from bench.leaderboard.basis import Basis
from bench.leaderboard.entry import Entry
from bench.leaderboard.regeneration import Regeneration, regenerate, rows_to_make
from bench.leaderboard.trust import plain_name
from bench.run.progress import progress_bar
from bench.run.session import Session

__all__ = ["Again", "NotHere", "Regenerator"]


class NotHere(BenchError):
    """The benchmark of a board, its images or its instruments are not on this machine."""


@dataclass(frozen=True, slots=True)
class Again:
    """How pairs are made again.

    Attributes:
        data: the user's copy of the dataset of a benchmark, by the benchmark's name; not asked for
            where the images come with the package.
        pairs: how many test pairs.
        seed: of their choice.
        device: torch device.
        trust: whether parameters of entries may name programs and files.
    """

    data: Callable[[str], Path | None] = lambda benchmark: None
    pairs: int = 8
    seed: int = 0
    device: str = "cpu"
    trust: bool = False


class Regenerator:
    """Makes pairs of the entries of a board again; data and instruments are opened once.

    Attributes:
        benchmark: the board's as it is installed, with the instruments that the board names; None
            if it is not.
    """

    def __init__(self, basis: Basis, again: Again) -> None:
        self._basis, self._again = basis, again
        self._session: Session | None = None
        self._missing: NotHere | None = None
        self.benchmark: Benchmark | None = None
        try:
            self.benchmark = _installed(basis)
        except BenchError as error:
            self._missing = NotHere(error.message, hint=error.hint)

    def __call__(self, entry: Entry) -> Regeneration:
        """Makes pairs of an entry again, with a progress bar.

        Raises:
            NotHere: benchmark, images or instruments are missing.
            BenchError: the method is, or one of them is another than the entry was made with.
        """
        rows = rows_to_make(entry, self._again.pairs, self._again.seed)
        session = self._opened()
        with progress_bar(f"{entry.name} again", sum(map(len, rows.values()))) as advance:
            return regenerate(
                session,
                entry,
                self._basis,
                rows,
                device=self._again.device,
                trust=self._again.trust,
                advance=advance,
            )

    def command(self, entry: Entry) -> str:
        """What to type to make the same pairs of an entry again; ``DIR`` stands for the data."""
        words = ["bench", "leaderboard", "verify", f"{self._basis.benchmark}/{entry.name}"]
        ships = self.benchmark is not None and self.benchmark.card.ships_images
        words += [] if ships else ["--data", "DIR"]
        default, chosen = Again(), self._again
        for option in ("pairs", "seed", "device"):
            if getattr(chosen, option) != getattr(default, option):
                words += [f"--{option}", str(getattr(chosen, option))]
        words += ["--trust"] if chosen.trust else []
        return shlex.join(words)

    def _opened(self) -> Session:
        if self._session is None and self._missing is None and self.benchmark is not None:
            card = self.benchmark.card
            try:
                given = None if card.ships_images else self._again.data(self.benchmark.name)
                data = card.data_folder(given)
                with Console(stderr=True).status("reading images, loading instruments"):
                    self._session = Session(self.benchmark, data)
            except BenchError as error:
                self._missing = NotHere(error.message, hint=error.hint)
        if self._session is None:
            raise self._missing or NotHere("the benchmark is not here")
        return self._session


def _installed(basis: Basis) -> Benchmark:
    try:
        cards = basis.measured_with["instruments"]
        embedder, au_estimator = (
            plain_name(cards[k]["name"]) for k in ("embedder", "au_estimator")
        )
    except (KeyError, TypeError) as error:
        raise BenchError("the board does not name its instruments") from error
    return load_benchmark(
        basis.benchmark,
        embedder=embedder,
        au_estimator=au_estimator,
        source_aus=basis.measured_with.get("source_aus"),
    )
