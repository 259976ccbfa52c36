"""What the instruments of a benchmark read from its real images, as they are and perturbed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Sample
from bench.data.split import Part
from bench.run.instruments import Features
from bench.run.readings import PARTS, Advance, chunks, samples_of, stacked
from bench.run.session import Session
from bench.run.waiting import Waiting
from metrics.contracts import Images
from metrics.perturbations import Perturbation

__all__ = ["PerturbedReadings", "Reading", "count_readings", "read_perturbed"]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What all instruments of a benchmark read from N images.

    Attributes:
        outcomes: N outcomes of the AU estimator.
        action_units: (N, A) on the estimator's scale, NaN where the outcome is not ``ok``.
        embeddings: (N, D), unit norm.
        niqe: (N,), lower is more natural.
    """

    outcomes: NDArray[np.str_]
    action_units: NDArray[np.float64]
    embeddings: NDArray[np.float64]
    niqe: NDArray[np.float64]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """(N,) whether the outcome is ``ok``."""
        return np.asarray(self.outcomes == "ok")


@dataclass(frozen=True, slots=True, eq=False)
class PerturbedReadings:
    """The N images of one part, read as they are and after each perturbation.

    Attributes:
        samples: which images.
        is_neutral: (N,) whether the image is its identity's neutral face.
        action_units: names of the A columns.
        original: the images as they are.
        perturbed: the same images, in the same order.
        cards: of the instruments, as JSON values.
    """

    part: Part
    samples: tuple[Sample, ...]
    is_neutral: NDArray[np.bool_]
    action_units: tuple[str, ...]
    original: Reading
    perturbed: Mapping[Perturbation, Reading]
    cards: Mapping[str, object]


def count_readings(session: Session, part: Part, panel: Sequence[Perturbation]) -> int:
    """How many images :func:`~bench.run.readings.read_all` and :func:`read_perturbed` will read."""
    counts = {name: len(samples_of(session, name)) for name in PARTS}
    return sum(counts.values()) + (1 + len(panel)) * counts[part]


def read_perturbed(
    session: Session,
    part: Part,
    panel: Sequence[Perturbation],
    advance: Advance = lambda _: None,
) -> PerturbedReadings:
    """Reads every image of a part as it is and once after each perturbation.

    Raises:
        BenchError: an image is missing or damaged.
    """
    samples = samples_of(session, part)
    neutral = {
        session.neutral(identity).key for identity in session.benchmark.split.identities(part)
    }

    waiting = Waiting()

    def read(change: Callable[[Images], Images]) -> Reading:
        features: list[Features] = []
        for chunk in chunks(samples):
            with waiting.postponed():
                features += session.instruments.measure(list(change(stacked(session, chunk))))
            advance(len(chunk))
        return Reading(
            outcomes=np.array([feature.outcome for feature in features]),
            action_units=np.array([f.action_units for f in features], dtype=np.float64),
            embeddings=np.array([f.embedding for f in features], dtype=np.float64),
            niqe=np.array([feature.niqe for feature in features], dtype=np.float64),
        )

    original = read(lambda images: images)
    perturbed = {perturbation: read(perturbation.apply) for perturbation in panel}
    waiting.settle()
    return PerturbedReadings(
        part=part,
        samples=tuple(samples),
        is_neutral=np.array([(s.identity, s.name) in neutral for s in samples]),
        action_units=session.instruments.action_units,
        original=original,
        perturbed=perturbed,
        cards=session.instruments.cards(),
    )
