"""Outputs beside what they should be: the target's real image with the source's expression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.data.images import Pixels
from bench.data.split import Pair
from bench.run.session import Session

__all__ = ["compare_with_truth"]


def compare_with_truth(
    session: Session, outputs: Sequence[tuple[Pair, Pixels]]
) -> list[dict[str, float]]:
    """Image metrics of each output, by name.

    Returns:
        One entry for each output; empty where the dataset has no image of the target with that
        expression, and without a metric that cannot be computed here.
    """
    found: dict[int, Pixels] = {}
    for index, (pair, _) in enumerate(outputs):
        expression = session.dataset.sample(pair.source, pair.sample).expression
        truth = session.look_up(pair.target, expression)
        if truth is not None:
            found[index] = truth.pixels
    values: list[dict[str, float]] = [{} for _ in outputs]
    if not found:
        return values
    images = np.stack([outputs[index][1] for index in found])
    measured = session.instruments.image_metrics.compare(images, np.stack(list(found.values())))
    for name, column in measured.items():
        for index, value in zip(found, column, strict=True):
            values[index][name] = float(value)
    return values
