"""The instruments of a benchmark, and the features they read from images."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.benchmark import Benchmark
from bench.data.images import Pixels
from bench.errors import BenchError
from bench.plugins.instruments import load_au_estimator, load_embedder, weights_beside
from bench.run.waiting import ImagesWait
from metrics.contracts import UnmeasuredImages
from metrics.image_quality import ImageMetrics, load_image_metrics
from metrics.niqe import NiqeModel

__all__ = ["Features", "Instruments"]

CACHE_SIZE = 50_000
"""Images whose features are remembered, 1 or 2 KB each: anchors repeat the same images."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the instruments read from one image.

    Attributes:
        outcome: ``ok``, ``no_face`` or ``several_faces``.
        action_units: (number of AUs,), NaN unless the outcome is ok.
        embedding: (dimensions,), unit norm.
        niqe: naturalness, lower is better.
        landmarks: (L, 2) as :class:`metrics.contracts.AUReading` has them, NaN unless the outcome
            is ok; None if the AU estimator gives none.
    """

    outcome: str
    action_units: NDArray[np.float32]
    embedding: NDArray[np.float32]
    niqe: float
    landmarks: NDArray[np.float32] | None = None


class Instruments:
    """Embedder, AU estimator and naturalness model of one benchmark.

    Args:
        benchmark: names the embedder and the AU estimator.
        natural: real images of the dev part, on which the naturalness model is fitted.
        data: the dataset's folder; weights may lie in a folder ``weights`` beside it.
    """

    def __init__(self, benchmark: Benchmark, natural: Sequence[Pixels], data: Path) -> None:
        beside = weights_beside(data)
        self.embedder = load_embedder(benchmark.embedder, beside)
        self.au_estimator = load_au_estimator(benchmark.au_estimator, beside)
        try:
            self.niqe = NiqeModel.fit(np.stack(natural))
        except ValueError as error:
            raise BenchError(
                f"naturalness cannot be fitted on the dev part of {benchmark.name}: {error}",
                hint="more people, or a split with a larger --dev-share",
            ) from error
        self._cache: OrderedDict[bytes, Features] = OrderedDict()

    @property
    def action_units(self) -> tuple[str, ...]:
        return self.au_estimator.action_units

    def cards(self) -> dict[str, object]:
        """The cards of the instruments as JSON values: how every number was made."""
        return {
            "embedder": self.embedder.card.to_dict(),
            "au_estimator": self.au_estimator.card.to_dict(),
            "niqe": {"version": self.niqe.version, "patch": self.niqe.patch},
        }

    @cached_property
    def image_metrics(self) -> ImageMetrics:
        """What compares an image with the one it should be, loaded when first asked for."""
        return load_image_metrics()

    def measure(self, images: Sequence[Pixels]) -> list[Features]:
        """Features of each image; an image that was measured before is not measured again."""
        keys = [hashlib.sha256(image.tobytes()).digest() for image in images]
        new = {
            key: image for key, image in zip(keys, images, strict=True) if key not in self._cache
        }
        if new:
            self._cache.update(zip(new, self._measure(np.stack(list(new.values()))), strict=True))
        features = [self._cache[key] for key in keys]
        while len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return features

    def _measure(self, images: NDArray[np.uint8]) -> list[Features]:
        try:
            # First, since images that wait for it are measured by all when they come again.
            reading = self.au_estimator.estimate(images)
            embeddings = self.embedder.embed(images)
        except UnmeasuredImages as error:
            raise ImagesWait(str(error)) from error
        except (ValueError, OSError, ImportError, RuntimeError) as error:
            raise BenchError(f"an instrument failed: {error}") from error
        niqe = self.niqe.score(images)
        landmarks = [None] * len(images) if reading.landmarks is None else reading.landmarks
        return [
            Features(outcome, values, embedding, float(quality), points)
            for outcome, values, embedding, quality, points in zip(
                reading.outcomes, reading.values, embeddings, niqe, landmarks, strict=True
            )
        ]
