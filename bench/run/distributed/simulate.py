"""How many workers pay: ``python -m bench.run.distributed.simulate``.

The real planner (``plan_chunks``, ``Bundles``) cuts a made-up benchmark, and a model says how long
each chunk takes. What is modelled stands in :class:`Model`; the dispatch is as the
client's: the scheduler knows two tasks for each worker, whoever is free takes the oldest, and
client and scheduler deal with one task after the other.

Efficiency is the time that one worker takes, divided by the time that N take, and by N.
"""

from __future__ import annotations

import argparse
import heapq
import inspect
import json
import math
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

import numpy as np

from bench.data.split import Pair
from bench.run.distributed.bundles import Bundles
from bench.run.distributed.client import OUTSTANDING
from bench.run.plan import Chunk, plan_chunks

__all__ = ["Model", "Outcome", "made_up_chunks", "main", "simulate"]

WORKERS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)

SAMPLES: Final = 12
"""Expressions of each person."""


@dataclass(frozen=True, slots=True)
class Model:
    """What is run, and how long everything takes.

    Attributes:
        images: to make.
        alphas: for each pair.
        people: of whom each is a target as often as the others, with sources drawn at random.
        references: images of a person's reference set.
        image_seconds: a GPU worker takes to make and measure an image; assumed.
        encode_seconds: it takes to encode an image; assumed.
        load_seconds: it takes to read an encoded image from its machine's cache; assumed.
        spread: standard deviation of the logarithm of a chunk's time, which is log-normal.
        unlike: the same of the speed of workers.
        start_seconds: until a worker has loaded everything; up to half as much again, evenly.
        write_seconds: until a part is stored: 15 ms of processor time and a round trip, measured
            here with 66 rows of 512 + 956 numbers, on disk and with an S3 server beside it.
        part_mb: of such a part, measured.
        storage_mb: that the storage takes in each second from all workers; assumed.
        task_seconds: of client and scheduler for a task, measured here with TLS.
        plan_seconds: of the client for a chunk before the first task, measured.
        read_seconds: of the client for a part at the end, to make the board, measured.
        machine: workers that share a machine, and its cache of encoded images.
        seed: of all that is drawn.
    """

    images: int = 10_000_000
    alphas: int = 11
    people: int = 5_000
    references: int = 20
    image_seconds: float = 0.02
    encode_seconds: float = 0.005
    load_seconds: float = 0.0002
    spread: float = 0.1
    unlike: float = 0.03
    start_seconds: float = 30.0
    write_seconds: float = 0.05
    part_mb: float = 0.57
    storage_mb: float = 1000.0
    task_seconds: float = 0.008
    plan_seconds: float = 0.00005
    read_seconds: float = 0.006
    machine: int = 8
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a number of workers does.

    Attributes:
        workers: how many.
        hours: from the first task to the last answer.
        efficiency: of that, beside one worker.
        command_efficiency: of the whole command, with the plan before and the board after it,
            which one process makes.
        starting, encoding, waiting, ending: shares of the workers' time that pass while they
            load, encode images that one worker alone would not have had to, wait for a task or
            for the storage, and wait for the last to end.
        scheduler: share of the time in which client and scheduler are busy.
        storage: share of the time in which the storage takes in parts.
        tasks: bundles that were cut.
        largest: chunks in the largest of them.
    """

    workers: int
    hours: float
    efficiency: float
    command_efficiency: float
    starting: float
    encoding: float
    waiting: float
    ending: float
    scheduler: float
    storage: float
    tasks: int
    largest: int


@dataclass(slots=True)
class _Run:
    """What was added up while a number of workers was simulated."""

    seconds: float = 0.0
    starting: float = 0.0
    encoding: float = 0.0
    waiting: float = 0.0
    ending: float = 0.0
    scheduler: float = 0.0
    storage: float = 0.0
    tasks: int = 0
    largest: int = 0


class _Caches:
    """What is encoded already, on each machine."""

    def __init__(self, model: Model, workers: int) -> None:
        self._model = model
        self._known: list[set[str]] = [set() for _ in range(-(-workers // model.machine))]

    def seconds(self, worker: int, chunk: Chunk) -> float:
        """What the encoded images of a chunk cost a worker."""
        model, known = self._model, self._known[worker // self._model.machine]
        wanted: dict[str, int] = {}
        for pair in chunk.pairs:
            wanted[pair.target] = wanted[pair.source] = model.references
            wanted[f"{pair.source}/{pair.sample}"] = 1
        cached = sum(images for key, images in wanted.items() if key in known)
        encoded = sum(wanted.values()) - cached
        known.update(wanted)
        return cached * model.load_seconds + encoded * model.encode_seconds


def made_up_chunks(model: Model) -> list[Chunk]:
    """The plan of a made-up part, by the real planner."""
    rng = np.random.default_rng(model.seed)
    count = math.ceil(model.images / model.alphas)
    people = [f"p{number:05d}" for number in range(model.people)]
    sources = rng.integers(model.people, size=count).tolist()
    samples = rng.integers(SAMPLES, size=count).tolist()
    pairs = [
        Pair("test", people[source], f"e{sample:02d}", people[number % model.people])
        for number, (source, sample) in enumerate(zip(sources, samples, strict=True))
    ]
    alphas = [round(number / max(1, model.alphas - 1), 6) for number in range(model.alphas)]
    return list(plan_chunks(pairs, alphas))


def simulate(
    model: Model, chunks: Sequence[Chunk], workers: Sequence[int] = WORKERS
) -> list[Outcome]:
    """What each number of workers would do.

    Args:
        model: how long everything takes.
        chunks: what there is to do.
        workers: how many; one is simulated in any case.
    """
    runs = {count: _Simulation(model, chunks, count).run() for count in {1, *workers}}
    beside = len(chunks) * (model.plan_seconds + model.read_seconds)
    return [_outcome(runs[count], runs[1], count, beside) for count in workers]


def _outcome(run: _Run, one: _Run, workers: int, beside: float) -> Outcome:
    spent = run.seconds * workers
    return Outcome(
        workers=workers,
        hours=run.seconds / 3600.0,
        efficiency=one.seconds / spent,
        command_efficiency=(one.seconds + beside) / ((run.seconds + beside) * workers),
        starting=run.starting / spent,
        encoding=max(0.0, run.encoding - one.encoding) / spent,
        waiting=run.waiting / spent,
        ending=run.ending / spent,
        scheduler=run.scheduler / run.seconds,
        storage=run.storage / run.seconds,
        tasks=run.tasks,
        largest=run.largest,
    )


class _Simulation:
    """Events in their order: a worker is free, an answer comes, a part is to be stored."""

    def __init__(self, model: Model, chunks: Sequence[Chunk], workers: int) -> None:
        self._model, self._workers = model, workers
        self._rng = np.random.default_rng(model.seed + workers)
        self._bundles = Bundles(chunks)
        self._noise = iter(np.exp(self._rng.normal(0.0, model.spread, len(chunks))).tolist())
        unlike = np.exp(self._rng.normal(0.0, model.unlike, workers))
        # Together they do as much as alike ones.
        self._speed = (unlike * (1.0 / unlike).mean()).tolist()
        self._caches = _Caches(model, workers)
        self._known: deque[tuple[Chunk, ...]] = deque()
        self._idle: deque[tuple[int, float]] = deque()
        self._outstanding = 0
        self._client_free = self._storage_free = 0.0
        self._chunk_seconds = self._measured = 0.0
        self._events: list[tuple[float, int, str, int, Any]] = []
        self._number = 0
        self._done = _Run()
        self._last = [0.0] * workers

    def run(self) -> _Run:
        model = self._model
        for worker in range(self._workers):
            start = model.start_seconds * (1.0 + 0.5 * float(self._rng.random()))
            self._done.starting += start
            self._last[worker] = start
            self._at(start, "free", worker)
        # What is known before anybody has answered: single chunks.
        self._submit(0.0)
        while self._events:
            now, _, what, worker, bundle = heapq.heappop(self._events)
            if what == "free":
                self._idle.append((worker, now))
            elif what == "known":
                self._known.append(bundle)
            elif what == "made":
                self._store(now, worker, bundle)
                continue
            else:
                self._outstanding -= 1
                self._submit(now)
            self._begin(now)
        done = self._done
        done.seconds = max(self._last)
        done.ending = sum(done.seconds - last for last in self._last)
        return done

    def _at(self, when: float, what: str, worker: int = 0, bundle: Any = None) -> None:
        self._number += 1
        heapq.heappush(self._events, (when, self._number, what, worker, bundle))

    def _submit(self, now: float) -> None:
        """The client cuts bundles for what the scheduler may know, one after the other."""
        while len(self._bundles) and self._outstanding < OUTSTANDING * self._workers:
            pace = self._chunk_seconds / self._measured if self._measured else None
            bundle = self._bundles.take(self._workers, pace)
            self._outstanding += 1
            self._done.tasks += 1
            self._done.largest = max(self._done.largest, len(bundle))
            self._client_free = max(self._client_free, now) + self._model.task_seconds
            self._done.scheduler += self._model.task_seconds
            self._at(self._client_free, "known", bundle=bundle)

    def _begin(self, now: float) -> None:
        while self._idle and self._known:
            worker, since = self._idle.popleft()
            self._done.waiting += now - since
            self._make(now, worker, self._known.popleft())

    def _make(self, now: float, worker: int, bundle: tuple[Chunk, ...]) -> None:
        """A worker makes the next chunk of its bundle."""
        encoding = self._caches.seconds(worker, bundle[0])
        made = len(bundle[0]) * self._model.image_seconds
        seconds = (made + encoding) * next(self._noise) * self._speed[worker]
        self._done.encoding += encoding
        self._chunk_seconds += seconds
        self._measured += 1
        self._at(now + seconds, "made", worker, bundle)

    def _store(self, now: float, worker: int, bundle: tuple[Chunk, ...]) -> None:
        """A part is stored; then comes the next chunk, or the answer."""
        taking = self._model.part_mb / self._model.storage_mb
        self._storage_free = max(self._storage_free, now) + taking
        self._done.storage += taking
        self._done.waiting += self._storage_free - taking - now
        stored = self._storage_free + self._model.write_seconds
        self._last[worker] = stored
        if len(bundle) > 1:
            self._make(stored, worker, bundle[1:])
        else:
            self._at(stored, "free", worker)
            self._at(stored, "answered", worker)


def _table(model: Model, outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield (
        f"{model.images:,} images, {model.alphas} alphas, {model.people:,} people; "
        f"{model.image_seconds:g} s an image, {model.encode_seconds:g} s to encode one"
    )
    yield ""
    titles = (
        "workers", "hours", "efficiency", "with the board", "starting", "encoding again",
        "waiting", "last to end", "scheduler busy", "storage busy", "tasks",
    )  # fmt: skip
    rows = [
        (
            f"{one.workers}", f"{one.hours:.2f}", f"{one.efficiency:.1%}",
            f"{one.command_efficiency:.1%}", f"{one.starting:.1%}", f"{one.encoding:.1%}",
            f"{one.waiting:.1%}", f"{one.ending:.1%}", f"{one.scheduler:.1%}",
            f"{one.storage:.1%}", f"{one.tasks:,}",
        )
        for one in outcomes
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for cells in (titles, *rows):
        yield "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    yield ""
    yield _verdict(outcomes)


def _verdict(outcomes: Sequence[Outcome]) -> str:
    """Up to how many workers it pays, and what is in the way of more."""
    paying = [one for one in outcomes if one.efficiency >= 0.9]
    most = max(outcomes, key=lambda one: one.workers)
    losses = {
        "starting the workers": most.starting,
        "encoding on each machine what one alone encodes once": most.encoding,
        "waiting for tasks and storage": most.waiting,
        "waiting for the last worker": most.ending,
    }
    cause = max(losses, key=lambda name: losses[name])
    upto = max((one.workers for one in paying), default=0)
    return (
        f"Making the images is at least 90% efficient up to {upto} workers; at {most.workers} "
        f"most is lost by {cause} ({losses[cause]:.1%}). The whole command, whose plan and board "
        f"are one process's, is {most.command_efficiency:.1%} efficient there."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.run.distributed.simulate",
        description="The efficiency to expect of 1 to 256 workers, by the real planner and a model "
        "of how long everything takes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    explained = _explained()
    for option in fields(Model):
        name, kind = option.name.replace("_", "-"), type(option.default)
        parser.add_argument(
            f"--{name}", type=kind, default=option.default, metavar="N", help=explained[option.name]
        )
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        default=list(WORKERS),
        metavar="N",
        help="how many are simulated",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = vars(parser.parse_args(arguments))
    numbers, as_json = given.pop("workers"), given.pop("json")
    wrong = [name for name, value in given.items() if value < (name in _AT_LEAST_ONE)]
    if wrong or min(numbers) < 1:
        parser.error(f"too small: --{(wrong or ['workers'])[0].replace('_', '-')}")
    model = replace(Model(), **given)
    outcomes = simulate(model, made_up_chunks(model), numbers)
    if as_json:
        print(json.dumps({"model": asdict(model), "outcomes": list(map(asdict, outcomes))}))
    else:
        print("\n".join(_table(model, outcomes)))
    return 0


def _explained() -> dict[str, str]:
    """What the attributes of the model are, by name."""
    text = inspect.cleandoc(Model.__doc__ or "").partition("Attributes:\n")[2]
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", text, flags=re.MULTILINE)
    return {name: " ".join(said.split()).replace("%", "%%") for name, said in entries}


_AT_LEAST_ONE: Final = ("images", "alphas", "people", "references", "machine")

if __name__ == "__main__":
    sys.exit(main())
