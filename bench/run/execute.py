"""Runs a method over the pairs of a part, chunk by chunk, and stores what the instruments read."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.data.dataset import Sample
from bench.data.split import Pair, Part
from bench.plugins.contracts import TransferRequest
from bench.plugins.registry import MethodEntry
from bench.run.comparison import compare_with_truth
from bench.run.description import describe
from bench.run.gallery import Keeper
from bench.run.identity import identity_hash, identity_parts
from bench.run.instruments import Features
from bench.run.lock import locked
from bench.run.memory import MemoryLimit
from bench.run.outputs import Output, call_method
from bench.run.pipeline import AT_ONCE, staged
from bench.run.plan import Chunk, Row, key_of, plan_chunks
from bench.run.preparation import prepare_method
from bench.run.session import Session
from bench.run.store import RunFolder
from bench.run.timings import Timings
from bench.run.waiting import ImagesWait, Waiting
from glow.comparison.memory import peak_mib

__all__ = ["Runner"]

REAL_PIXELS: Final = 256 * 64**2
"""Of real images that are read and measured at once."""


TIMED_EVERY: Final = 8
TIMED_FIRST: Final = 4
"""Chunks that are made with nothing beside, so that the method's own speed is known: one of eight,
and not the first, for which more faces than usual must be encoded."""


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """The outputs of a chunk's rows, the seconds that the method took, and whether alone."""

    rows: Sequence[Row]
    outputs: Sequence[Output]
    seconds: float
    is_alone: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """What was made, and its rows as they are stored."""

    made: _Made
    stored: list[dict[str, Any]]
    timings: Timings


