"""What encoding and decoding lose: means over images with intervals over people."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import percentile_interval
from bench.analysis.embeddings import Floats
from bench.analysis.records import SCHEMA_VERSION, number_or_none
from bench.run.labels import method_label
from bench.run.reconstruct import Reconstructions
from metrics.measures.images import mean_squares_of_psnr, psnr_of_mean_squares

__all__ = [
    "HIGHER_IS_BETTER",
    "MethodFidelity",
    "ReconstructionTable",
    "ReconstructionValue",
    "summarise_reconstructions",
]

RESAMPLES: Final = 2000

ALIKE: Final = 5e-5
"""Values that differ by less are one: SSIM of an exact image is 1 but for its rounding."""

HIGHER_IS_BETTER: Final = frozenset({"psnr", "ssim"})


@dataclass(frozen=True, slots=True)
class ReconstructionValue:
    """One metric of the reconstructions of one method.

    Attributes:
        name: ``psnr`` (of the mean squared error over images), ``ssim``, ``lpips``, ``id_dist``
            or ``au_mae`` (means over images).
        estimate: with its 95 % percentile interval by resampling people; infinite if every image
            is exact.
        images: how many images it is of.
        worst_image: ``identity/sample`` of the worst of them; empty if all are equal.
        worst: its value.
    """

    name: str
    estimate: Estimate
    images: int
    worst_image: str
    worst: float

    def to_dict(self) -> dict[str, Any]:
        """JSON values; ``exact`` tells an infinite value, which JSON has not, from none."""
        low, high = number_or_none(self.estimate.low), number_or_none(self.estimate.high)
        return {
            "value": number_or_none(self.estimate.value),
            "exact": math.isinf(self.estimate.value),
            "interval": None if low is None or high is None else {"low": low, "high": high},
            "images": self.images,
            "worst_image": self.worst_image or None,
            "worst": number_or_none(self.worst),
        }


@dataclass(frozen=True, slots=True)
class MethodFidelity:
    """What one method loses.

    Attributes:
        images: number of images given to it.
        people: whose they are.
        failures: number of images of every outcome but ``ok``; they count in no mean.
        absent: metrics that could not be computed, with the reason.
    """

    method: str
    parameters: Mapping[str, str]
    images: int
    people: int
    failures: Mapping[str, int]
    values: tuple[ReconstructionValue, ...]
    absent: Mapping[str, str]

    @property
    def label(self) -> str:
        return method_label(self.method, self.parameters)

    def to_dict(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "parameters": dict(self.parameters),
            "images": self.images,
            "people": self.people,
            "failures": dict(self.failures),
            "metrics": {value.name: value.to_dict() for value in self.values},
            "absent": dict(self.absent),
        }


@dataclass(frozen=True, slots=True)
class ReconstructionTable:
    """What several methods lose on the same images of a benchmark."""

    benchmark: str
    part: str
    au_estimator: str
    scale: str
    embedder: str
    methods: tuple[MethodFidelity, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench reconstruct --json``; what is undefined is null."""
        return {
            "schema_version": SCHEMA_VERSION,
            "benchmark": self.benchmark,
            "part": self.part,
            "au_estimator": self.au_estimator,
            "scale": self.scale,
            "embedder": self.embedder,
            "methods": [method.to_dict() for method in self.methods],
        }


def summarise_reconstructions(made: Reconstructions, *, seed: int = 0) -> MethodFidelity:
    """Means of every metric over the images that were made and read.

    Intervals are percentiles of a bootstrap that draws people with replacement, since images of
    one person are not independent.
    """
    identities = np.array([face.identity for face in made.faces])
    names, codes = np.unique(identities, return_inverse=True)
    generator = np.random.default_rng(seed)
    shares = np.full(len(names), 1 / len(names))
    counts = generator.multinomial(len(names), shares, size=RESAMPLES).astype(np.float64)
    outcomes, how_many = np.unique(made.outcomes, return_counts=True)
    keys = [f"{face.identity}/{face.sample}" for face in made.faces]
    return MethodFidelity(
        method=made.method,
        parameters=made.parameters,
        images=len(made.faces),
        people=len(names),
        failures={
            str(outcome): int(count)
            for outcome, count in zip(outcomes, how_many, strict=True)
            if outcome != "ok"
        },
        values=tuple(
            _value(name, values, keys, np.asarray(codes), counts)
            for name, values in made.values.items()
        ),
        absent=made.absent,
    )


def _value(
    name: str, values: Floats, keys: list[str], codes: np.ndarray[Any, Any], counts: Floats
) -> ReconstructionValue:
    into, out = _means(name)
    measured = ~np.isnan(values)
    sums = np.zeros((counts.shape[1], 2))
    parts = np.stack([into(values[measured]), np.ones(measured.sum())], axis=-1)
    np.add.at(sums, codes[measured], parts)
    resampled = counts @ sums
    total = sums.sum(axis=0)
    if not measured.any():
        nothing = Estimate(np.nan, np.nan, np.nan)
        return ReconstructionValue(name, nothing, 0, "", float("nan"))
    value = float(out(total[:1] / total[1:])[0])
    drawn = resampled[:, 1] > 0
    interval = percentile_interval(out(resampled[drawn, 0] / resampled[drawn, 1]), counts.shape[1])
    badness = np.where(measured, values if name not in HIGHER_IS_BETTER else -values, -np.inf)
    worst = int(badness.argmax())
    # Rounding makes no image the worst.
    same = bool(np.isclose(values[measured], values[worst], rtol=0.0, atol=ALIKE).all())
    return ReconstructionValue(
        name,
        Estimate(value, interval.low, interval.high),
        int(measured.sum()),
        "" if same else keys[worst],
        float(values[worst]),
    )


def _means(name: str) -> tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]:
    """What is averaged of a metric, and what becomes of the average."""
    if name == "psnr":
        return mean_squares_of_psnr, psnr_of_mean_squares
    return (lambda values: values), (lambda means: means)
