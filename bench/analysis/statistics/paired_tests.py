"""Paired tests on people: Wilcoxon's signed ranks and sign flips, with Holm over methods.

Which people: pairs that share a person are not independent, so an observation is one person's
score over all of that person's pairs. By default the people are the targets, because whom a method
can keep is the harder half of the task. With targets as the observations the sources are taken as
given, and the other way round: such a p-value speaks of further people on that side with the same
people on the other. Only the two-way bootstrap (``comparisons``) speaks of further people on both
sides, so that one decides which methods share a place; ask for both sides here to see on which of
them a difference rests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.analysis.statistics.holm import holm
from bench.analysis.statistics.resampled import EQUAL

__all__ = [
    "PairedTest",
    "difference_tests",
    "paired_tests",
    "sign_flip_p_values",
    "wilcoxon_p_values",
]

Floats = NDArray[np.float64]

# 2^14 sign patterns are fewer than the patterns that would be drawn at random otherwise.
MOST_EXACT = 14


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Paired differences of people, tested against 0.

    Attributes:
        name: of the method that the reference is subtracted from, or of the score.
        difference: mean over people.
        people: how many have a defined difference.
        wilcoxon, sign_flip: two-sided p-values; NaN without people.
        wilcoxon_adjusted, sign_flip_adjusted: after Holm over all that were tested together.
    """

    name: str
    difference: float
    people: int
    wilcoxon: float
    wilcoxon_adjusted: float
    sign_flip: float
    sign_flip_adjusted: float


def paired_tests(
    scores: pd.DataFrame, reference: str, *, resamples: int = 20_000, seed: int = 0
) -> list[PairedTest]:
    """Tests every other method against one.

    Args:
        scores: identities x methods, see ``score_matrix``.
        reference: the method that the others are compared with.
        resamples: random sign patterns where there are too many for all.
        seed: of the sign patterns, which all methods share.

    Raises:
        ValueError: the reference is not among the methods.
    """
    if reference not in scores.columns:
        raise ValueError(
            f"{reference} is not among the methods {', '.join(map(str, scores.columns))}"
        )
    others = scores.drop(columns=reference)
    return difference_tests(others.sub(scores[reference], axis=0), resamples=resamples, seed=seed)


def difference_tests(
    table: pd.DataFrame, *, resamples: int = 20_000, seed: int = 0
) -> list[PairedTest]:
    """Tests each column of paired differences against 0, with Holm over the columns.

    Args:
        table: identities x what is compared: methods or scores.
        resamples, seed: as in ``paired_tests``.
    """
    differences = table.to_numpy(dtype=np.float64)
    wilcoxon = wilcoxon_p_values(differences)
    flips = sign_flip_p_values(differences, resamples=resamples, seed=seed)
    defined = np.isfinite(differences)
    people = defined.sum(axis=0)
    means = np.where(defined, differences, 0.0).sum(axis=0) / np.maximum(people, 1)
    names = map(str, table.columns)
    columns = zip(names, means, people, wilcoxon, holm(wilcoxon), flips, holm(flips), strict=True)
    return [
        PairedTest(name, float(mean) if count else np.nan, int(count), *map(float, p_values))
        for name, mean, count, *p_values in columns
    ]


def wilcoxon_p_values(differences: Floats) -> Floats:
    """Wilcoxon's signed-rank test of each column, two-sided.

    Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1(6), 1945,
    doi:10.2307/3001968; zeros are ranked and then dropped (Pratt, "Remarks on zeros and ties in
    the Wilcoxon signed rank procedures", JASA 54(287), 1959, doi:10.1080/01621459.1959.10501526).

    Args:
        differences: (n, K), NaN where undefined.

    Returns:
        (K,); 1 where all differences are 0, NaN where there is none.
    """
    from scipy.stats import wilcoxon

    p_values = []
    for column in differences.T:
        defined = _snapped(column[np.isfinite(column)])
        if not defined.size:
            p_values.append(np.nan)
        elif not defined.any():
            p_values.append(1.0)
        else:
            p_values.append(float(wilcoxon(defined, zero_method="pratt").pvalue))
    return np.array(p_values, dtype=np.float64)


def sign_flip_p_values(differences: Floats, *, resamples: int = 20_000, seed: int = 0) -> Floats:
    """Sign-flip (randomisation) test of the mean of each column, two-sided.

    Fisher, "The design of experiments", 1935, section 21. All sign patterns with up to 14 people;
    else random ones, of which the data are counted as one so that no p-value is 0 (Phipson and
    Smyth, "Permutation p-values should never be zero", Statistical Applications in Genetics and
    Molecular Biology 9(1), 2010, doi:10.2202/1544-6115.1585).

    Args:
        differences: (n, K), NaN where undefined.
        resamples: number of random patterns.
        seed: of the patterns.

    Returns:
        (K,); NaN where a column has no number.
    """
    people = len(differences)
    exact = people <= MOST_EXACT
    if exact:
        patterns = np.arange(2**people)[:, None] >> np.arange(people) & 1
    else:
        patterns = np.random.default_rng(seed).integers(0, 2, size=(resamples, people))
    signs = patterns * 2.0 - 1.0
    defined = np.isfinite(differences)
    values = np.where(defined, _snapped(differences), 0.0)
    observed = np.abs(values.sum(axis=0))
    # Sums of the same numbers in another order may differ in the last bits.
    slack = 1e-12 * np.abs(values).sum(axis=0)
    extreme = (np.abs(signs @ values) >= observed - slack).sum(axis=0)
    p_values = extreme / len(signs) if exact else (extreme + 1) / (len(signs) + 1)
    return np.where(defined.any(axis=0), p_values, np.nan)


def _snapped(differences: Floats) -> Floats:
    return np.where(np.abs(differences) < EQUAL, 0.0, differences)
