"""Choosing the transfer intensity alpha, and where identity crosses from target to source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.records import SCHEMA_VERSION, number_or_none
from bench.analysis.scores import aggregate, measures
from bench.analysis.statistics.grids import count_rows

__all__ = [
    "AlphaSearch",
    "Crossover",
    "alpha_curve",
    "alpha_search",
    "choose_alpha",
    "crossover",
    "oracle_alphas",
]

Floats = NDArray[np.float64]

CURVE_COLUMNS = [
    "alpha",
    "au_mse",
    "au_mae",
    "id_dist_target",
    "id_dist_source",
    "id_dist_target_mean",
    "id_dist_source_mean",
    "expression_skill",
    "identity_retention",
    "naturalness",
    "transfer_score",
    "coverage",
]
ORACLE_COLUMNS = ["pair", "source", "target", "expression", "alpha_mse", "alpha_mae", "on_edge"]
JSON_CURVE_COLUMNS = [
    "alpha",
    "au_mse",
    "au_mae",
    "id_dist_target",
    "id_dist_source",
    "expression_skill",
    "identity_retention",
    "naturalness",
    "transfer_score",
    "coverage",
]

# Errors this close are one error: the same images read in another batch differ by less.
TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Crossover:
    """Where the output is as far from the target as from the source.

    Attributes:
        alpha: the first such alpha; None if there is none in range.
        count: how many there are in range.
    """

    alpha: float | None
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class AlphaSearch:
    """What the dev part says about alpha.

    Attributes:
        dev_alpha: the alpha of least mean AU squared error; what the leaderboard uses.
        dev_alpha_mae: the same by mean absolute error.
        crossover: of the distances to the identity references.
        crossover_decoded: the paper's variant, of the distances to the decoded mean faces; None
            if the grid has no alpha = 0 to make those.
        oracle: per cross pair the alpha that is best with hindsight, see ``oracle_alphas``.
        oracle_edge_share: share of the oracle's alphas on the edge of the grid, 0 to 1.
        curve: see ``alpha_curve``.
        pairs: number of cross pairs.
        unusable: pairs left out because a real image of theirs could not be read.
    """

    dev_alpha: float
    dev_alpha_mae: float
    crossover: Crossover
    crossover_decoded: Crossover | None
    oracle: pd.DataFrame
    oracle_edge_share: float
    curve: pd.DataFrame
    pairs: int
    unusable: int

    def to_dict(self, *, benchmark: str, method: str) -> dict[str, Any]:
        """The JSON of ``bench alpha-search --json``; what is undefined or none is null."""
        oracle = [
            {
                **row,
                "alpha_mse": number_or_none(row["alpha_mse"]),
                "alpha_mae": number_or_none(row["alpha_mae"]),
                "on_edge": bool(row["on_edge"]),
            }
            for row in self.oracle[ORACLE_COLUMNS].to_dict("records")
        ]
        curve = [
            {name: number_or_none(value) for name, value in row.items()}
            for row in self.curve[JSON_CURVE_COLUMNS].to_dict("records")
        ]
        decoded = self.crossover_decoded
        return {
            "schema_version": SCHEMA_VERSION,
            "benchmark": benchmark,
            "method": method,
            "dev_alpha": number_or_none(self.dev_alpha),
            "dev_alpha_mae": number_or_none(self.dev_alpha_mae),
            "crossover": number_or_none(self.crossover.alpha),
            "crossover_count": self.crossover.count,
            "crossover_decoded": None if decoded is None else number_or_none(decoded.alpha),
            "oracle_edge_share": number_or_none(self.oracle_edge_share),
            "pairs": self.pairs,
            "unusable_pairs": self.unusable,
            "oracle": oracle,
            "curve": curve,
        }


def alpha_curve(terms: pd.DataFrame, niqe_real: float) -> pd.DataFrame:
    """Measures and scores of the cross pairs at every alpha, ascending.

    Args:
        terms: rows of ``sample_terms`` at all alphas; rows without alpha do not count.
        niqe_real: mean NIQE of the part's real images.

    Returns:
        One row per alpha with the columns ``CURVE_COLUMNS``. Failed pairs count as the worst
        anchor in the AU errors and the scores, and are left out of the distances.
    """
    cross = terms[terms["kind"] == "cross"]
    rows = [
        {
            "alpha": float(alpha),
            **asdict(measures(group)),
            **asdict(aggregate(group, niqe_real=niqe_real)),
        }
        for alpha, group in cross.groupby("alpha", sort=True)
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def choose_alpha(curve: pd.DataFrame, error: str = "au_mse") -> float:
    """The alpha of least error on a curve; of equal ones the smallest.

    Raises:
        ValueError: the curve has no alpha with a defined error.
    """
    ascending = curve.sort_values("alpha")
    alphas, errors = (ascending[name].to_numpy(dtype=np.float64) for name in ("alpha", error))
    best = float(_least(alphas, errors[None])[0]) if alphas.size else np.nan
    if np.isnan(best):
        raise ValueError(f"no alpha can be chosen: the curve has no defined {error}")
    return best


def oracle_alphas(terms: pd.DataFrame) -> pd.DataFrame:
    """The alpha that is best for each cross pair with hindsight (protocol *oracle*).

    It sees the answer, so it is an upper bound and no result; the reference paper reports it.

    Returns:
        One row per cross pair, sorted by pair: pair, source, target, expression, alpha_mse and
        alpha_mae (least AU error among the alphas that did not fail, of equal ones the smallest,
        NaN if all failed), on_edge (alpha_mse is the smallest or the largest of the grid).
    """
    cross = terms[(terms["kind"] == "cross") & terms["alpha"].notna()]
    pairs = cross.drop_duplicates("pair").sort_values("pair")
    table = pairs[["pair", "source", "target", "expression"]].reset_index(drop=True)
    alphas = np.sort(cross["alpha"].unique()).astype(np.float64)
    for name, error in (("alpha_mse", "au_mse"), ("alpha_mae", "au_mae")):
        grid = cross.pivot(index="pair", columns="alpha", values=error)
        errors = grid.reindex(index=table["pair"], columns=alphas).to_numpy(dtype=np.float64)
        table[name] = _least(alphas, errors)
    table["on_edge"] = table["alpha_mse"].isin(alphas[[0, -1]] if alphas.size else [])
    return table[ORACLE_COLUMNS]


def crossover(
    alphas: Sequence[float] | Floats,
    d_target: Sequence[float] | Floats,
    d_source: Sequence[float] | Floats,
) -> Crossover:
    """First alpha at which both distances are equal, by linear interpolation of the difference.

    Alphas need not be sorted; those without both distances are left out. A stretch of equal
    distances counts once and begins where it begins.
    """
    order = np.argsort(np.asarray(alphas, dtype=np.float64))
    grid = np.asarray(alphas, dtype=np.float64)[order]
    gap = (np.asarray(d_target, dtype=np.float64) - np.asarray(d_source, dtype=np.float64))[order]
    grid, gap = grid[np.isfinite(gap)], gap[np.isfinite(gap)]
    sign = np.sign(gap)
    begins_equal = (sign == 0) & np.concatenate([[True], sign[:-1] != 0])[: sign.size]
    changes = np.flatnonzero(sign[:-1] * sign[1:] < 0)
    share = gap[changes] / (gap[changes] - gap[changes + 1])
    between = grid[changes] + share * (grid[changes + 1] - grid[changes])
    zeros = np.concatenate([grid[begins_equal], between])
    return Crossover(float(zeros.min()) if zeros.size else None, int(zeros.size))


def alpha_search(terms: pd.DataFrame, niqe_real: float) -> AlphaSearch:
    """Chooses alpha on the dev part.

    Args:
        terms: rows of ``sample_terms`` of one method on the dev part, every cross pair at every
            alpha of the grid.
        niqe_real: mean NIQE of the dev part's real images.

    Raises:
        ValueError: rows of another part (choosing alpha on the test part would let a method see
            the answers), a method without alpha, or a pair that lacks an alpha.
    """
    parts = sorted(set(terms["part"]) - {"dev"})
    if parts:
        raise ValueError(f"alpha is chosen on the dev part only, not on part {', '.join(parts)}")
    cross = terms[terms["kind"] == "cross"]
    _check_grid(cross)
    curve = alpha_curve(cross, niqe_real)
    oracle = oracle_alphas(cross)
    found = oracle.loc[oracle["alpha_mse"].notna(), "on_edge"]
    return AlphaSearch(
        dev_alpha=choose_alpha(curve),
        dev_alpha_mae=choose_alpha(curve, "au_mae"),
        crossover=_crossover_of(curve, "id_dist_target", "id_dist_source"),
        crossover_decoded=(
            _crossover_of(curve, "id_dist_target_mean", "id_dist_source_mean")
            if curve["id_dist_target_mean"].notna().any()
            else None
        ),
        oracle=oracle,
        oracle_edge_share=float(found.mean()) if len(found) else float("nan"),
        curve=curve,
        pairs=len(oracle),
        unusable=int(terms.attrs.get("unusable_pairs", 0)),
    )


def _check_grid(cross: pd.DataFrame) -> None:
    if cross.empty:
        raise ValueError("there is no cross pair to choose alpha on")
    if cross["alpha"].isna().any():
        raise ValueError("the method has no alpha: there is nothing to search")
    counts = count_rows(cross)
    uneven = counts.ne(1)
    if uneven.to_numpy().any():
        pair = uneven.any(axis=1).idxmax()
        alpha = uneven.loc[pair].idxmax()
        raise ValueError(
            f"pair {pair} has {counts.loc[pair, alpha]} rows at alpha {alpha:g} and should have "
            "one: finish the run before searching"
        )


def _crossover_of(curve: pd.DataFrame, target: str, source: str) -> Crossover:
    columns = curve[["alpha", target, source]].to_numpy(dtype=np.float64)
    return crossover(*columns.T)


def _least(alphas: Floats, errors: Floats) -> Floats:
    """(P,) the first of ascending alphas within ``TIE`` of each row's least; NaN if none is."""
    filled = np.where(np.isnan(errors), np.inf, errors)
    least = filled.min(axis=1, keepdims=True)
    tied = np.isfinite(filled) & (filled <= least * (1 + TIE))
    return np.where(tied.any(axis=1), alphas[tied.argmax(axis=1)], np.nan)
