"""What the instruments of a benchmark read from all its real images, beside the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from bench.data.benchmark import Benchmark
from bench.data.dataset import Dataset, Sample
from bench.data.split import Part
from bench.data.truth import Truth, read_truth
from bench.errors import BenchError
from bench.run.catalogue import load_au_estimator, load_embedder
from metrics.cards import InstrumentCard

__all__ = ["AUReadings", "Readings", "count_samples", "read_all"]

CHUNK_IMAGES = 64


@dataclass(frozen=True, slots=True, eq=False)
class AUReadings:
    """Action Units of N images, as read and as they are.

    Attributes:
        card: the estimator's.
        action_units: A names that both the estimator and the truth have, sorted.
        unread: names that only the truth has.
        readable: (N,) whether the outcome is ``ok``.
        values: (N, A) on the estimator's scale, NaN where it is not.
        truth: (N, A), 0 to 5.
        strength: (N,) root mean square over all Action Units of the truth.
    """

    card: InstrumentCard
    action_units: tuple[str, ...]
    unread: tuple[str, ...]
    readable: NDArray[np.bool_]
    values: NDArray[np.float64]
    truth: NDArray[np.float64]
    strength: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """N real images of a benchmark.

    Attributes:
        parts: (N,) ``dev`` or ``test``.
        identities: (N,).
        is_reference: (N,) whether the image is in its identity's reference set.
        embedder: the card.
        embeddings: (N, D), unit norm.
        au: None if the dataset knows no truth.
    """

    parts: NDArray[np.str_]
    identities: NDArray[np.str_]
    is_reference: NDArray[np.bool_]
    embedder: InstrumentCard
    embeddings: NDArray[np.float64]
    au: AUReadings | None


def count_samples(benchmark: Benchmark, data: Path) -> int:
    """How many images :func:`read_all` will read.

    Raises:
        BenchError: there is no such folder.
    """
    return len(_samples(benchmark, Dataset(benchmark.card, data, benchmark.resolution)))


def _samples(benchmark: Benchmark, dataset: Dataset) -> list[tuple[str, Sample]]:
    """All samples of the people in the split, with their part."""
    parts: tuple[Part, ...] = get_args(Part)
    return [
        (part, sample)
        for part in parts
        for identity in benchmark.split.identities(part)
        for sample in dataset.samples(identity)
    ]


def read_all(
    benchmark: Benchmark, data: Path, advance: Callable[[int], None] = lambda _: None
) -> Readings:
    """Reads every image of the people in the split.

    Args:
        benchmark: what to read with which instruments.
        data: folder of the images.
        advance: called with the number of images read since the last call.

    Raises:
        BenchError: data or weights are missing, or the truth lacks an image.
    """
    dataset = Dataset(benchmark.card, data, benchmark.resolution)
    truth = read_truth(benchmark.card)
    beside = [folder / "weights" for folder in data.resolve().parents[:2]]
    embedder = load_embedder(benchmark.embedder, beside)
    estimator = load_au_estimator(benchmark.au_estimator, beside) if truth else None
    listed = _samples(benchmark, dataset)
    embeddings, outcomes, values = [], [], []
    for start in range(0, len(listed), CHUNK_IMAGES):
        chunk = listed[start : start + CHUNK_IMAGES]
        images = np.stack([dataset.pixels(sample) for _, sample in chunk])
        embeddings.append(embedder.embed(images))
        if estimator:
            reading = estimator.estimate(images)
            outcomes += reading.outcomes
            values.append(reading.values)
        advance(len(chunk))
    return Readings(
        parts=np.array([part for part, _ in listed]),
        identities=np.array([sample.identity for _, sample in listed]),
        is_reference=np.array([sample.is_reference for _, sample in listed]),
        embedder=embedder.card,
        embeddings=np.concatenate(embeddings).astype(np.float64),
        au=None
        if truth is None or estimator is None
        else _beside_truth(
            estimator.card,
            estimator.action_units,
            np.array(outcomes) == "ok",
            np.concatenate(values).astype(np.float64),
            _true_rows(truth, [sample for _, sample in listed], benchmark),
            truth.action_units,
        ),
    )


def _true_rows(truth: Truth, samples: list[Sample], benchmark: Benchmark) -> NDArray[np.float64]:
    try:
        return np.stack([truth.intensities[s.identity, s.name] for s in samples])
    except KeyError as error:
        raise BenchError(
            f"{benchmark.card.folder / 'faces.csv'} has no row for {'/'.join(error.args[0])}"
        ) from error


def _beside_truth(
    card: InstrumentCard,
    read_units: tuple[str, ...],
    readable: NDArray[np.bool_],
    values: NDArray[np.float64],
    truth: NDArray[np.float64],
    true_units: tuple[str, ...],
) -> AUReadings:
    shared = tuple(unit for unit in true_units if unit in read_units)
    return AUReadings(
        card=card,
        action_units=shared,
        unread=tuple(unit for unit in true_units if unit not in read_units),
        readable=readable,
        values=values[:, [read_units.index(unit) for unit in shared]],
        truth=truth[:, [true_units.index(unit) for unit in shared]],
        strength=np.sqrt(np.square(truth).mean(axis=1)),
    )
