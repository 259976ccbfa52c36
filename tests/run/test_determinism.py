"""The same seed gives the same bytes: whatever the batch size, the workers, the order, the threads.

PyTorch does not promise the same for other numbers of threads. It is tested because the workers of
one machine share its threads, so that each has fewer than one process alone.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import api
from bench.data.split import Part
from bench.methods import glow_latents
from bench.run import execute
from bench.run.execute import Runner
from bench.run.instruments import Instruments
from bench.run.outputs import Output, call_method
from bench.run.plan import Chunk
from tests.fingerprints import fingerprints

METHODS = ("glow-arith", "pca-arith", "pixel-arith")
ALPHAS = (0.0, 0.5, 1.0)
PAIRS = 44
"""Two chunks of each method."""

PAIRS_FOR_TWO = 88
"""Four chunks of each method: with fewer no second worker is asked."""


def tables(out: Path) -> dict[str, str]:
    """SHA-256 of all tables of all runs, rows and real images."""
    found = fingerprints(out.rglob("*.parquet"), out)
    assert sum("/scores/" in name for name in found) >= 2 * len(METHODS) + len(api.ANCHORS)
    return found


def run_here(out: Path, methods: Sequence[str] = METHODS, *, cache: bool = False) -> dict[str, str]:
    settings = api.Settings(out=out, limit=PAIRS, alphas=ALPHAS, cache=cache)
    api.run(methods, settings, alpha=0.5)
    return tables(out)


def run_there(out: Path, *more: str, threads: int, pairs: int, seed: int = 0) -> dict[str, str]:
    """In a process of its own."""
    words = ["run", *METHODS, "--out", str(out), "--limit", str(pairs), "--alpha", "0.5"]
    words += ["--alphas", ",".join(map(str, ALPHAS)), "--no-cache", "--seed", str(seed), *more]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words],
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return tables(out)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return run_here(tmp_path_factory.mktemp("usual"))


def in_groups(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 7])
def test_in_batches_of_another_size_the_tables_are_the_same(
    usual: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    calls: list[int] = []

    def call(method: Any, requests: Sequence[Any], side: int, seed: int) -> list[Output]:
        groups = list(in_groups(requests, size))
        calls.extend(map(len, groups))
        return [output for group in groups for output in call_method(method, group, side, seed)]

    measure = Instruments.measure

    def measured(self: Instruments, images: Sequence[Any], **options: Any) -> list[Any]:
        return [row for group in in_groups(images, size) for row in measure(self, group, **options)]

    # A batch of each of the three: what a method is asked for, what it decodes, what is measured.
    monkeypatch.setattr(execute, "call_method", call)
    monkeypatch.setitem(glow_latents.BATCH, "cpu", max(1, size - 2))
    monkeypatch.setattr(Instruments, "measure", measured)
    assert run_here(tmp_path) == usual
    assert max(calls) == size


@pytest.mark.slow
def test_in_another_order_of_methods_and_chunks_the_tables_are_the_same(
    usual: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: Callable[..., None] = Runner.run
    moved: list[bool] = []

    def shuffled(self: Runner, part: Part, chunks: Iterable[Chunk], *more: Any) -> None:
        planned = list(chunks)
        mixed = (
            planned[::-1] if len(planned) < 3 else random.Random(0).sample(planned, len(planned))
        )
        moved.append(mixed != planned)
        run(self, part, mixed, *more)

    monkeypatch.setattr(Runner, "run", shuffled)
    assert run_here(tmp_path, METHODS[::-1]) == usual
    assert sum(moved) >= len(METHODS)


@pytest.mark.slow
def test_out_of_the_cache_the_tables_are_the_same(
    usual: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    for name in ("it is filled", "it is read"):
        assert run_here(tmp_path / name, cache=True) == usual
        assert any(path.is_file() for path in (tmp_path / "cache").rglob("*"))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_with_another_number_of_threads_the_tables_are_the_same(
    usual: dict[str, str], tmp_path: Path, threads: int
) -> None:
    assert run_there(tmp_path, threads=threads, pairs=PAIRS) == usual


@pytest.mark.slow
def test_of_two_workers_the_tables_are_those_of_one(tmp_path: Path) -> None:
    one = run_there(tmp_path / "one", threads=2, pairs=PAIRS_FOR_TWO)
    two = run_there(tmp_path / "two", "--workers", "2", threads=2, pairs=PAIRS_FOR_TWO)
    assert one == two


@pytest.mark.slow
def test_another_seed_is_another_run(usual: dict[str, str], tmp_path: Path) -> None:
    other = run_there(tmp_path, threads=1, pairs=PAIRS, seed=1)
    folders = [{Path(name).parts[1] for name in found} for found in (usual, other)]
    assert folders[0].isdisjoint(folders[1])
    # None of these methods draws anything: the rows are the same.
    assert {Path(name).name for name in other} == {Path(name).name for name in usual}
