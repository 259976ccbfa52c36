"""What the harness costs beside what it measures, as ratios; the claims are in docs/performance.md.

    pytest tests/benchmarks/test_run.py --benchmark-enable -rP

measures and asserts them; without the option each is run once, small, for its result alone. Two
ways are measured in turns, in one process and with one thread. Processor time counts all threads,
so those ratios hold on a busy machine too; ratios of elapsed time ask for a quiet one.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench import api
from bench.methods.glow_latents import GlowLatents
from bench.plugins.registry import load_method
from bench.run.comparison import compare_with_truth
from bench.run.execute import Runner
from bench.run.plan import Chunk
from bench.run.session import Session

ROOT = Path(__file__).resolve().parents[2]

ALPHAS = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4)
"""Without 0: outputs that are alike are measured once by the harness."""

ROUNDS = 5


@dataclass
class Turns:
    """Two ways in turns.

    Attributes:
        seconds, processor: of each, by name.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    processor: dict[str, list[float]] = field(default_factory=dict)

    def take(self, name: str, work: Callable[[], object]) -> None:
        started, before = time.perf_counter(), time.process_time()
        work()
        self.seconds.setdefault(name, []).append(time.perf_counter() - started)
        self.processor.setdefault(name, []).append(time.process_time() - before)

    def ratio(self, of: dict[str, list[float]], one: str, other: str) -> float:
        """The median of the ratios of each turn."""
        return statistics.median(a / b for a, b in zip(of[one], of[other], strict=True))

    def tell(self, title: str, one: str, other: str) -> tuple[float, float]:
        """Prints both ratios, of processor time and of elapsed time, and gives them."""
        processor = self.ratio(self.processor, one, other)
        elapsed = self.ratio(self.seconds, one, other)
        print(
            f"{title}: {one} / {other}: processor time {processor:.3f}, elapsed time {elapsed:.3f} "
            f"({len(self.seconds[one])} turns of {statistics.median(self.seconds[other]):.1f} s)"
        )
        return processor, elapsed


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def opened(
    method: str, out: Path, limit: int, *, cache: bool = False
) -> tuple[Runner, list[Chunk], api.Settings]:
    """A method that has made nothing yet, on the drawn faces that come with the package."""
    settings = api.Settings(out=out, limit=limit, alphas=ALPHAS, cache=cache)
    session = api.open_session(settings.load_benchmark(), settings)
    runner = api.make_runner(session, load_method(method), settings)
    runner.pictures.thumbnails_at(ALPHAS[4])
    return runner, runner.missing("test", ALPHAS, limit), settings


def bare(session: Session, method: Any, chunks: list[Chunk]) -> None:
    """Reads, makes and evaluates the same images in the same batches, and keeps nothing."""
    instruments = session.instruments

    def evaluate(images: Any) -> None:
        instruments.au_estimator.estimate(images)
        instruments.embedder.embed(images)
        instruments.niqe.score(images)

    identities = session.benchmark.split.identities("test")
    samples = [sample for one in identities for sample in session.dataset.samples(one)]
    for start in range(0, len(samples), 256):
        group = samples[start : start + 256]
        evaluate(np.stack([session.dataset.pixels(sample) for sample in group]))
    for chunk in chunks:
        images = method.transfer(session.requests(chunk.rows))
        if images.dtype != np.uint8:
            images = np.round(np.clip(images, 0.0, 1.0) * 255.0).astype(np.uint8)
        evaluate(images)
        pairs = [pair for pair, _ in chunk.rows]
        compare_with_truth(session, list(zip(pairs, images, strict=True)))


@pytest.mark.parametrize("method", ["glow-arith", "pixel-arith"])
@pytest.mark.slow
def test_harness(benchmark: Any, method: str, tmp_path: Path) -> None:
    """``bench run``, which also plans, checks, hashes, compresses and stores, against a bare loop.

    The pictures that a report shows are stored, too; the reconstructions among them, which are
    further images of the method and no part of the bare loop, are left out.
    """
    limit = 200 if benchmark.enabled else 4
    turns, made = Turns(), []

    def prepare() -> tuple[tuple[Runner, list[Chunk]], dict[str, Any]]:
        place = tmp_path / str(len(made))
        runner, chunks, _ = opened(method, place / "bare", limit)
        turns.take("the bare loop", lambda: bare(runner.session, runner.method, chunks))
        runner, chunks, _ = opened(method, place / "run", limit)
        runner.pictures.reconstruct = lambda pairs: None  # type: ignore[method-assign]
        made.append(runner)
        return (runner, chunks), {}

    def run(runner: Runner, chunks: list[Chunk]) -> None:
        turns.take("bench run", lambda: runner.run("test", chunks))

    benchmark.pedantic(run, setup=prepare, rounds=ROUNDS)
    stored = made[-1].folder.read()
    assert len(stored.scores) == limit * len(ALPHAS)
    processor, elapsed = turns.tell(method, "bench run", "the bare loop")
    benchmark.extra_info["ratios"] = {"processor": processor, "elapsed": elapsed}
    if benchmark.enabled:
        assert elapsed <= 1.05
        # Beside a method that costs next to nothing, the pictures of the report are felt.
        assert processor <= (1.15 if method == "pixel-arith" else 1.05)


