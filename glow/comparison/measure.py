"""Timing that a busy machine disturbs little: processor time, in turns, the least of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final, Literal, Protocol, TypeVar

__all__ = [
    "DIRECTIONS",
    "LEAST_CALLS",
    "ContestantError",
    "Direction",
    "Runner",
    "Times",
    "in_turns",
]

Key = TypeVar("Key")

Direction = Literal["encode", "decode"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("encode", "decode")

LEAST_CALLS: Final = 2
"""Calls that are timed in each direction however long they take."""


class ContestantError(RuntimeError):
    """An implementation does not run here; the message says why."""


class Runner(Protocol):
    """Something that can be timed."""

    def call(self, direction: Direction) -> float:
        """Makes one call and returns the processor seconds that it took."""
        ...


@dataclass(slots=True)
class Times:
    """Processor seconds of the calls in each direction, or why there are none."""

    seconds: dict[Direction, list[float]] = field(
        default_factory=lambda: {direction: [] for direction in DIRECTIONS}
    )
    failure: str = ""

    def least(self, direction: Direction) -> float:
        return min(self.seconds[direction])

    def median(self, direction: Direction) -> float:
        return median(self.seconds[direction])

    @property
    def total(self) -> float:
        return sum(sum(seconds) for seconds in self.seconds.values())


def in_turns(
    runners: Mapping[Key, Runner],
    *,
    repeats: int,
    budget: float,
    advance: Callable[[int], None] = lambda _: None,
) -> dict[Key, Times]:
    """Times all in turns, so that a disturbance meets all of them and not one.

    Args:
        runners: by name; each has already made its first, slower calls.
        repeats: rounds, each with one call in each direction of each runner.
        budget: processor seconds after which a runner leaves, but not before it has made
            ``LEAST_CALLS`` in each direction.
        advance: told after each turn how many turns are done with.

    Returns:
        The times by name. One that fails keeps no times but the reason.
    """
    results = {name: Times() for name in runners}
    running = dict(runners)
    for turn in range(1, repeats + 1):
        for name, runner in list(running.items()):
            times = results[name]
            try:
                for direction in DIRECTIONS:
                    times.seconds[direction].append(runner.call(direction))
            except ContestantError as error:
                results[name] = Times(failure=str(error))
                del running[name]
                advance(repeats - turn + 1)
                continue
            leaves = times.total >= budget and turn >= LEAST_CALLS
            if leaves:
                del running[name]
            advance(repeats - turn + 1 if leaves else 1)
    return results
