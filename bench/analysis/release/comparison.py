"""The transfers beside doing nothing: the comparison that the reference paper does not make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.alpha import alpha_curve, choose_alpha
from bench.analysis.bootstrap import Draws
from bench.analysis.leave_one_out import alphas_left_out, oracle_by_pair, rows_at
from bench.analysis.release.oracle import ERRORS
from bench.analysis.release.resampling import means_of, sums_of

__all__ = ["PROTOCOLS", "Comparison", "compare_with_nothing"]

PROTOCOLS = ("oracle", "leave-one-target-out", "leave-one-expression-out", "best fixed")
"""How alpha was chosen, from the one that sees every answer to the one that fits them together."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """By how much the transfers have less AU error than the target's mean face.

    Attributes:
        protocol: one of ``PROTOCOLS``; alphas above 0 alone are chosen from.
        error: ``au_mse`` or ``au_mae``.
        alphas: by what was left out, under ``all`` for one alpha; empty for the oracle.
        gain: mean over the pairs of the error of doing nothing minus that of the transfer;
            ``low`` and ``high`` are its 95 % interval, with the chosen alphas taken as given.
        better: pairs in which the transfer has less error, of ``pairs``.
        gain_by_target: mean gain of each target.
    """

    protocol: str
    error: str
    alphas: dict[str, float]
    gain: float
    low: float
    high: float
    better: int
    pairs: int
    gain_by_target: dict[str, float]


def compare_with_nothing(
    transfer: pd.DataFrame, nothing: pd.DataFrame, draws: Draws
) -> list[Comparison]:
    """Compares pair by pair under every error and protocol.

    A protocol that leaves somebody out is left out itself where there is only one to leave out.

    Args:
        transfer: rows of ``sample_terms`` of the method.
        nothing: of ``target-neutral``, one row per pair.
        draws: of ``draws_of``.
    """
    cross = transfer[(transfer["kind"] == "cross") & (transfer["alpha"] > 0)]
    still = nothing[nothing["kind"] == "cross"].set_index("pair")
    return [
        _compare(*chosen, still[error], draws, error, protocol)
        for error in ERRORS
        for protocol in PROTOCOLS
        if (chosen := _chosen(cross, error, protocol)) is not None
    ]


def _chosen(
    cross: pd.DataFrame, error: str, protocol: str
) -> tuple[pd.DataFrame, dict[str, float]] | None:
    """The rows at the chosen alphas, and those alphas."""
    if protocol == "oracle":
        return rows_at(cross, oracle_by_pair(cross, error), by="pair"), {}
    if protocol == "best fixed":
        best = choose_alpha(alpha_curve(cross, float("nan")), error)
        everyone = dict.fromkeys(cross["pair"].unique(), best)
        return rows_at(cross, everyone, by="pair"), {"all": best}
    by = "target" if protocol == "leave-one-target-out" else "expression"
    if cross[by].nunique() < 2:
        return None
    alphas = alphas_left_out(cross, error, by=by)
    return rows_at(cross, alphas, by=by), alphas


def _compare(
    rows: pd.DataFrame,
    alphas: dict[str, float],
    still: pd.Series,
    draws: Draws,
    error: str,
    protocol: str,
) -> Comparison:
    gains = still.reindex(rows["pair"]).to_numpy(dtype=np.float64) - rows[error].to_numpy()
    known = np.isfinite(gains)
    rows, gains = rows[known], gains[known]
    mean = sums_of(rows, draws, gains[:, None]).quantity(lambda sums: means_of(sums)[..., 0])
    by_target = pd.Series(gains, index=rows["target"]).groupby(level=0).mean()
    return Comparison(
        protocol,
        error,
        alphas,
        mean.value,
        *mean.interval(),
        int((gains > 0).sum()),
        len(gains),
        {str(target): float(gain) for target, gain in by_target.items()},
    )
