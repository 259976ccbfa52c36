"""The released pictures measured again, with any evaluators."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import BenchError
from bench.imports.valenzuela2021 import ALIAS
from bench.imports.valenzuela2021.features import CHUNK_IMAGES, Advance, Columns, Naturalness
from bench.imports.valenzuela2021.images import SIDE, ReleasedImages, read_released
from bench.imports.valenzuela2021.release import Expression, Output
from metrics.contracts import AUEstimator, Embedder

__all__ = ["MeasuredFeatures", "benchmark_of"]


class MeasuredFeatures:
    """What an embedder and an AU estimator read from the released pictures.

    Self pairs have no released pictures of their own and are left out. As in the import, the
    decoded mean face is a person's neutral face and identity reference.

    Args:
        images: a copy that holds the pictures.
        niqe: of the same pictures.
        embedder: any.
        estimator: any.
        advance: called with the number of pictures read since the last call.

    Raises:
        BenchError: a picture is missing or cannot be read.
    """

    def __init__(
        self,
        images: ReleasedImages,
        niqe: Naturalness,
        embedder: Embedder,
        estimator: AUEstimator,
        advance: Advance = lambda _: None,
    ) -> None:
        if images.missing:
            raise BenchError(
                f"{len(images.missing)} of {len(images.needed)} released pictures are missing, "
                f"such as {images.missing[0]}",
                hint="without --measure the released numbers alone are imported",
            )
        self._images, self._niqe = images, niqe
        self.names = embedder.card.name, estimator.card.name
        self.units = tuple(estimator.action_units)
        self.instruments: dict[str, dict[str, Any] | None] = {
            "embedder": embedder.card.to_dict(),
            "au_estimator": estimator.card.to_dict(),
            "niqe": niqe.card,
        }
        self.fingerprint = {"pictures_sha256": niqe.sha256}
        self.notes: tuple[str, ...] = (
            f"The released pictures measured again with {embedder.card.name} and "
            f"{estimator.card.name}: never to be mixed with the released numbers, which were made "
            "with other instruments on other scales.",
            "The neutral face of a person, which is the identity reference too, is here the "
            "released decoded mean face, as in the import. So R is 1 at alpha 0 by definition.",
            niqe.note,
        )
        self._columns: dict[Path, Columns] = {}
        for start in range(0, len(images.needed), CHUNK_IMAGES):
            chunk = images.needed[start : start + CHUNK_IMAGES]
            self._measure(list(chunk), embedder, estimator)
            advance(len(chunk))

    def has(self, output: Output) -> bool:
        return not output.is_self

    def of_output(self, output: Output) -> Columns:
        return self._columns[self._images.output(output)]

    def of_source(self, expression: Expression) -> Columns:
        return self._columns[self._images.source(expression)]

    def of_mean(self, identity: str) -> Columns:
        return self._columns[self._images.mean(identity)]

    def niqe_of(self, path: Path) -> float | None:
        return self._niqe.scores.get(path)

    def _measure(self, paths: list[Path], embedder: Embedder, estimator: AUEstimator) -> None:
        pixels = np.stack(read_released(paths))
        embeddings, reading = embedder.embed(pixels), estimator.estimate(pixels)
        for path, embedding, outcome, values in zip(
            paths, embeddings, reading.outcomes, reading.values, strict=True
        ):
            read = map(float, values) if outcome == "ok" else [None] * len(self.units)
            self._columns[path] = {
                "outcome": outcome,
                "niqe": self.niqe_of(path),
                "embedding": embedding.tolist(),
                **dict(zip(self.units, read, strict=True)),
            }


def benchmark_of(features: MeasuredFeatures) -> str:
    """Name of the benchmark that these instruments make of the released pictures."""
    names = (re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-") for name in features.names)
    return "-".join([ALIAS, *names, str(SIDE)])
