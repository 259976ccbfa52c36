"""A dataset's own AU labels in place of what the estimator reads from a source image."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.data.benchmark import Benchmark
from bench.data.dataset import Dataset, Sample
from bench.data.truth import Truth, read_truth
from bench.errors import BenchError
from metrics.contracts import AUEstimator

__all__ = ["SourceLabels", "source_labels"]

SCALE = "0..5"
"""FACS intensities: the one scale that people code and an estimator reads alike."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceLabels:
    """The labels of the images of a benchmark.

    Attributes:
        action_units: those that the labels and the estimator share, in the estimator's order.
    """

    truth: Truth
    action_units: tuple[str, ...]

    def columns(self, sample: Sample) -> dict[str, float]:
        """The labels of an image as columns of the references table, NaN where not graded."""
        values = self.truth.intensities[sample.identity, sample.name]
        places = {unit: place for place, unit in enumerate(self.truth.action_units)}
        return {f"label_{unit}": float(values[places[unit]]) for unit in self.action_units}


def source_labels(
    benchmark: Benchmark, dataset: Dataset, estimator: AUEstimator
) -> SourceLabels | None:
    """The labels that a benchmark takes its source images' Action Units from; None if it does not.

    Raises:
        BenchError: the dataset has no labels, they or the estimator are on another scale than
            0..5, they share no Action Unit, or an image of the split has no label.
    """
    if benchmark.source_aus != "labels":
        return None
    name, by_estimator = benchmark.card.name, "--source-aus estimator"
    truth = read_truth(benchmark.card)
    if truth is None:
        raise BenchError(
            f"dataset {name} has no AU labels to take a source's from", hint=by_estimator
        )
    scale = estimator.card.scale
    if truth.scale != SCALE or scale.split()[-1:] != [SCALE]:
        raise BenchError(
            f"AU labels of {name} are on the scale {truth.scale} and {estimator.card.name} reads "
            f"{scale!r}: both must be intensities {SCALE} to be compared",
            hint=f"--au openface, or {by_estimator}",
        )
    units = tuple(unit for unit in estimator.action_units if unit in truth.action_units)
    if not units:
        raise BenchError(
            f"{estimator.card.name} reads none of the Action Units that {name} labels",
            hint=by_estimator,
        )
    identities = {*benchmark.split.identities("dev"), *benchmark.split.identities("test")}
    samples = [sample for identity in sorted(identities) for sample in dataset.samples(identity)]
    missing = [s for s in samples if (s.identity, s.name) not in truth.intensities]
    if missing:
        raise BenchError(
            f"{truth.path} has no label of {len(missing)} of the {len(samples)} images of the "
            f"split, such as {missing[0].identity}/{missing[0].name}",
            hint=by_estimator,
        )
    labels = SourceLabels(truth, units)
    if all(math.isnan(value) for s in samples for value in labels.columns(s).values()):
        raise BenchError(f"no label in {truth.path} is graded", hint=by_estimator)
    return labels
