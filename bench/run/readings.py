"""What the instruments of a benchmark read from its real images, beside what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Sample
from bench.data.split import Part
from bench.data.truth import Truth, read_truth
from bench.errors import BenchError
from bench.run.session import Session
from bench.run.waiting import Waiting
from metrics.cards import InstrumentCard
from metrics.contracts import Images

__all__ = [
    "PARTS",
    "AUReadings",
    "Advance",
    "Readings",
    "chunks",
    "read_all",
    "samples_of",
    "stacked",
]

CHUNK_IMAGES = 64

PARTS: Final[tuple[Part, ...]] = get_args(Part)

Item = TypeVar("Item")

Advance = Callable[[int], None]
"""Hears of the number of images read since the last call."""


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
    """N real images of a benchmark, beside what is known of them.

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


def read_all(session: Session, part: Part, advance: Advance = lambda _: None) -> Readings:
    """Reads every image of the people in the split, and what is known of it.

    The other part's images are read by the embedder alone where there is no truth to compare
    Action Units with.

    Args:
        session: dataset and instruments.
        part: the part that :func:`bench.run.perturbed.read_perturbed` will read.
        advance: hears of the images read.

    Raises:
        BenchError: an image is missing or damaged, or the truth lacks one.
    """
    benchmark, instruments = session.benchmark, session.instruments
    truth = read_truth(benchmark.card)
    listed = [(name, sample) for name in PARTS for sample in samples_of(session, name)]
    embeddings, values, readable, waiting = [], [], [], Waiting()
    for chunk in chunks(listed):
        images = stacked(session, [sample for _, sample in chunk])
        if truth is None and part not in {name for name, _ in chunk}:
            embeddings.append(instruments.embedder.embed(images))
        else:
            # Measured like the images of a run, which remembers what it read: no image is read
            # a second time.
            with waiting.postponed():
                features = instruments.measure(list(images), real=True)
                embeddings.append(np.stack([feature.embedding for feature in features]))
                values += [feature.action_units for feature in features]
                readable += [feature.outcome == "ok" for feature in features]
        advance(len(chunk))
    waiting.settle()
    samples = [sample for _, sample in listed]
    return Readings(
        parts=np.array([name for name, _ in listed]),
        identities=np.array([sample.identity for sample in samples]),
        is_reference=np.array([sample.is_reference for sample in samples]),
        embedder=instruments.embedder.card,
        embeddings=np.concatenate(embeddings).astype(np.float64),
        au=None
        if truth is None
        else _beside_truth(
            instruments.au_estimator.card,
            instruments.action_units,
            np.array(readable),
            np.array(values, dtype=np.float64),
            _true_rows(truth, samples),
            truth.action_units,
        ),
    )


def samples_of(session: Session, part: Part) -> list[Sample]:
    """All samples of the people of a part."""
    return [
        sample
        for identity in session.benchmark.split.identities(part)
        for sample in session.dataset.samples(identity)
    ]


def chunks(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The items in their order, as many at once as instruments read."""
    return [items[start : start + CHUNK_IMAGES] for start in range(0, len(items), CHUNK_IMAGES)]


def stacked(session: Session, samples: Sequence[Sample]) -> Images:
    """The images (N, side, side, 3) of samples, at the benchmark's resolution."""
    return np.stack([session.dataset.pixels(sample) for sample in samples])


def _true_rows(truth: Truth, samples: Sequence[Sample]) -> NDArray[np.float64]:
    try:
        return np.stack([truth.intensities[s.identity, s.name] for s in samples])
    except KeyError as error:
        raise BenchError(f"{truth.path} has no row for {'/'.join(error.args[0])}") from error


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
