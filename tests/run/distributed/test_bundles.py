"""What is cut into bundles is every chunk, once."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench.data.split import Pair
from bench.run.distributed.bundles import BUNDLE_SECONDS, LARGEST, Bundles
from bench.run.distributed.versions import code_versions, differences
from bench.run.plan import Chunk, plan_chunks

PAIRS = [
    Pair("test", f"s{source:03d}", f"e{sample}", f"t{target:02d}")
    for target in range(20)
    for source in range(30)
    for sample in range(2)
]
CHUNKS = list(plan_chunks(PAIRS, (0.0, 0.5, 1.0)))


def cut(workers: int, seconds: float | None) -> list[tuple[Chunk, ...]]:
    bundles = Bundles(CHUNKS)
    found = []
    while bundle := bundles.take(workers, seconds):
        found.append(bundle)
    assert len(bundles) == 0
    return found


@pytest.mark.parametrize("workers", [0, 1, 3, 16, 1000])
@pytest.mark.parametrize("seconds", [None, 0.0, 0.01, 1.0, 7.0, 1e6])
def test_every_chunk_comes_once_and_in_order(workers: int, seconds: float | None) -> None:
    bundles = cut(workers, seconds)
    assert [chunk for bundle in bundles for chunk in bundle] == CHUNKS
    assert max(map(len, bundles)) <= LARGEST


def test_a_bundle_lasts_about_as_long_as_it_should() -> None:
    first = cut(1, BUNDLE_SECONDS / 4)[0]
    assert 2 <= len(first) <= 4
    assert all(len(bundle) == 1 for bundle in cut(1, 10 * BUNDLE_SECONDS))
    assert all(len(bundle) == 1 for bundle in cut(1, None))


def test_bundles_become_smaller_so_that_all_workers_end_together() -> None:
    sizes = [len(bundle) for bundle in cut(2, 0.1)]
    assert sizes[0] >= 5
    assert sizes[-4:] == [1, 1, 1, 1]


def test_a_bundle_rather_ends_with_its_target() -> None:
    bundles = cut(2, 1.0)
    split = sum(
        before[-1].pairs[-1].target == after[0].pairs[-1].target
        for before, after in pairwise(bundles)
    )
    # Cut anywhere, nearly all would split the images of one target between two workers.
    plain = [CHUNKS[start : start + 3] for start in range(0, len(CHUNKS), 3)]
    split_plain = sum(
        before[-1].pairs[-1].target == after[0].pairs[-1].target
        for before, after in pairwise(plain)
    )
    assert split / len(bundles) < split_plain / len(plain)


def test_what_is_put_back_comes_next() -> None:
    bundles = Bundles(CHUNKS)
    first = bundles.take(1, 1.0)
    bundles.put_back(first)
    assert len(bundles) == len(CHUNKS)
    assert bundles.take(1, None) == first[:1]


def test_differences_are_named() -> None:
    here = {"seed": 0, "fingerprint": {"weights": "a" * 64}, "only": 1}
    there = {"seed": 0, "fingerprint": {"weights": "b" * 64}}
    assert differences(here, there) == [
        "fingerprint.weights is aaaaaaaaaaaa... here and bbbbbbbbbbbb... there",
        "only is 1 here and absent there",
    ]
    assert differences(here, here) == []


def test_versions_hold_the_code() -> None:
    versions = code_versions()
    assert len(versions["code of bench"]) == 64
    assert versions.keys() >= {"Python", "torch", "numpy", "pyarrow"}
    assert all("+" not in version for version in versions.values())