@pytest.mark.slow
def test_second_run(benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same run again, into another folder: no image is encoded."""
    limit = 200 if benchmark.enabled else 4
    turns, encoded, calls = Turns(), GlowLatents._encode, [0]

    def counting(self: GlowLatents, faces: Any) -> Any:
        calls[0] += len(faces)
        return encoded(self, faces)

    counting.__wrapped__ = encoded  # type: ignore[attr-defined]
    monkeypatch.setattr(GlowLatents, "_encode", counting)
    counts: dict[str, int] = {}
    places = iter(range(1000))

    def run(name: str, folder: Path) -> None:
        before = calls[0]
        runner, chunks, _ = opened("glow-arith", folder / name, limit, cache=True)
        turns.take(name, lambda: runner.run("test", chunks))
        assert runner.session.cache is not None
        runner.session.cache.flush()
        counts[name] = calls[0] - before

    def first() -> tuple[tuple[str, Path], dict[str, Any]]:
        folder = tmp_path / str(next(places))
        monkeypatch.setenv("BENCH_CACHE", str(folder / "cache"))
        run("the first run", folder)
        return ("the second run", folder), {}

    benchmark.pedantic(run, setup=first, rounds=ROUNDS)
    turns.tell(f"glow-arith, {counts}", "the second run", "the first run")
    assert counts["the first run"] > 0
    assert counts["the second run"] == 0


@pytest.mark.slow
def test_overlap(benchmark: Any, tmp_path: Path) -> None:
    """Chunks that are read, made, measured and stored side by side, or one after the other."""
    limit = 200 if benchmark.enabled else 4
    turns, places = Turns(), iter(range(1000))

    def run(name: str) -> None:
        runner, chunks, _ = opened("glow-arith", tmp_path / str(next(places)), limit)
        if name == "one by one":
            runner.at_once = 0
        turns.take(name, lambda: runner.run("test", chunks))

    def before() -> None:
        run("one by one")

    benchmark.pedantic(run, args=("side by side",), setup=before, rounds=ROUNDS)
    turns.tell("glow-arith", "side by side", "one by one")
    assert {len(times) for times in turns.seconds.values()} == {len(turns.seconds["one by one"])}


def in_its_own_process(verb: str, folder: Path, pairs: int) -> dict[str, float]:
    words = [sys.executable, "-m", "tests.benchmarks.many_pairs", verb, str(folder), str(pairs)]
    done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_memory(benchmark: Any, tmp_path: Path) -> None:
    """Peak memory with a thousand pairs and with a hundred thousand, of the same images."""
    pairs = (1_000, 100_000) if benchmark.enabled else (10, 30)
    few = in_its_own_process("make", tmp_path / "few", pairs[0])
    many = benchmark.pedantic(
        in_its_own_process, args=("make", tmp_path / "many", pairs[1]), rounds=1
    )
    assert (few["rows"], many["rows"]) == pairs
    growth = many["made_mib"] - few["made_mib"]
    print(
        f"peak memory at {pairs[0]:,} pairs {few['made_mib']:.0f} MiB, at {pairs[1]:,} "
        f"{many['made_mib']:.0f}: {growth * 2**20 / (pairs[1] - pairs[0]):.0f} bytes for each "
        "further pair; "
        f"with the table read back {few['read_mib']:.0f} and {many['read_mib']:.0f}"
    )
    # The list of pairs must be somewhere; their images, latents and rows must not.
    if benchmark.enabled:
        assert growth < 0.15 * few["made_mib"]


@pytest.mark.slow
def test_resuming(benchmark: Any, tmp_path: Path) -> None:
    """A finished run of a million rows: until it is known that nothing is missing.

    The first look comes when the files have just been written, and may find them on disk alone; the
    limit is for files that the system has in memory.
    """
    pairs = 100_000 if benchmark.enabled else 30
    filled = in_its_own_process("fill", tmp_path, pairs)
    assert filled["rows"] == 10 * pairs
    looks: list[dict[str, float]] = []

    def look() -> None:
        looks.append(in_its_own_process("resume", tmp_path, pairs))

    benchmark.pedantic(look, rounds=4)
    seconds = [one["seconds"] for one in looks]
    told = looks[-1]
    print(
        f"{filled['rows']:,.0f} rows in {filled['files']:.0f} files: nothing is missing after "
        f"{', '.join(f'{one:.1f}' for one in seconds)} s (the last: "
        f"{told['processor_seconds']:.1f} s of processor time, of which "
        f"{told['opening_processor_seconds']:.1f} s for opening dataset, instruments and method); "
        f"reading them takes {told['reading_processor_seconds']:.1f} s more of it and "
        f"{told['read_mib'] - told['looked_mib']:.0f} MiB"
    )
    if benchmark.enabled:
        assert statistics.median(seconds[1:]) < 5.0
        return
    broken = next(tmp_path.rglob("part-*.parquet"))
    broken.write_bytes(broken.read_bytes()[:-1])
    with pytest.raises(subprocess.CalledProcessError):
        look()
