"""How far the Action Units of an output are from those of the source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.measures.card import MetricCard
from metrics.measures.measure import Measure, ratio, with_count
from metrics.measures.pairs import PairReadings

__all__ = [
    "AUE_SUM_MSE",
    "AUE_SUM_MSE_LOWER",
    "AUE_SUM_MSE_UPPER",
    "AU_MAE",
    "AU_MSE",
    "AU_RMSE",
    "LOWER_UNITS",
    "UPPER_UNITS",
    "absolute_errors",
    "mean_absolute_errors",
    "mean_squared_errors",
    "summed_squared_errors",
]

Floats = NDArray[np.float64]

UPPER_UNITS: Final = ("AU01", "AU02", "AU04", "AU05", "AU06", "AU07", "AU09", "AU45")
LOWER_UNITS: Final = (
    "AU10", "AU12", "AU14", "AU15", "AU17", "AU20", "AU23", "AU25", "AU26",
)  # fmt: skip
"""The two halves of the face of ``auerror.py`` of TalkingGaussian (github.com/Fictionarry)."""

_ANY_SCALE = "in the unit of the estimator's scale; numbers of two scales cannot be compared"
_PAPER = "Valenzuela et al., CVPRW 2021"


def absolute_errors(output: Floats, source: Floats) -> Floats:
    """|a(y) - a(s)| of each Action Unit, of the shape of both arrays (N, A)."""
    return np.abs(output - source)


def mean_squared_errors(output: Floats, source: Floats) -> Floats:
    """Mean over Action Units of (a(y) - a(s))^2, (N,) of two (N, A)."""
    return np.asarray(np.square(output - source).mean(axis=1))


def mean_absolute_errors(output: Floats, source: Floats) -> Floats:
    """Mean over Action Units of |a(y) - a(s)|, (N,) of two (N, A)."""
    return np.asarray(absolute_errors(output, source).mean(axis=1))


def summed_squared_errors(output: Floats, source: Floats, columns: Sequence[int]) -> Floats:
    """Sum over some Action Units of (a(y) - a(s))^2, (N,) of two (N, A)."""
    chosen = list(columns)
    return np.asarray(np.square(output[:, chosen] - source[:, chosen]).sum(axis=1))


def _root_of_mean(sums: Floats) -> Floats:
    return np.sqrt(ratio(sums))


AU_MSE: Final = Measure(
    MetricCard(
        name="au_mse",
        title="squared AU error",
        formula="mean over AUs of (a(y) - a(s))^2",
        direction="down",
        unit="AU scale, squared",
        range="0 and up",
        best=0.0,
        needs=("action units",),
        aggregation="mean over pairs",
        failures="worst anchor",
        scales=_ANY_SCALE,
        source=_PAPER,
        symmetric=True,
    ),
    lambda pairs: with_count(mean_squared_errors(pairs.output, pairs.source)),
    ratio,
)

AU_MAE: Final = Measure(
    MetricCard(
        name="au_mae",
        title="absolute AU error",
        formula="mean over AUs of |a(y) - a(s)|",
        direction="down",
        unit="AU scale",
        range="0 and up",
        best=0.0,
        needs=("action units",),
        aggregation="mean over pairs",
        failures="worst anchor",
        scales=_ANY_SCALE,
        source=_PAPER,
        symmetric=True,
    ),
    lambda pairs: with_count(mean_absolute_errors(pairs.output, pairs.source)),
    ratio,
)

AU_RMSE: Final = Measure(
    MetricCard(
        name="au_rmse",
        title="root mean squared AU error",
        formula="sqrt(mean over AUs and pairs of (a(y) - a(s))^2)",
        direction="down",
        unit="AU scale",
        range="0 and up",
        best=0.0,
        needs=("action units",),
        aggregation="root of the mean over pairs, not the mean of roots",
        failures="worst anchor",
        scales=_ANY_SCALE,
        source="the square root of au_mse",
        symmetric=True,
    ),
    lambda pairs: with_count(mean_squared_errors(pairs.output, pairs.source)),
    _root_of_mean,
)


def _summed_error(name: str, where: str, wanted: tuple[str, ...]) -> Measure:
    def columns(pairs: PairReadings) -> list[int]:
        return [i for i, unit in enumerate(pairs.action_units) if unit in wanted]

    def lacking(pairs: PairReadings) -> str:
        return "" if columns(pairs) else f"the AU estimator reads none of {', '.join(wanted)}"

    def remark(pairs: PairReadings) -> str:
        unread = [unit for unit in wanted if unit not in pairs.action_units]
        return f"without {', '.join(unread)}, which the AU estimator does not read" * bool(unread)

    summands: Callable[[PairReadings], Floats] = lambda pairs: with_count(  # noqa: E731
        summed_squared_errors(pairs.output, pairs.source, columns(pairs))
    )
    card = MetricCard(
        name=name,
        title=f"AUE{where}: summed squared AU error",
        formula=f"sum over {len(wanted)} AUs of (a(y) - a(s))^2: "
        + " ".join(str(int(unit[2:])) for unit in wanted),
        direction="down",
        unit="AU scale, squared",
        range="0 and up",
        best=0.0,
        needs=("action units",),
        aggregation="mean over pairs of the sum, which is the sum of the AUs' mean squared errors",
        failures="worst anchor",
        scales="published numbers are OpenFace intensities 0..5; on another scale, or without an "
        "AU of the list, which is then named, they cannot be compared",
        source="TalkingGaussian, auerror.py (github.com/Fictionarry/TalkingGaussian)",
        symmetric=True,
    )
    return Measure(card, summands, ratio, lacking, remark)


AUE_SUM_MSE: Final = _summed_error("aue_sum_mse", "", UPPER_UNITS + LOWER_UNITS)
AUE_SUM_MSE_UPPER: Final = _summed_error("aue_sum_mse_upper", "-U", UPPER_UNITS)
AUE_SUM_MSE_LOWER: Final = _summed_error("aue_sum_mse_lower", "-L", LOWER_UNITS)
