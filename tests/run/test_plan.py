"""The plan: the same chunks however they come to be made."""

from __future__ import annotations

import itertools
import random

import pytest

from bench.data.split import Pair
from bench.run.plan import Chunk, chunks_of, key_of, plan_chunks

PAIRS = [
    Pair("test", f"s{source}", sample, f"t{target}")
    for source in range(7)
    for sample in ("happy", "sad")
    for target in range(5)
]
ALPHAS = (0.0, 0.25, 1 / 3, 1.0)


def rows_of(chunks: list[Chunk]) -> list[object]:
    return [row for chunk in chunks for row in chunk.rows]


def test_every_row_is_in_one_chunk() -> None:
    rows = rows_of(list(plan_chunks(PAIRS, ALPHAS)))
    assert len(rows) == len(set(rows)) == len(PAIRS) * len(ALPHAS)


@pytest.mark.parametrize("alphas", [ALPHAS, (None,), tuple(range(100))])
def test_chunks_hold_whole_pairs_and_enough_images(alphas: tuple[float | None, ...]) -> None:
    chunks = list(plan_chunks(PAIRS, alphas, images=16))
    for chunk in chunks[:-1]:
        assert 16 <= len(chunk) == len(chunk.pairs) * len(alphas) < 16 + len(alphas)
    assert sum(map(len, chunks)) == len(PAIRS) * len(alphas)


def test_the_order_of_the_pairs_does_not_matter() -> None:
    mixed = random.Random(0).sample(PAIRS, len(PAIRS))
    assert list(plan_chunks(mixed, ALPHAS)) == list(plan_chunks(PAIRS, ALPHAS))


def test_pairs_of_a_target_stand_together() -> None:
    targets = [pair.target for chunk in plan_chunks(PAIRS, ALPHAS) for pair in chunk.pairs]
    changes = sum(a != b for a, b in itertools.pairwise(targets))
    assert changes == len(set(targets)) - 1


def test_a_digest_stands_for_the_rows_and_for_nothing_else() -> None:
    chunks = list(plan_chunks(PAIRS, ALPHAS))
    assert len({chunk.digest for chunk in chunks}) == len(chunks)
    first = chunks[0]
    again = chunks_of(first.rows)
    assert [chunk.digest for chunk in again] == [first.digest]
    # Alphas that are stored as the same number are the same row.
    near = Chunk(first.pairs, tuple(alpha + 1e-9 for alpha in ALPHAS))
    assert near.digest == first.digest
    assert Chunk(first.pairs, ALPHAS[:-1]).digest != first.digest
    assert Chunk(first.pairs, (None,)).digest != Chunk(first.pairs, (0.0,)).digest


def test_rows_that_are_stored_elsewhere_are_left_out() -> None:
    chunk = next(plan_chunks(PAIRS, ALPHAS))
    stored = {key_of(row) for row in chunk.rows[::3]} | {("another/pair>t", 0.5)}
    rest = chunk.without(stored)
    assert rest.rows == [row for row in chunk.rows if key_of(row) not in stored]
    assert len(rest) == len(rest.rows)
    assert rest.digest == chunks_digest(rest) != chunk.digest
    assert chunk.without(set()) is chunk
    everything = {key_of(row) for row in chunk.rows}
    assert len(rest.without(everything)) == 0


def chunks_digest(chunk: Chunk) -> str:
    """The digest of the same rows, told one by one."""
    from bench.run.parts import rows_digest
    from bench.run.plan import row_line

    return rows_digest(row_line(pair.part, *key_of((pair, alpha))) for pair, alpha in chunk.rows)


def test_chunks_of_uneven_rows() -> None:
    rows = [(PAIRS[0], 0.0), (PAIRS[1], 0.0), (PAIRS[1], 1.0), (PAIRS[2], 0.0)]
    chunks = chunks_of(rows)
    assert sorted(map(str, rows_of(chunks))) == sorted(map(str, rows))
    assert chunks_of([]) == []
