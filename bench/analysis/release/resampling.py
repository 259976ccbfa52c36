"""Means over pairs, with intervals over what was crossed: expressions and targets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.bootstrap import FEWEST_IDENTITIES, Draws, draw_identities, resample_sums
from bench.analysis.statistics.resampled import ResampledSums

__all__ = ["draws_of", "few_warning", "means_of", "sums_of"]

Floats = NDArray[np.float64]


def draws_of(pairs: pd.DataFrame, *, resamples: int = 2000, seed: int = 0) -> Draws:
    """Draws expressions (in the place of sources: there is one source) and targets."""
    expressions, targets = pairs["expression"].unique(), pairs["target"].unique()
    return draw_identities(expressions, targets, resamples=resamples, seed=seed)


def sums_of(pairs: pd.DataFrame, draws: Draws, columns: Floats) -> ResampledSums:
    """Sums of (P, K) columns over P pairs and their number last, (K + 1,), resampled."""
    parts = np.column_stack([columns, np.ones(len(pairs))])
    return resample_sums(pairs.assign(source=pairs["expression"]), draws, parts)


def means_of(sums: Floats) -> Floats:
    """Means (..., K) of the sums (..., K + 1) of ``sums_of``; NaN where no pair was drawn."""
    count = sums[..., -1:]
    return np.asarray(sums[..., :-1] / np.where(count > 0, count, np.nan))


def few_warning(draws: Draws) -> str:
    """Why not to rely on the intervals; empty if there is no reason."""
    counts = {"expressions": len(draws.sources), "targets": len(draws.targets)}
    few = [f"{count} {what}" for what, count in counts.items() if count < FEWEST_IDENTITIES]
    if not few:
        return ""
    return (
        f"The intervals rest on {' and '.join(few)}, fewer than {FEWEST_IDENTITIES}: do not rely "
        "on them."
    )
