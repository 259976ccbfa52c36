"""Who makes the chunks of a run: this process, or others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from bench.data.split import Part
from bench.run.plan import Chunk, Row

if TYPE_CHECKING:
    from bench.run.execute import Runner

__all__ = ["Executor", "Serial"]


class Executor(Protocol):
    """Makes, measures and stores what is missing of a run; every one stores the same files."""

    def run(
        self, runner: Runner, part: Part, chunks: Sequence[Chunk], advance: Callable[[int], None]
    ) -> None:
        """As :meth:`bench.run.execute.Runner.run`."""

    def draw(
        self, runner: Runner, chunks: Sequence[Sequence[Row]], advance: Callable[[int], None]
    ) -> None:
        """As :meth:`bench.run.execute.Runner.draw`."""


class Serial:
    """This process, chunk by chunk."""

    def run(
        self, runner: Runner, part: Part, chunks: Sequence[Chunk], advance: Callable[[int], None]
    ) -> None:
        runner.run(part, chunks, advance)

    def draw(
        self, runner: Runner, chunks: Sequence[Sequence[Row]], advance: Callable[[int], None]
    ) -> None:
        runner.draw(chunks, advance)
