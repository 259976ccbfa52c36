"""Alpha for data without a test part: chosen for each target on the pairs of the other targets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bench.analysis.alpha import alpha_curve, choose_alpha, oracle_alphas

__all__ = ["alphas_left_out", "oracle_by_pair", "rows_at"]


def alphas_left_out(
    terms: pd.DataFrame, error: str = "au_mse", by: str = "target"
) -> dict[str, float]:
    """The alpha of least mean error of all cross pairs but those of one person.

    No person's alpha has seen that person, so that the pairs can be scored without a test part.

    Args:
        terms: rows of ``sample_terms``, every cross pair at every alpha.
        error: ``au_mse`` or ``au_mae``.
        by: whom to leave out: the column ``target``, or another such as ``expression``.

    Returns:
        Alpha by the value of ``by`` that was left out.

    Raises:
        ValueError: there are fewer than two, or the others have no defined error.
    """
    cross = terms[terms["kind"] == "cross"]
    names = sorted(cross[by].unique())
    if len(names) < 2:
        raise ValueError(f"there are no two values of {by}, so that none can be left out")
    return {
        name: choose_alpha(alpha_curve(cross[cross[by] != name], float("nan")), error)
        for name in names
    }


def rows_at(terms: pd.DataFrame, alphas: Mapping[str, float], by: str = "target") -> pd.DataFrame:
    """The cross rows at the alpha of their value of the column ``by``, one per pair."""
    wanted = terms[by].map(dict(alphas))
    kept = terms[(terms["kind"] == "cross") & np.isclose(terms["alpha"], wanted, atol=1e-6)]
    kept.attrs = terms.attrs
    return kept


def oracle_by_pair(terms: pd.DataFrame, error: str = "au_mse") -> dict[str, float]:
    """Alpha by pair, best for that pair with hindsight; pairs that always failed are left out."""
    oracle = oracle_alphas(terms)
    column = {"au_mse": "alpha_mse", "au_mae": "alpha_mae"}[error]
    return dict(oracle.loc[oracle[column].notna(), ["pair", column]].itertuples(index=False))
