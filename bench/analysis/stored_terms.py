"""The terms of a stored run, and the rows of them that can be compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from bench.analysis.terms import sample_terms
from bench.run.store import StoredRun

__all__ = ["full_grid", "on_grid", "terms_of"]


def terms_of(run: StoredRun, part: str, pairs: Collection[str] | None = None) -> pd.DataFrame:
    """Terms of the rows of a part, of the given pairs or of all that are stored."""
    keys = run.scores["source"] + "/" + run.scores["sample"] + ">" + run.scores["target"]
    chosen = run.scores["part"] == part
    if pairs is not None:
        chosen &= keys.isin(list(pairs))
    rows = run.scores[chosen].reset_index(drop=True)
    return sample_terms(rows, run.references[run.references["part"] == part], run.action_units)


def on_grid(terms: pd.DataFrame, alphas: Sequence[float] | None) -> pd.DataFrame:
    """The rows at these alphas; all for None."""
    if alphas is None:
        return terms
    kept = terms[terms["alpha"].round(6).isin([round(alpha, 6) for alpha in alphas])]
    kept.attrs = terms.attrs
    return kept


def full_grid(terms: pd.DataFrame) -> pd.DataFrame:
    """The rows of those alphas that every pair has, so that a curve compares the same pairs.

    Runs with other grids or limits may have added rows. If no alpha is common to all pairs, the
    pairs with the most alphas are kept instead.
    """
    present = pd.crosstab(terms["pair"], terms["alpha"]).gt(0)
    common = present.columns[present.all(axis=0)]
    if len(common):
        kept = terms[terms["alpha"].isin(common)]
    else:
        alphas = present.sum(axis=1)
        kept = terms[terms["pair"].isin(alphas.index[alphas == alphas.max()])]
    kept.attrs = terms.attrs
    return kept
