"""The plan of a run: which images are made, in chunks that are the same however they are made.

A chunk is what is made, measured and stored at once. Which rows it holds follows from the split,
the alphas and the limit alone: not from what is stored already, from how many processes work, or in
which order they come. So every way to the end stores the same files.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.data.split import Pair
from bench.run.parts import rows_digest

__all__ = ["CHUNK_IMAGES", "Chunk", "Key", "Row", "chunks_of", "key_of", "plan_chunks", "row_line"]

Row = tuple[Pair, float | None]
"""One image to make: a pair and alpha (None for methods without alpha)."""

Key = tuple[str, float | None]
"""A row of the table: the pair's key and alpha (None for methods without alpha)."""

CHUNK_IMAGES: Final = 64
"""Images between two writes, at least: what a killed run loses at most is less than two of it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of whole pairs: the alphas of a pair share its latents.

    Attributes:
        pairs: of one part.
        alphas: of each pair; (None,) for a method without alpha.
        stored: rows of these that are stored elsewhere already, and do not count.
    """

    pairs: tuple[Pair, ...]
    alphas: tuple[float | None, ...]
    stored: frozenset[Key] = frozenset()

    @property
    def rows(self) -> list[Row]:
        """The images to make, pair by pair."""
        every = ((pair, alpha) for pair in self.pairs for alpha in self.alphas)
        if not self.stored:
            return list(every)
        return [row for row in every if key_of(row) not in self.stored]

    @property
    def digest(self) -> str:
        """What the names of its files begin with."""
        if self.stored:
            return rows_digest(_line(pair, _text(alpha)) for pair, alpha in self.rows)
        alphas = [_text(alpha) for alpha in self.alphas]
        lines = (_line(pair, "") for pair in self.pairs)
        return rows_digest(line + alpha for line in lines for alpha in alphas)

    def __len__(self) -> int:
        return len(self.pairs) * len(self.alphas) - len(self.stored)

    def without(self, stored: Collection[Key]) -> Chunk:
        """The same without rows that are stored already."""
        if not stored:
            return self
        found = [key for row in self.rows if (key := key_of(row)) in stored]
        return replace(self, stored=self.stored | frozenset(found))


def plan_chunks(
    pairs: Sequence[Pair], alphas: Sequence[float | None], images: int = CHUNK_IMAGES
) -> Iterator[Chunk]:
    """The chunks of a part.

    Pairs of one target, and of one source among them, stand together: their images are encoded
    once for all.

    Args:
        pairs: of one part, in any order.
        alphas: of each.
        images: in a chunk, at least.
    """
    if not alphas:
        return
    ordered = sorted(pairs, key=lambda pair: (pair.target, pair.source, pair.sample))
    step = max(1, math.ceil(images / len(alphas)))
    for start in range(0, len(ordered), step):
        yield Chunk(tuple(ordered[start : start + step]), tuple(alphas))


def chunks_of(rows: Iterable[Row]) -> list[Chunk]:
    """Chunks of any rows of one part."""
    alphas: dict[Pair, list[float | None]] = {}
    for pair, alpha in rows:
        alphas.setdefault(pair, []).append(alpha)
    pairs: dict[tuple[float | None, ...], list[Pair]] = {}
    for pair, asked in alphas.items():
        pairs.setdefault(tuple(asked), []).append(pair)
    return [chunk for asked, group in pairs.items() for chunk in plan_chunks(group, asked)]


def key_of(row: Row) -> Key:
    """The key under which a row is stored."""
    pair, alpha = row
    return pair.key, None if alpha is None else round(alpha, 6)


def row_line(part: str, key: str, alpha: float | None) -> str:
    """A row's key as one line of text."""
    return f"{part}\t{key}\t{_text(alpha)}"


def _line(pair: Pair, alpha: str) -> str:
    return f"{pair.part}\t{pair.key}\t{alpha}"


def _text(alpha: float | None) -> str:
    return "" if alpha is None else f"{alpha:.6f}"
