"""How far an instrument agrees with the truth: correlation, error, and verification."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "correlation_sums",
    "equal_error_rate",
    "false_match_threshold",
    "mean_absolute_error",
    "pearson",
    "pearson_of_sums",
    "unit_distances",
    "verification_scores",
]

Floats = NDArray[np.float64]


def pearson(first: ArrayLike, second: ArrayLike) -> Floats:
    """Pearson's correlation coefficient of each column.

    Args:
        first, second: (N,) or (N, A), of one shape.

    Returns:
        () or (A,), -1 to 1; NaN where either side is constant.
    """
    x, y = (np.asarray(side, dtype=np.float64) for side in (first, second))
    # Around the means first: differences of large sums would lose digits.
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return pearson_of_sums(correlation_sums(x, y).sum(axis=0))


def correlation_sums(first: ArrayLike, second: ArrayLike) -> Floats:
    """What each row adds to a correlation: 1, x, y, x^2, y^2 and xy.

    Sums over any rows, weighted or not, give :func:`pearson_of_sums`, so that a bootstrap is one
    matrix product. Centre the columns first where the mean is large beside the deviation.

    Args:
        first, second: (N,) or (N, A), of one shape.

    Returns:
        (N, 6) or (N, 6, A).
    """
    x, y = (np.asarray(side, dtype=np.float64) for side in (first, second))
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def pearson_of_sums(sums: Floats) -> Floats:
    """Pearson's correlation coefficient of summed :func:`correlation_sums`.

    Args:
        sums: (6,), (6, A) or (..., 6, A).

    Returns:
        The shape without the axis of 6; NaN where either side is constant.
    """
    n, x, y, xx, yy, xy = np.moveaxis(sums, -2 if sums.ndim > 1 else -1, 0)
    spread_x, spread_y = n * xx - x * x, n * yy - y * y
    # Rounding leaves a constant with a spread of some 1e-16 of its square, not with 0.
    constant = (spread_x <= 1e-12 * n * xx) | (spread_y <= 1e-12 * n * yy)
    product = np.where(constant, np.nan, spread_x * spread_y)
    return np.asarray(np.clip((n * xy - x * y) / np.sqrt(product), -1.0, 1.0))


def mean_absolute_error(first: ArrayLike, second: ArrayLike) -> Floats:
    """Mean of |first - second| of each column: () of (N,), (A,) of (N, A)."""
    x, y = (np.asarray(side, dtype=np.float64) for side in (first, second))
    return np.asarray(np.abs(x - y).mean(axis=0))


def verification_scores(
    embeddings: ArrayLike, identities: Sequence[str] | NDArray[np.str_]
) -> tuple[Floats, Floats]:
    """Cosines of all pairs of images, of the same person and of different people.

    Args:
        embeddings: (N, D) of unit norm.
        identities: N names.

    Returns:
        Cosines of the pairs of one person, and of all other pairs; together N (N - 1) / 2.
    """
    vectors = np.asarray(embeddings, dtype=np.float64)
    names = np.asarray(identities)
    rows, columns = np.triu_indices(len(vectors), k=1)
    cosines = (vectors @ vectors.T)[rows, columns]
    same = names[rows] == names[columns]
    return cosines[same], cosines[~same]


def unit_distances(cosines: ArrayLike) -> Floats:
    """L2 distances (0 to 2) of unit vectors with these cosines: sqrt(2 - 2 cos)."""
    return np.asarray(np.sqrt(np.clip(2.0 - 2.0 * np.asarray(cosines, dtype=np.float64), 0.0, 4.0)))


def false_match_threshold(different: ArrayLike, rate: float = 0.01) -> float:
    """The distance below which a share of the pairs of strangers lies: a threshold at that FMR.

    Pairs strictly nearer than the threshold are accepted as one person, so that the false match
    rate (ISO/IEC 19795-1) is at most ``rate``, and reaches it where the number of pairs allows.

    Args:
        different: (D,) distances of pairs of two people.
        rate: 0 to below 1.

    Returns:
        One of the distances; NaN if there is none.
    """
    distances = np.sort(np.asarray(different, dtype=np.float64))
    # Of 0.29 * 100 pairs, 29 may be accepted: the product is 28.999999999999996.
    accepted = int(np.floor(rate * distances.size + 1e-9))
    return float(distances[accepted]) if distances.size else float("nan")


def equal_error_rate(same: ArrayLike, different: ArrayLike) -> float:
    """Equal error rate of a verification: where false matches are as frequent as false non-matches.

    A pair counts as one person if its score reaches a threshold. Between two thresholds both
    rates are taken to change linearly (ISO/IEC 19795-1 leaves the interpolation open).

    Args:
        same: (S,) scores of pairs of one person, higher for more alike.
        different: (D,) scores of pairs of two people.

    Returns:
        0 (fully separated) to 1; 0.5 is chance. NaN if either side is empty.
    """
    matches, impostors = (np.sort(np.asarray(s, dtype=np.float64)) for s in (same, different))
    if not matches.size or not impostors.size:
        return float("nan")
    thresholds = np.append(np.unique(np.concatenate([matches, impostors])), np.inf)
    missed = np.searchsorted(matches, thresholds, side="left") / matches.size
    false = 1.0 - np.searchsorted(impostors, thresholds, side="left") / impostors.size
    # At the lowest threshold nobody is missed and everybody matches; at infinity the reverse.
    after = int(np.argmax(missed >= false))
    gap_before, gap = false[after - 1] - missed[after - 1], missed[after] - false[after]
    share = gap_before / (gap_before + gap)
    return float(missed[after - 1] + share * (missed[after] - missed[after - 1]))
