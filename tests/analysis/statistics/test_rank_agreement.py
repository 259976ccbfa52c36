from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from bench.analysis.statistics.rank_agreement import kendall_tau_b


def test_the_same_order_and_the_reverse() -> None:
    scores = np.array([0.1, 0.5, 0.3, 0.9])
    assert kendall_tau_b(scores, 2 * scores, decimals=6) == 1
    assert kendall_tau_b(scores, -scores, decimals=6) == -1
    # One of six pairs is swapped.
    assert kendall_tau_b(scores, np.array([0.3, 0.5, 0.1, 0.9]), decimals=6) == pytest.approx(2 / 3)


def test_it_is_scipys_with_ties_and_over_many_lists() -> None:
    random = np.random.default_rng(0)
    first, second = random.integers(0, 4, size=(2, 200, 6)).astype(np.float64)
    found = kendall_tau_b(first, second, decimals=6)
    expected = [kendalltau(a, b).statistic for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_scores_that_agree_to_the_decimals_are_tied() -> None:
    first, second = np.array([0.5, 0.5 + 1e-9, 0.1]), np.array([0.2, 0.1, 0.05])
    assert kendall_tau_b(first, second, decimals=6) == pytest.approx(2 / np.sqrt(2 * 3))
    assert kendall_tau_b(first, second, decimals=12) == pytest.approx(1 / 3)


def test_an_undefined_score_is_the_worst() -> None:
    assert kendall_tau_b(np.array([0.5, np.nan]), np.array([0.2, 0.0]), decimals=6) == 1


@pytest.mark.parametrize("scores", [np.array([0.3, 0.3, 0.3]), np.array([0.3]), np.zeros(0)])
def test_without_an_order_it_is_undefined(scores: np.ndarray) -> None:
    assert np.isnan(kendall_tau_b(scores, np.arange(scores.size) * 1.0, decimals=6))
