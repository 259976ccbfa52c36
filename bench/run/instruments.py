"""The instruments of a benchmark, and the features they read from images."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import metrics
from bench.data.benchmark import Benchmark
from bench.data.images import Pixels
from bench.errors import BenchError
from bench.plugins.instruments import load_au_estimator, load_embedder, weights_beside
from bench.remembered import Memory, Remembered
from bench.run.cache import ArrayCache, computer, recipe_of, source_of
from bench.run.waiting import ImagesWait
from metrics.contracts import UnmeasuredImages
from metrics.image_quality import ImageMetrics, load_image_metrics
from metrics.niqe import NiqeModel

__all__ = ["Features", "Instruments"]

KIND: Final = "features"

OUTPUT_BYTES: Final = 16 << 20
"""Of features of images that methods made: those that are alike, such as mean faces, follow one
another closely."""

OUTCOMES: Final = ("ok", "no_face", "several_faces")


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

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        arrays = (self.action_units, self.embedding, self.landmarks)
        return sum(array.nbytes for array in arrays if array is not None)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The same as arrays of numbers."""
        points = {} if self.landmarks is None else {"landmarks": self.landmarks}
        return {
            "outcome": np.array(OUTCOMES.index(self.outcome), dtype=np.uint8),
            "action_units": self.action_units,
            "embedding": self.embedding,
            "niqe": np.array(self.niqe, dtype=np.float64),
            **points,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Features:
        """The inverse of :meth:`to_arrays`."""
        return cls(
            OUTCOMES[int(arrays["outcome"])],
            arrays["action_units"],
            arrays["embedding"],
            float(arrays["niqe"]),
            arrays.get("landmarks"),
        )


class Instruments:
    """Embedder, AU estimator and naturalness model of one benchmark.

    Args:
        benchmark: names the embedder and the AU estimator.
        natural: real images of the dev part, on which the naturalness model is fitted.
        data: the dataset's folder; weights may lie in a folder ``weights`` beside it.
        cache: where features of real images are kept for other commands; None for nowhere.
        memory: where features of real images are remembered; by default a room of their own.

    Threads may ask for features; one at a time is answered.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        natural: Sequence[Pixels],
        data: Path,
        *,
        cache: ArrayCache | None = None,
        memory: Memory | None = None,
    ) -> None:
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
        self._real: Remembered[str, Features] = Remembered(lambda f: f.nbytes, memory)
        self._made: Remembered[str, Features] = Remembered(lambda f: f.nbytes, Memory(OUTPUT_BYTES))
        self._lock = RLock()
        # What has no weights may be anything, such as tables that the user replaces.
        is_told = all(one.card.weights_sha256 for one in (self.embedder, self.au_estimator))
        self._cache = cache if is_told else None
        self._recipe = hashlib.sha256(recipe_of(self._made_by()).encode() if cache else b"")

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

    def measure(self, images: Sequence[Pixels], *, real: bool = False) -> list[Features]:
        """Features of each image; an image that was measured before is not measured again.

        Args:
            images: any number, of one size.
            real: whether they are images of the dataset, whose features are kept for later
                commands too.
        """
        known, cache = (self._real, self._cache) if real else (self._made, None)
        keys = [self._key(image) for image in images]
        with self._lock:
            found: dict[str, Features] = {}
            new: dict[str, Pixels] = {}
            for key, image in zip(keys, images, strict=True):
                if key in found or key in new:
                    continue
                features = self._real.get(key) or self._made.get(key) or _kept(cache, key)
                if features is None:
                    new[key] = image
                else:
                    found[key] = features
            if new:
                measured = self._measure(np.stack(list(new.values())))
                found.update(zip(new, measured, strict=True))
            for key in new:
                if cache is not None and found[key].outcome in OUTCOMES:
                    cache.put(KIND, key, found[key].to_arrays())
            for key, features in found.items():
                known.put(key, features)
        return [found[key] for key in keys]

    def _key(self, image: Pixels) -> str:
        digest = self._recipe.copy()
        digest.update(repr((image.shape, image.dtype.str)).encode())
        digest.update(np.ascontiguousarray(image).data)
        return digest.hexdigest()

    def _made_by(self) -> dict[str, object]:
        """What decides the features of an image."""
        model = hashlib.sha256(repr((self.niqe.patch, self.niqe.side)).encode())
        for array in (self.niqe.mean, self.niqe.covariance):
            model.update(np.ascontiguousarray(array, dtype=np.float64).data)
        return {
            "instruments": {
                kind: {**one.card.to_dict(), "code": source_of(type(one))}
                for kind, one in (("embedder", self.embedder), ("au", self.au_estimator))
            },
            "niqe": {"version": self.niqe.version, "model": model.hexdigest()},
            "code": _code_sha256(),
            "computer": computer("cpu"),
        }

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
        # Copies: a row would keep the whole batch alive.
        return [
            Features(
                outcome,
                values.copy(),
                embedding.copy(),
                float(quality),
                None if points is None else points.copy(),
            )
            for outcome, values, embedding, quality, points in zip(
                reading.outcomes, reading.values, embeddings, niqe, landmarks, strict=True
            )
        ]


def _kept(cache: ArrayCache | None, key: str) -> Features | None:
    """Features that an earlier command measured."""
    arrays = None if cache is None else cache.get(KIND, key)
    try:
        return None if arrays is None else Features.from_arrays(arrays)
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _code_sha256() -> str:
    """Hash of the package of the instruments."""
    digest = hashlib.sha256()
    for path in sorted(Path(metrics.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
