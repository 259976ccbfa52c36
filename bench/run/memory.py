"""``--max-memory``: as many images at once, and as much remembered, as a command may take."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from bench.errors import BenchError
from bench.remembered import DEFAULT_BYTES, Memory
from glow.comparison.memory import peak_mib, resident_mib

__all__ = ["MemoryLimit"]

Item = TypeVar("Item")

REMEMBERED_SHARE: Final = 0.25
"""Of what is left once everything is loaded; the rest is for the work itself."""

LEAST_MIB: Final = 32.0
"""That must be left for the work once everything is loaded."""

GROWTH: Final = 2
"""How many times as many images may be tried next."""

_FORGET_PEAK: Final = Path("/proc/self/clear_refs")


class MemoryLimit:
    """Keeps a process below a limit by making fewer images at once, and says where it cannot.

    It begins with one image and goes on with more as long as what was measured leaves room for
    them. What decides is the process's resident memory, which the system tells; an accelerator's
    own memory does not count.

    Args:
        mib: the limit of this process.
        memory: what the process remembers, which is made to fit.

    Attributes:
        images: that are made at once.
        peak_mib: the most that the work took.
    """

    def __init__(self, mib: float, memory: Memory) -> None:
        self._limit, self._memory = mib, memory
        self.images = 1
        self.peak_mib = 0.0
        self._each = 0.0

    def begin(self) -> None:
        """To be called once method and instruments are loaded.

        Raises:
            BenchError: they leave no room.
        """
        loaded, peak = resident_mib(), peak_mib()
        left = self._limit - loaded + self._memory.bytes / 2**20
        if left < LEAST_MIB or peak > self._limit:
            taken = max(loaded, peak)
            raise BenchError(
                f"--max-memory {self._limit:.0f}: this process takes {taken:.0f} MiB before the "
                "first image, with the method and the instruments loaded",
                hint=f"--max-memory {taken + 4 * LEAST_MIB:.0f} or more for each worker",
            )
        _forget_peak()
        self._memory.resize(min(DEFAULT_BYTES, int(left * REMEMBERED_SHARE * 2**20)))

    def groups(self, items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        """The items in groups; memory is looked at when the next group is asked for.

        Raises:
            BenchError: one at a time takes too much.
        """
        start = 0
        while start < len(items):
            _give_back()
            before = resident_mib()
            # Something else may have grown since the last.
            while self.images > 1 and before + self.images * self._each > self._limit:
                self.images //= GROWTH
            group = items[start : start + self.images]
            _forget_peak()
            yield group
            self._adapt(len(group), before, peak_mib())
            start += len(group)

    def _adapt(self, images: int, before: float, peak: float) -> None:
        self.peak_mib = max(self.peak_mib, peak)
        self._each = max(0.0, peak - before) / images
        if peak > self._limit and self.images == 1:
            raise BenchError(
                f"--max-memory {self._limit:.0f}: one image at a time takes {peak:.0f} MiB",
                hint=f"--max-memory {1.25 * peak:.0f} or more for each worker",
            )
        if peak > self._limit:
            self.images //= GROWTH
        elif images == self.images and peak + (GROWTH - 1) * (peak - before) <= self._limit:
            self.images *= GROWTH


def _give_back() -> None:
    """Has the C library give back what is free, which else counts until it is used (glibc)."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _forget_peak() -> None:
    """Has the system note the largest memory from now on, where it can (Linux)."""
    if sys.platform == "linux":
        with suppress(OSError):
            _FORGET_PEAK.write_text("5")
