"""Tables of terms at several alphas, in the order that curves need."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["by_pair_and_alpha", "count_rows"]

Floats = NDArray[np.float64]


def by_pair_and_alpha(terms: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:
    """Cross rows by pair and then by alpha, and the A ascending alphas that every pair has.

    Args:
        terms: rows of ``sample_terms``; the alpha of a method without alpha is NaN, its only one.

    Returns:
        P x A rows, those of a pair together, and (A,).

    Raises:
        ValueError: a pair lacks an alpha or has one twice.
    """
    cross = terms[terms["kind"] == "cross"]
    pair_of_row, pairs = pd.factorize(cross["pair"], sort=True)
    alphas, alpha_of_row = np.unique(cross["alpha"].to_numpy(dtype=np.float64), return_inverse=True)
    order = np.lexsort((alpha_of_row, pair_of_row))
    expected = np.arange(len(pairs) * alphas.size)
    codes = pair_of_row[order] * alphas.size + alpha_of_row[order]
    if not np.array_equal(codes, expected):
        raise ValueError("not every pair has one row at every alpha: finish the run first")
    return cross.iloc[order], alphas


def count_rows(terms: pd.DataFrame) -> pd.DataFrame:
    """How many rows each pair has at each alpha: pairs x alphas, both ascending.

    Rows without alpha do not count, and pairs that have no other are left out.
    """
    rows = terms[terms["alpha"].notna()]
    pair_of_row, pairs = pd.factorize(rows["pair"], sort=True)
    alphas, alpha_of_row = np.unique(rows["alpha"].to_numpy(dtype=np.float64), return_inverse=True)
    shape = len(pairs), alphas.size
    cells = np.bincount(pair_of_row * alphas.size + alpha_of_row, minlength=shape[0] * shape[1])
    return pd.DataFrame(cells.reshape(shape), index=pairs, columns=alphas)
