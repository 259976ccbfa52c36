"""The alpha that each pair would have chosen with hindsight, as the reference paper reports it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.analysis.leave_one_out import oracle_by_pair, rows_at

__all__ = ["ERRORS", "OracleShare", "PairAlpha", "oracle_shares", "pair_alphas"]

ERRORS = ("au_mse", "au_mae")
"""Mean squared and mean absolute error over the Action Units."""


@dataclass(frozen=True, slots=True)
class PairAlpha:
    """One pair under one error.

    Attributes:
        error: ``au_mse`` or ``au_mae``.
        alpha: of least error, of equal ones the smallest; 0 is the mean face, doing nothing.
        at_edge: whether it is the first or the last alpha above 0, beyond which nothing was
            released.
        value: the error there, ``nothing`` the error of the target's mean face.
    """

    pair: str
    target: str
    expression: str
    error: str
    alpha: float
    at_edge: bool
    value: float
    nothing: float


@dataclass(frozen=True, slots=True)
class OracleShare:
    """Where the alphas of all pairs lie under one error, in numbers of pairs.

    Attributes:
        inside: between the first and the last alpha above 0, these included; ``low`` and ``high``
            are that first and last one.
        at_zero: at the mean face: no transfer is better than doing nothing.
        at_low, at_high: on the edges.
    """

    error: str
    low: float
    high: float
    pairs: int
    inside: int
    at_zero: int
    at_low: int
    at_high: int

    @property
    def share(self) -> float:
        """Of the pairs that are inside, 0 to 1."""
        return self.inside / self.pairs if self.pairs else float("nan")


def pair_alphas(terms: pd.DataFrame) -> list[PairAlpha]:
    """The oracle alphas of the cross pairs under both errors, by target and expression.

    Args:
        terms: rows of ``sample_terms`` at all alphas, 0 for the mean face among them.
    """
    cross = terms[terms["kind"] == "cross"]
    above = cross.loc[cross["alpha"] > 0, "alpha"]
    edges = {above.min(), above.max()}
    nothing = cross[cross["alpha"] == 0].set_index("pair")
    found = []
    for error in ERRORS:
        best = rows_at(cross, oracle_by_pair(cross, error), by="pair")
        for row in best.sort_values(["target", "expression"]).to_dict("records"):
            neutral = nothing[error].get(row["pair"], np.nan)
            found.append(
                PairAlpha(
                    row["pair"],
                    row["target"],
                    row["expression"],
                    error,
                    float(row["alpha"]),
                    row["alpha"] in edges,
                    float(row[error]),
                    float(neutral),
                )
            )
    return found


def oracle_shares(alphas: list[PairAlpha], low: float, high: float) -> list[OracleShare]:
    """How many oracle alphas lie in the range of the release, under each error."""
    shares = []
    for error in ERRORS:
        values = np.array([item.alpha for item in alphas if item.error == error])
        inside = (values >= low - 1e-6) & (values <= high + 1e-6)
        shares.append(
            OracleShare(
                error,
                low,
                high,
                len(values),
                int(inside.sum()),
                int((values == 0).sum()),
                int(np.isclose(values, low).sum()),
                int(np.isclose(values, high).sum()),
            )
        )
    return shares
