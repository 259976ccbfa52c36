"""Runs a method over the pairs of a part, chunk by chunk, and stores what the instruments read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from bench.data.split import Pair, Part
from bench.plugins.registry import MethodEntry
from bench.run.comparison import compare_with_truth
from bench.run.gallery import Keeper
from bench.run.identity import identity_hash, identity_parts
from bench.run.instruments import Features
from bench.run.outputs import Output, call_method
from bench.run.preparation import prepare_method
from bench.run.provenance import provenance
from bench.run.session import Session
from bench.run.store import Key, RunFolder, Timings
from bench.run.waiting import Waiting
from glow.comparison.memory import peak_mib

__all__ = ["Runner"]

Row = tuple[Pair, float | None]
"""One image to make: a pair and alpha (None for methods without alpha)."""

CHUNK_IMAGES = 64
"""Images between two writes: what a killed run loses at most."""


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
    ) -> None:
        self.session, self.entry = session, entry
        self.method, fingerprint = prepare_method(session, entry, parameters, device, seed)
        cards = session.instruments.cards()
        parts = identity_parts(session.benchmark, entry, parameters, fingerprint, cards, seed)
        name = f"{entry.name}-{identity_hash(parts)}"
        self.folder = RunFolder(out / session.benchmark.name / name)
        if not self.folder.info:
            self.folder.write_info(self._description(parts, cards, command, device))
        self.pictures = Keeper(session, self.method, self.folder, keep_all=keep_images)

    def refining(self) -> Runner:
        """The same method, storing its rows apart from those of the grid."""
        other = copy(self)
        other.folder = self.folder.refined()
        return other

    def missing(self, part: Part, alphas: Sequence[float], limit: int | None) -> list[Row]:
        """The rows that are not stored yet, pair by pair."""
        done = self.folder.stored_keys(part)
        return [row for row in self._rows(part, alphas, limit) if _key(row) not in done]

    def without_picture(self, part: Part, alphas: Sequence[float], limit: int | None) -> list[Row]:
        """The stored rows whose picture is wanted and not there: once fewer were kept."""
        rows = [row for row in self._rows(part, alphas, limit) if self.pictures.is_missing(*row)]
        made = self.folder.stored_keys(part, with_image=True) if rows else set()
        return [row for row in rows if _key(row) in made]

    def draw(self, rows: Sequence[Row], advance: Callable[[int], None]) -> None:
        """Makes rows that are stored already once more, for their pictures alone."""
        for chunk in _chunks(rows):
            requests = [self.session.request(pair, alpha) for pair, alpha in chunk]
            outputs = call_method(self.method, requests, self.session.benchmark.resolution)
            for (pair, alpha), output in zip(chunk, outputs, strict=True):
                if output.pixels is not None:
                    self.pictures.keep(pair, alpha, output.pixels, output.outcome)
            self.pictures.reconstruct()
            advance(len(chunk))

    def _rows(self, part: Part, alphas: Sequence[float], limit: int | None) -> Iterator[Row]:
        grid: Sequence[float | None] = alphas if self.method.card.has_alpha else [None]
        return ((pair, a) for pair in self.session.benchmark.pairs(part, limit) for a in grid)

    def run(
        self,
        part: Part,
        rows: Sequence[Row],
        advance: Callable[[int], None] = lambda images: None,
    ) -> None:
        """Makes, measures and stores rows; ``advance`` hears of each stored chunk.

        Raises:
            ImagesWait: after all rows, if some wait for an instrument on another machine.
        """
        waiting = Waiting()
        with waiting.postponed():
            self._measure_references(part)
        for chunk in _chunks(rows):
            with waiting.postponed():
                self._run_chunk(chunk)
            advance(len(chunk))
        waiting.settle()

    def finish(self) -> None:
        """Writes the run's timings into run.json."""
        timings = self.folder.timings()
        info = {k: v for k, v in self.folder.info.items() if k != "schema_version"}
        values = {name: round(getattr(timings, name), 3) for name in timings.__slots__}
        if info.get("timings") != values:
            self.folder.write_info({**info, "timings": values})

    def _run_chunk(self, chunk: Sequence[Row]) -> None:
        requests = [self.session.request(pair, alpha) for pair, alpha in chunk]
        started = time.perf_counter()
        outputs = call_method(self.method, requests, self.session.benchmark.resolution)
        made = time.perf_counter()
        made_of = [
            (pair, output.pixels)
            for (pair, _), output in zip(chunk, outputs, strict=True)
            if output.pixels is not None
        ]
        images = [pixels for _, pixels in made_of]
        features = iter(self.session.instruments.measure(images) if images else [])
        compared = iter(compare_with_truth(self.session, made_of))
        measured = time.perf_counter()
        rows = []
        for (pair, alpha), output in zip(chunk, outputs, strict=True):
            read = next(features) if output.pixels is not None else None
            likeness = next(compared) if output.pixels is not None else {}
            rows.append({**self._row(pair, alpha, output, read), **likeness})
            if output.pixels is not None:
                self.pictures.keep(pair, alpha, output.pixels, rows[-1]["outcome"])
        self.pictures.reconstruct()
        timings = Timings(len(rows), made - started, measured - made, peak_mib())
        self.folder.write_rows(rows, self.session.instruments.action_units, timings)

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
        faces = [self.session.face(sample) for sample in samples]
        features = self.session.instruments.measure([face.pixels for face in faces])
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

    def _description(
        self, parts: Mapping[str, Any], cards: Mapping[str, Any], command: str, device: str
    ) -> dict[str, Any]:
        card, dataset = self.method.card, self.session.benchmark.card
        return {
            "benchmark": self.session.benchmark.name,
            "method": {
                "name": card.name,
                "description": card.description,
                "citation": card.citation,
                "has_alpha": card.has_alpha,
                "is_anchor": card.is_anchor,
                "origin": self.entry.origin,
            },
            "identity": {"hash": identity_hash(parts), "parts": dict(parts)},
            "dataset": {
                "name": dataset.name,
                "citation": dataset.citation,
                "licence": dataset.licence,
                "doi": dataset.doi,
                "may_show_images": dataset.may_show_images,
            },
            "instruments": dict(cards),
            "image_metrics": self.session.instruments.image_metrics.to_dict(),
            "action_units": list(self.session.scored_units),
            "command": command,
            **provenance(device),
        }


def _key(row: Row) -> Key:
    pair, alpha = row
    return pair.key, None if alpha is None else round(alpha, 6)


def _chunks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Groups rows into chunks of whole pairs: the alphas of a pair share its latents."""
    chunk: list[Row] = []
    for index, row in enumerate(rows):
        chunk.append(row)
        last_of_pair = index + 1 == len(rows) or rows[index + 1][0] != row[0]
        if last_of_pair and (len(chunk) >= CHUNK_IMAGES or index + 1 == len(rows)):
            yield chunk
            chunk = []
