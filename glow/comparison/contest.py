"""One cell: implementations alive at once, timed in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from glow.comparison.cells import OURS, OURS_ADDITIVE, Cell, Contestant, NetworkPrecision, Task
from glow.comparison.measure import ContestantError, in_turns
from glow.comparison.process import Worker
from glow.comparison.random_weights import save_random
from glow.comparison.rows import Row, failed_row, measured_row, with_ratios
from glow.config import GlowConfig

__all__ = ["Contest", "contestants"]


def contestants(
    peers: Sequence[str], precisions: Sequence[NetworkPrecision], *, compiled: bool
) -> list[Contestant]:
    """Ours and every peer, in every precision, peers also compiled."""
    variants = [False, True] if compiled else [False]
    return [
        contestant
        for precision in precisions
        for contestant in (
            Contestant(OURS, precision),
            Contestant(OURS_ADDITIVE, precision),
            *(Contestant(peer, precision, variant) for peer in peers for variant in variants),
        )
    ]


@dataclass(frozen=True, slots=True)
class Contest:
    """How cells are measured.

    Attributes:
        contestants: what is compared.
        repeats: timed calls in each direction.
        budget: processor seconds of one contestant in one cell, after which it makes no more
            calls than it must.
        peak_gflops: of the machine, by precision.
        weights: folder for the random weights of ours.
    """

    contestants: Sequence[Contestant]
    repeats: int
    budget: float
    peak_gflops: Mapping[str, float]
    weights: Path

    @property
    def turns(self) -> int:
        """Turns that a cell takes, for a progress bar."""
        return len(self.contestants) * (1 + self.repeats)

    def run(self, cell: Cell, advance: Callable[[int], None] = lambda _: None) -> list[Row]:
        """The rows of a cell, in the order of the contestants; a failure is a row with a note.

        Each contestant lives in a process of its own, so that its memory can be measured, and
        the end of one is not the end of all. Those of one precision live and take turns
        together; all at once would not fit into the memory of a small machine.
        """
        rows: dict[Contestant, Row] = {}
        for precision in dict.fromkeys(one.precision for one in self.contestants):
            together = [one for one in self.contestants if one.precision == precision]
            rows |= self._run_together(together, cell, advance)
        peers = {one.implementation for one in self.contestants if not one.is_ours}
        return with_ratios([rows[one] for one in self.contestants], peers)

    def _run_together(
        self, together: Sequence[Contestant], cell: Cell, advance: Callable[[int], None]
    ) -> dict[Contestant, Row]:
        rows: dict[Contestant, Row] = {}
        workers: dict[Contestant, Worker] = {}
        with ExitStack() as stack:
            for one in together:
                try:
                    worker = Worker(Task(one, cell, self._weights_of(one, cell)))
                    workers[one] = stack.enter_context(worker)
                except ContestantError as error:
                    rows[one] = failed_row(one, cell, str(error))
                    advance(self.repeats)
                advance(1)
            times = in_turns(workers, repeats=self.repeats, budget=self.budget, advance=advance)
        for one, worker in workers.items():
            rows[one] = measured_row(one, cell, worker.ready, times[one], self.peak_gflops)
        return rows

    def _weights_of(self, contestant: Contestant, cell: Cell) -> str:
        if not contestant.is_ours:
            return ""
        config: GlowConfig = cell.config_of(contestant)
        path = self.weights / f"{config.image_size}-{config.coupling}.safetensors"
        return str(path if path.is_file() else save_random(config, path))
