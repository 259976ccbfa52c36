"""The terms of a stored run, and the rows of them that can be compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from bench.analysis.light_runs import kept
from bench.analysis.statistics.grids import count_rows
from bench.analysis.terms import sample_terms
from bench.run.store import StoredRun

__all__ = ["full_grid", "on_grid", "terms_of"]


def terms_of(run: StoredRun, part: str, pairs: Collection[str] | None = None) -> pd.DataFrame:
    """Terms of the rows of a part, of the given pairs or of all that are stored.

    A run that keeps what was computed of it returns the same table again: it is not to be changed.
    """
    chosen = None if pairs is None else frozenset(pairs)
    return kept(run, ("terms", part, chosen), lambda: _terms(run, part, chosen))


def _terms(run: StoredRun, part: str, pairs: frozenset[str] | None) -> pd.DataFrame:
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
    chosen = terms["alpha"].round(6).isin([round(alpha, 6) for alpha in alphas])
    if chosen.all():
        return terms
    rows = terms[chosen]
    rows.attrs = terms.attrs
    return rows


def full_grid(terms: pd.DataFrame) -> pd.DataFrame:
    """The rows of those alphas that every pair has, so that a curve compares the same pairs.

    Runs with other grids or limits may have added rows. If no alpha is common to all pairs, the
    pairs with the most alphas are kept instead.
    """
    counts = count_rows(terms)
    common = counts.columns[counts.gt(0).all(axis=0)]
    if len(common) == counts.shape[1] and terms["alpha"].notna().all():
        return terms
    if len(common):
        full = terms[terms["alpha"].isin(common)]
    else:
        alphas = counts.gt(0).sum(axis=1)
        full = terms[terms["pair"].isin(alphas.index[alphas == alphas.max()])]
    full.attrs = terms.attrs
    return full
