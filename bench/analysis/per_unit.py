"""The error of each Action Unit."""

from __future__ import annotations

import numpy as np

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import Draws, resample_sums
from bench.analysis.embeddings import Floats
from bench.analysis.failed_pairs import worst_anchors
from bench.analysis.metric_values import UnitErrors
from bench.analysis.pair_readings import StoredPairs
from metrics.measures.errors import AU_MAE, absolute_errors
from metrics.measures.measure import ratio, with_count

__all__ = ["unit_errors"]


def unit_errors(stored: StoredPairs, draws: Draws) -> tuple[UnitErrors, ...]:
    """Errors of every Action Unit; a failed pair counts as the anchor that it counts in au_mae."""
    readings = stored.readings
    substitutes = np.stack([anchor.output for anchor in stored.anchors])
    worst = substitutes[worst_anchors(AU_MAE, stored), np.arange(len(readings))]
    failed = ~readings.ok
    errors = absolute_errors(np.where(failed[:, None], worst, readings.output), readings.source)
    nothing = absolute_errors(readings.target_neutral, readings.source)

    def mean(values: Floats) -> Estimate:
        parts = np.nan_to_num(np.where(np.isnan(values)[:, None], np.nan, with_count(values)))
        return Estimate.of(resample_sums(stored.terms, draws, parts).quantity(ratio))

    return tuple(
        UnitErrors(
            action_unit=unit,
            mae=mean(errors[:, place]),
            mse=mean(errors[:, place] ** 2),
            mae_of_nothing=float(nothing[:, place].mean()),
            in_source=float(readings.source[:, place].mean()),
            in_output=_mean(readings.output[readings.ok, place]),
        )
        for place, unit in enumerate(readings.action_units)
    )


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")
