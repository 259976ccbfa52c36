"""All metrics that are computed from :class:`PairReadings`, in the order of a table."""

from __future__ import annotations

from typing import Final

from metrics.measures.change import AU_DELTA_CORR, AU_DELTA_COS, AU_DELTA_MAE
from metrics.measures.errors import (
    AU_MAE,
    AU_MSE,
    AU_RMSE,
    AUE_SUM_MSE,
    AUE_SUM_MSE_LOWER,
    AUE_SUM_MSE_UPPER,
)
from metrics.measures.identity import (
    ID_CSIM_TARGET,
    ID_DIST_SOURCE,
    ID_DIST_TARGET,
    ID_MARGIN,
    ID_RETAINED,
)
from metrics.measures.images import IMAGE_MEASURES
from metrics.measures.landmarks import LMK_NME
from metrics.measures.measure import Measure
from metrics.measures.presence import AU_ACTIVE_MAE, AU_HALLUCINATION, AU_PRESENCE_F1, AUCON

__all__ = ["MEASURES"]

MEASURES: Final[tuple[Measure, ...]] = (
    AU_MSE,
    AU_MAE,
    AU_RMSE,
    AU_ACTIVE_MAE,
    AU_HALLUCINATION,
    AU_DELTA_MAE,
    AU_DELTA_COS,
    AU_DELTA_CORR,
    AU_PRESENCE_F1,
    AUCON,
    AUE_SUM_MSE,
    AUE_SUM_MSE_UPPER,
    AUE_SUM_MSE_LOWER,
    ID_DIST_TARGET,
    ID_DIST_SOURCE,
    ID_MARGIN,
    ID_CSIM_TARGET,
    ID_RETAINED,
    LMK_NME,
    *IMAGE_MEASURES,
)
