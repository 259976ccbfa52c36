"""What the methods of one command share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bench.data.benchmark import Benchmark
from bench.data.dataset import Dataset, Sample
from bench.data.images import resize
from bench.data.split import Pair, stranger
from bench.errors import BenchError
from bench.plugins.contracts import Face, TransferRequest
from bench.plugins.encoded import Encode, EncodedFaces
from bench.remembered import Memory
from bench.run.cache import ArrayCache, KindCache, computer, recipe_of, source_of
from bench.run.instruments import Instruments
from bench.run.landmarks import LandmarkReader
from bench.run.source_labels import source_labels

__all__ = ["Session", "check_device"]


class Session:
    """What the methods of one command share: dataset, instruments, and what they remember.

    Threads may share it.

    Args:
        benchmark: what to run on.
        data: the user's copy of its dataset.
        cache: where latents of faces and features of real images are kept for other commands; None
            for nowhere.
        memory: room for all that is remembered of images.

    Raises:
        BenchError: data or weights are missing.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        data: Path,
        *,
        cache: ArrayCache | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.benchmark = benchmark
        self.cache = cache
        self.memory = Memory() if memory is None else memory
        self.dataset = Dataset(benchmark.card, data, benchmark.resolution, self.memory)
        self._candidates: dict[str, list[tuple[str, str, str]]] = {}
        natural = [face.pixels for face in self.development()]
        self.instruments = Instruments(benchmark, natural, data, cache=cache, memory=self.memory)
        self.landmarks = LandmarkReader(benchmark.card.folder, self.instruments, self.memory)
        self.labels = source_labels(benchmark, self.dataset, self.instruments.au_estimator)

    @property
    def scored_units(self) -> tuple[str, ...]:
        """Action Units that scores are made of: those read and, where labels count, labelled."""
        return self.labels.action_units if self.labels else self.instruments.action_units

    def face(self, sample: Sample) -> Face:
        """The face of a sample, read from disk where it is not remembered."""
        pixels = self.dataset.pixels(sample)
        return Face(sample.identity, sample.name, sample.expression, pixels)

    def development(self) -> list[Face]:
        """All faces of the dev identities."""
        identities = self.benchmark.split.identities("dev")
        return [self.face(s) for i in identities for s in self.dataset.samples(i)]

    def neutral(self, identity: str) -> Face:
        """The neutral face: marked neutral, else the calmest of the reference set."""
        references = self.dataset.references(identity)
        marked = [sample for sample in references if sample.expression == "neutral"]
        if marked or len(references) == 1:
            return self.face((marked or references)[0])
        faces = [self.face(sample) for sample in references]
        activity = [
            float((read.action_units**2).sum()) if read.outcome == "ok" else float("inf")
            for read in self.instruments.measure([face.pixels for face in faces], real=True)
        ]
        return faces[activity.index(min(activity))]

    def look_up(self, identity: str, expression: str) -> Face | None:
        """The source face of an identity with an expression."""
        for sample in self.dataset.samples(identity):
            if sample.expression == expression and not sample.is_reference:
                return self.face(sample)
        return None

    def stranger(self, pair: Pair) -> Face:
        """The third person's face that ``shuffled-source`` shows for a pair."""
        if pair.part not in self._candidates:
            pairs = self.benchmark.split.part(pair.part)  # type: ignore[arg-type]
            self._candidates[pair.part] = [
                (identity, name, self.dataset.sample(identity, name).expression)
                for identity, name in sorted({(p.source, p.sample) for p in pairs})
            ]
        identity, name = stranger(pair, self._candidates[pair.part])
        return self.face(self.dataset.sample(identity, name))

    def request(self, pair: Pair, alpha: float | None) -> TransferRequest:
        references = {
            identity: tuple(self.face(s) for s in self.dataset.references(identity))
            for identity in (pair.source, pair.target)
        }
        return TransferRequest(
            pair,
            self.face(self.dataset.sample(pair.source, pair.sample)),
            references[pair.source],
            references[pair.target],
            1.0 if alpha is None else alpha,
        )

    def requests(self, rows: Sequence[tuple[Pair, float | None]]) -> list[TransferRequest]:
        """The requests of rows; those of one pair, one after the other, share their faces."""
        made: list[TransferRequest] = []
        for pair, alpha in rows:
            if made and made[-1].pair == pair:
                made.append(replace(made[-1], alpha=1.0 if alpha is None else alpha))
            else:
                made.append(self.request(pair, alpha))
        return made

    def remember(
        self,
        method: Mapping[str, object],
        device: str,
        made_by: Mapping[str, str],
        encode: Encode,
        *,
        shared: bool = False,
    ) -> EncodedFaces:
        """What a method is given as ``MethodContext.remember``.

        Args:
            method: its name, source and parameters.
            device: on which it computes.
            made_by, encode, shared: see :class:`bench.plugins.encoded.Remember`.
        """
        if self.cache is None:
            return EncodedFaces(encode, self.memory)
        recipe = recipe_of(
            {
                "made_by": dict(made_by),
                "method": None if shared else dict(method),
                # Methods bring faces to their own size with it.
                "code": [source_of(encode), source_of(resize)],
                "computer": computer(device),
            }
        )
        return EncodedFaces(encode, self.memory, KindCache(self.cache, "codes"), recipe)


def check_device(device: str) -> None:
    """Refuses a torch device that cannot be used here.

    Raises:
        BenchError: with what torch says of it.
    """
    if device == "cpu":
        return
    import torch

    try:
        # Latents are float64, which not every accelerator has.
        torch.zeros(1, device=device, dtype=torch.float64)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise BenchError(
            f"device {device!r} cannot be used: {reason}", hint="--device cpu"
        ) from error
