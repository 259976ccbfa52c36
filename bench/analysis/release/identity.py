"""How identity moves from the target to the source over alpha."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bench.analysis.alpha import Crossover, crossover

__all__ = ["IdentityCurve", "identity_curves"]


@dataclass(frozen=True, slots=True)
class IdentityCurve:
    """Distances of the outputs of one target over alpha, means over the expressions.

    Attributes:
        alphas: ascending; 0 is the target's mean face.
        to_target, to_source: L2 of unit embeddings, 0 to 2, to the two mean faces.
        crossover: of the mean curves.
        crossovers: of each expression by itself.
    """

    target: str
    alphas: tuple[float, ...]
    to_target: tuple[float, ...]
    to_source: tuple[float, ...]
    crossover: Crossover
    crossovers: dict[str, Crossover]


def identity_curves(terms: pd.DataFrame) -> list[IdentityCurve]:
    """One curve for each target of a cross pair, by name; failed rows are left out."""
    cross = terms[(terms["kind"] == "cross") & (terms["outcome"] == "ok")]
    curves = []
    for target, rows in cross.groupby("target", sort=True):
        mean = rows.groupby("alpha")[["id_dist_target", "id_dist_source"]].mean()
        curves.append(
            IdentityCurve(
                str(target),
                tuple(map(float, mean.index)),
                tuple(map(float, mean["id_dist_target"])),
                tuple(map(float, mean["id_dist_source"])),
                _crossover(mean.reset_index()),
                {str(name): _crossover(of) for name, of in rows.groupby("expression", sort=True)},
            )
        )
    return curves


def _crossover(rows: pd.DataFrame) -> Crossover:
    columns = rows[["alpha", "id_dist_target", "id_dist_source"]].to_numpy(dtype=float)
    return crossover(*columns.T)
