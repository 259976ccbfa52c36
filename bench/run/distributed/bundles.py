"""Which chunks a worker takes at once."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Final

from bench.run.plan import Chunk

__all__ = ["BUNDLE_SECONDS", "Bundles"]

BUNDLE_SECONDS: Final = 20.0
"""How long a bundle should last: long beside what the scheduler does for it (milliseconds) and
beside encoding a target's images anew, short beside a run."""

LARGEST: Final = 256
"""Chunks in a bundle at most."""

SHARES: Final = 3
"""What is left is cut into this many bundles for each worker at least, so that at the end nobody
waits long for the last."""


class Bundles:
    """Cuts what is left of a plan into bundles: larger ones first, smaller ones towards the end.

    Neighbours in a plan share a target, often a source too, whose images a worker then encodes
    once. What is cut how decides only who makes a chunk, never what is stored.

    Args:
        chunks: in the order of the plan.
    """

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._left = deque(chunks)

    def __len__(self) -> int:
        """How many chunks are left."""
        return len(self._left)

    def put_back(self, chunks: Iterable[Chunk]) -> None:
        """These come next."""
        self._left.extendleft(reversed(list(chunks)))

    def take(self, workers: int, chunk_seconds: float | None) -> tuple[Chunk, ...]:
        """The next bundle; empty if nothing is left.

        Args:
            workers: how many there are.
            chunk_seconds: what a chunk takes; None while nobody knows, which makes single chunks.
        """
        size = self._size(max(1, workers), chunk_seconds)
        taken: list[Chunk] = []
        while self._left and len(taken) < size:
            # A new target is better begun by the next bundle than split between two.
            if len(taken) >= size / 2 and _target(self._left[0]) != _target(taken[-1]):
                break
            taken.append(self._left.popleft())
        return tuple(taken)

    def _size(self, workers: int, chunk_seconds: float | None) -> int:
        if chunk_seconds is None:
            return 1
        share = math.ceil(len(self._left) / (SHARES * workers))
        lasting = round(BUNDLE_SECONDS / max(chunk_seconds, 1e-6))
        return max(1, min(share, lasting, LARGEST))


def _target(chunk: Chunk) -> str:
    """Whose images its last pair needs."""
    return chunk.pairs[-1].target
