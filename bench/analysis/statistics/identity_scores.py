"""Scores of single people: the blocks of the tests that ask for independent observations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from bench.analysis.scores import Failures, summands
from bench.analysis.statistics.cells import cell_sums
from bench.analysis.statistics.quantities import QUANTITIES, quantity_of_sums

__all__ = ["Side", "identity_scores", "score_matrix"]

Side = Literal["source", "target"]
"""On which side of a pair a person stands."""


def identity_scores(
    terms: pd.DataFrame, *, niqe_real: float, by: Side = "target", failures: Failures = "worst"
) -> pd.DataFrame:
    """Every score of each person's cross pairs, as ratios of sums over these pairs.

    Args:
        terms: rows of ``sample_terms`` at one alpha.
        niqe_real: mean NIQE of the part's real images.
        by: the side whose people are scored.
        failures: as in ``aggregate``.

    Returns:
        One row per identity, sorted by name, one column per name of ``QUANTITIES``; NaN where a
        denominator is 0.
    """
    cross = terms[terms["kind"] == "cross"]
    codes, names = pd.factorize(cross[by], sort=True)
    nobody = np.zeros_like(codes)
    sums = cell_sums(codes, nobody, summands(cross, failures), (len(names), 1)).of_sources
    columns = {name: quantity_of_sums(sums, name=name, niqe_real=niqe_real) for name in QUANTITIES}
    return pd.DataFrame(columns, index=pd.Index(names, name=by))


def score_matrix(
    tables: Mapping[str, pd.DataFrame],
    *,
    niqe_real: float,
    score: str = "transfer_score",
    by: Side = "target",
) -> pd.DataFrame:
    """One score of every person under every method: identities x methods.

    Args:
        tables: the terms of each method on the same pairs, at its alpha.
        niqe_real: mean NIQE of the part's real images.
        score: a column of ``identity_scores``.
        by: the side whose people are scored.

    Raises:
        ValueError: there is no such score.
    """
    columns = {}
    for name, terms in tables.items():
        scores = identity_scores(terms, niqe_real=niqe_real, by=by)
        if score not in scores.columns:
            raise ValueError(f"there is no score {score}: choose from {', '.join(scores.columns)}")
        columns[name] = scores[score]
    return pd.DataFrame(columns).sort_index()
