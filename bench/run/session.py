"""What the methods of one command share."""

from __future__ import annotations

from pathlib import Path

from bench.data.benchmark import Benchmark
from bench.data.dataset import Dataset, Sample
from bench.data.split import Pair, stranger
from bench.errors import BenchError
from bench.plugins.contracts import Face, TransferRequest
from bench.run.instruments import Instruments
from bench.run.landmarks import LandmarkReader
from bench.run.source_labels import source_labels

__all__ = ["Session", "check_device"]


class Session:
    """What the methods of one command share: dataset, instruments, and the faces read so far.

    Raises:
        BenchError: data or weights are missing.
    """

    def __init__(self, benchmark: Benchmark, data: Path) -> None:
        self.benchmark = benchmark
        self.dataset = Dataset(benchmark.card, data, benchmark.resolution)
        self._faces: dict[Sample, Face] = {}
        self._candidates: dict[str, list[tuple[str, str, str]]] = {}
        natural = [face.pixels for face in self.development()]
        self.instruments = Instruments(benchmark, natural, data)
        self.landmarks = LandmarkReader(benchmark.card.folder, self.instruments)
        self.labels = source_labels(benchmark, self.dataset, self.instruments.au_estimator)

    @property
    def scored_units(self) -> tuple[str, ...]:
        """Action Units that scores are made of: those read and, where labels count, labelled."""
        return self.labels.action_units if self.labels else self.instruments.action_units

    def face(self, sample: Sample) -> Face:
        if sample not in self._faces:
            pixels = self.dataset.pixels(sample)
            self._faces[sample] = Face(sample.identity, sample.name, sample.expression, pixels)
        return self._faces[sample]

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
            for read in self.instruments.measure([face.pixels for face in faces])
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
