"""What to do while an instrument on another machine has yet to measure images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import BenchError

__all__ = ["ImagesWait", "Waiting"]


class ImagesWait(BenchError):
    """Images lie ready for an instrument that does not run here."""


class Waiting:
    """Lets work go on past images that wait, so that the user measures all of them at once."""

    def __init__(self) -> None:
        self._last: BenchError | None = None

    @contextmanager
    def postponed(self, *others: type[BenchError]) -> Iterator[None]:
        """What is inside is given up where images wait; what follows is not.

        Args:
            others: errors for which the same holds.
        """
        postponed: tuple[type[BenchError], ...] = (ImagesWait, *others)
        try:
            yield
        except postponed as error:
            self._last = error

    def settle(self) -> None:
        """Raises the last that was postponed, which counts the images of all before it."""
        if self._last is not None:
            raise self._last