class Runner:
    """One method, prepared, with its run folder.

    Args:
        session: dataset and instruments.
        entry: the method.
        parameters: its parameters as text.
        out: the folder of runs.
        device: torch device.
        seed: of everything random.
        command: what the user typed, for the provenance.
        keep_images: store every output, not only those that the report shows.
        store: opens the run's folder; a worker of a cluster leaves run.json to others.
        max_memory: MiB that this process may take; None for as many as it likes.

    Attributes:
        at_once: chunks that may be measured or stored while the method makes another one.

    Raises:
        BenchError: the method cannot be prepared, or the run folder cannot be used.
    """

    def __init__(
        self,
        session: Session,
        entry: MethodEntry,
        parameters: Mapping[str, str],
        *,
        out: Path,
        device: str = "cpu",
        seed: int = 0,
        command: str = "",
        keep_images: bool = False,
        store: Callable[[Path], RunFolder] = RunFolder,
        max_memory: float | None = None,
    ) -> None:
        self.session, self.entry, self.seed = session, entry, seed
        self.method, fingerprint = prepare_method(session, entry, parameters, device, seed)
        cards = session.instruments.cards()
        parts = identity_parts(session.benchmark, entry, parameters, fingerprint, cards, seed)
        self.identity = parts
        name = f"{entry.name}-{identity_hash(parts)}"
        self.folder = store(out / session.benchmark.name / name)
        if not self.folder.info:
            with locked(self.folder.folder):
                self.folder.write_info(
                    describe(session, self.method, entry, parts, cards, command, device)
                )
        self.pictures = Keeper(session, self.method, self.folder, keep_all=keep_images)
        self.at_once = AT_ONCE
        # The method and the instruments take different amounts for an image.
        self._limits: tuple[MemoryLimit, MemoryLimit] | None = None
        if max_memory is not None:
            # With little memory, one chunk after the other.
            self.at_once = 0
            making, measuring = (MemoryLimit(max_memory, session.memory) for _ in range(2))
            making.begin()
            self._limits = making, measuring

    def refining(self) -> Runner:
        """The same method, storing its rows apart from those of the grid."""
        other = copy(self)
        other.folder = self.folder.refined()
        return other

    def missing(
        self,
        part: Part,
        alphas: Sequence[float],
        limit: int | None,
        keys: Collection[str] | None = None,
    ) -> list[Chunk]:
        """What is not stored yet.

        Args:
            part: which.
            alphas: the grid; a method without alpha makes one image for each pair.
            limit: only the first pairs of the benchmark's fixed order; None for all.
            keys: of the pairs that are wanted; None for all.
        """
        return self.folder.missing(self._planned(part, alphas, limit, keys))

    def without_picture(
        self, part: Part, alphas: Sequence[float], limit: int | None
    ) -> list[list[Row]]:
        """The stored rows whose picture is wanted and not there: once fewer were kept."""
        wanted = [
            [
                (pair, alpha)
                for pair in chunk.pairs
                if self.pictures.may_keep(pair)
                for alpha in chunk.alphas
                if self.pictures.is_missing(pair, alpha)
            ]
            for chunk in self._planned(part, alphas, limit)
        ]
        if not any(wanted):
            return []
        made = self.folder.stored_keys(part, with_image=True)
        stored = ([row for row in rows if key_of(row) in made] for rows in wanted)
        return [rows for rows in stored if rows]

    def draw(self, chunks: Sequence[Sequence[Row]], advance: Callable[[int], None]) -> None:
        """Makes rows that are stored already once more, for their pictures alone."""
        for rows in chunks:
            made = self._make(rows, self.session.requests(rows))
            for (pair, alpha), output in zip(rows, made.outputs, strict=True):
                if output.pixels is not None:
                    self.pictures.keep(pair, alpha, output.pixels, output.outcome)
            advance(len(rows))

    def _planned(
        self,
        part: Part,
        alphas: Sequence[float],
        limit: int | None,
        keys: Collection[str] | None = None,
    ) -> Iterator[Chunk]:
        grid: Sequence[float | None] = alphas if self.method.card.has_alpha else [None]
        # Their order, which takes a hash of each, decides nothing here but which come first.
        benchmark = self.session.benchmark
        pairs = benchmark.split.part(part) if limit is None else benchmark.pairs(part, limit)
        return plan_chunks([p for p in pairs if keys is None or p.key in keys], grid)

    def run(
        self,
        part: Part,
        chunks: Iterable[Chunk],
        advance: Callable[[int], None] = lambda images: None,
    ) -> None:
        """Makes, measures and stores chunks.

        The method works in this thread; the images of the next chunk are read beside it, and those
        before are measured and stored, one after the other and in their order.

        Args:
            part: of the chunks.
            chunks: what to make.
            advance: hears of the images of each chunk when it is stored, in another thread.

        Raises:
            ImagesWait: after all rows, if some wait for an instrument on another machine.
        """
        waiting = Waiting()

        @contextmanager
        def advancing(rows: Sequence[Row]) -> Iterator[None]:
            """Goes past rows whose images wait."""
            try:
                yield
            except ImagesWait:
                advance(len(rows))
                raise

        def settle(handed_on: Iterable[tuple[_Made, Future[None]]]) -> None:
            for made, stored in handed_on:
                with waiting.postponed(), advancing(made.rows):
                    stored.result()

        with waiting.postponed():
            self._measure_references(part)
        with staged(lambda chunk: self.session.requests(chunk.rows)) as stages:
            try:
                for place, (chunk, requests) in enumerate(stages.read_ahead(chunks)):
                    if place % TIMED_EVERY == TIMED_FIRST:
                        settle(stages.settled(0))
                    is_alone = place > 0 and stages.are_settled
                    with waiting.postponed(), advancing(chunk.rows):
                        made = self._make(chunk.rows, requests, is_alone=is_alone)
                        stages.hand_on(made, self._measure, partial(self._store, advance))
                    settle(stages.settled(self.at_once))
            except Exception:
                # What failed before it is told first, as if one chunk came after the other.
                settle(stages.settled(0))
                raise
            settle(stages.settled(0))
        waiting.settle()

    @property
    def is_finished(self) -> bool:
        """Whether run.json has the timings of all rows: it is written after the last of them."""
        return bool(self.folder.info.get("timings") == self._timings())

    def finish(self) -> None:
        """Writes the run's timings into run.json."""
        if not self.is_finished:
            info = {k: v for k, v in self.folder.info.items() if k != "schema_version"}
            self.folder.write_info({**info, "timings": self._timings()})

    def _timings(self) -> dict[str, float]:
        timings = self.folder.timings()
        return {name: round(getattr(timings, name), 3) for name in timings.__slots__}

    def _make(
        self, rows: Sequence[Row], requests: Sequence[TransferRequest], *, is_alone: bool = False
    ) -> _Made:
        """The method's part; nothing else may use the method meanwhile."""
        started = time.perf_counter()
        side, outputs = self.session.benchmark.resolution, list[Output]()
        for group in [requests] if self._limits is None else self._limits[0].groups(requests):
            outputs += call_method(self.method, group, side, self.seed)
        seconds = time.perf_counter() - started
        shown = [pair for (pair, _), o in zip(rows, outputs, strict=True) if o.pixels is not None]
        for pairs in [shown] if self._limits is None else self._limits[0].groups(shown):
            self.pictures.reconstruct(pairs)
        return _Made(rows, outputs, seconds, is_alone)

    def _measure(self, made: _Made) -> _Measured:
        """The instruments' part."""
        started = time.perf_counter()
        images = [
            (pair, output.pixels)
            for (pair, _), output in zip(made.rows, made.outputs, strict=True)
            if output.pixels is not None
        ]
        measured, likenesses = list[Features](), list[Mapping[str, Any]]()
        waiting = Waiting()
        for group in [images] if self._limits is None else self._limits[1].groups(images):
            if group:
                with waiting.postponed():
                    measured += self.session.instruments.measure([image for _, image in group])
                    likenesses += compare_with_truth(self.session, group)
        waiting.settle()
        features, compared = iter(measured), iter(likenesses)
        seconds = time.perf_counter() - started
        stored = []
        for (pair, alpha), output in zip(made.rows, made.outputs, strict=True):
            read = next(features) if output.pixels is not None else None
            likeness = next(compared) if output.pixels is not None else {}
            stored.append({**self._row(pair, alpha, output, read), **likeness})
        peak = max([peak_mib(), *(limit.peak_mib for limit in self._limits or ())])
        timings = Timings(len(stored), made.seconds, seconds, peak)
        if made.is_alone:
            timings = replace(timings, alone_images=len(stored), alone_seconds=made.seconds)
        return _Measured(made, stored, timings)

    def _store(self, advance: Callable[[int], None], measured: _Measured) -> None:
        """Pictures first: rows that are there are never made again."""
        rows = zip(measured.made.rows, measured.made.outputs, measured.stored, strict=True)
        for (pair, alpha), output, row in rows:
            if output.pixels is not None:
                self.pictures.keep(pair, alpha, output.pixels, row["outcome"])
        units = self.session.instruments.action_units
        self.folder.write_rows(measured.stored, units, measured.timings)
        advance(len(measured.stored))

    def _row(
        self, pair: Pair, alpha: float | None, output: Output, read: Features | None
    ) -> dict[str, Any]:
        outcome = output.outcome if read is None else read.outcome
        return {
            "part": pair.part,
            "source": pair.source,
            "sample": pair.sample,
            "target": pair.target,
            "kind": pair.kind,
            "alpha": alpha,
            "outcome": outcome,
            "detail": output.detail,
            **(self._feature_values(read) if read else {}),
        }

    def _feature_values(self, read: Features) -> dict[str, Any]:
        names = self.session.instruments.action_units
        values = read.action_units if read.outcome == "ok" else [None] * len(names)
        found = read.landmarks if read.outcome == "ok" else None
        return {
            "niqe": read.niqe,
            "embedding": read.embedding.tolist(),
            **({} if found is None else {"landmarks": found.ravel().tolist()}),
            **{
                name: None if value is None else float(value)
                for name, value in zip(names, values, strict=True)
            },
        }

    def _measure_references(self, part: Part) -> None:
        """Stores the features of the real images of a part, once."""
        if self.folder.has_references(part):
            return
        identities = self.session.benchmark.split.identities(part)
        samples = [s for i in identities for s in self.session.dataset.samples(i)]
        waiting, features = Waiting(), []
        at_once = max(1, REAL_PIXELS // self.session.benchmark.resolution**2)
        groups: Iterable[Sequence[Sample]] = (
            samples[start : start + at_once] for start in range(0, len(samples), at_once)
        )
        for group in groups if self._limits is None else self._limits[1].groups(samples):
            images = [self.session.dataset.pixels(sample) for sample in group]
            with waiting.postponed():
                features += self.session.instruments.measure(images, real=True)
        waiting.settle()
        neutral = {self.session.neutral(identity).key for identity in identities}
        labels = self.session.labels
        rows = [
            {
                "identity": sample.identity,
                "sample": sample.name,
                "expression": sample.expression,
                "part": part,
                "is_reference": sample.is_reference,
                "is_neutral": (sample.identity, sample.name) in neutral,
                "outcome": read.outcome,
                **self._feature_values(read),
                **(labels.columns(sample) if labels else {}),
            }
            for sample, read in zip(samples, features, strict=True)
        ]
        self.folder.write_references(part, rows, self.session.instruments.action_units)
