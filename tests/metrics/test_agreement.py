from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from metrics.agreement import (
    correlation_sums,
    equal_error_rate,
    false_match_threshold,
    mean_absolute_error,
    pearson,
    pearson_of_sums,
    unit_distances,
    verification_scores,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_pearson_agrees_with_scipy_in_each_column(rng: np.random.Generator) -> None:
    x = rng.normal(size=(50, 3))
    y = x * [1.0, -0.5, 0.0] + rng.normal(size=(50, 3))
    expected = [stats.pearsonr(x[:, c], y[:, c]).statistic for c in range(3)]
    np.testing.assert_allclose(pearson(x, y), expected, rtol=1e-12)
    assert float(pearson(x[:, 0], y[:, 0])) == pytest.approx(expected[0])


def test_pearson_of_a_line_is_one_also_far_from_zero() -> None:
    x = np.arange(10.0)
    assert float(pearson(x, 1e9 + 3.0 * x)) == pytest.approx(1.0)
    assert float(pearson(x, -x)) == pytest.approx(-1.0)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6])
def test_pearson_with_a_constant_is_undefined(constant: float) -> None:
    flat = np.full(7, constant)
    assert np.isnan(pearson(flat, np.arange(7.0)))
    assert np.isnan(pearson(np.arange(7.0), flat))


def test_weighted_sums_are_the_correlation_of_repeated_rows(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 8, 2))
    counts = rng.integers(0, 4, 8)
    sums = np.tensordot(counts.astype(float), correlation_sums(x, y), axes=1)
    expected = pearson(np.repeat(x, counts, axis=0), np.repeat(y, counts, axis=0))
    np.testing.assert_allclose(pearson_of_sums(sums), expected, rtol=1e-12)


def test_mean_absolute_error_of_each_column() -> None:
    np.testing.assert_allclose(mean_absolute_error([[1, 2], [3, 2]], [[0, 2], [1, 3]]), [1.5, 0.5])


def test_scores_are_of_all_pairs_once() -> None:
    axes = np.eye(3)
    embeddings = np.array([axes[0], axes[0], axes[1], -axes[0]])
    same, different = verification_scores(embeddings, ["a", "a", "a", "b"])
    assert sorted(same) == [0.0, 0.0, 1.0]
    assert sorted(different) == [-1.0, -1.0, 0.0]


@pytest.mark.parametrize(
    ("same", "different", "expected"),
    [
        ([0.8, 0.9], [0.1, 0.2, 0.3], 0.0),
        ([0.1, 0.2], [0.8, 0.9], 1.0),
        # One of four matches below one of four impostors.
        ([0.3, 0.7, 0.8, 0.9], [0.1, 0.2, 0.25, 0.5], 0.25),
        # All scores alike: nothing between all and none, and the middle is taken.
        ([0.5, 0.5], [0.5, 0.5, 0.5], 0.5),
    ],
)
def test_equal_error_rate_by_hand(
    same: list[float], different: list[float], expected: float
) -> None:
    assert equal_error_rate(same, different) == pytest.approx(expected)
    assert equal_error_rate([-s for s in different], [-s for s in same]) == pytest.approx(expected)


def test_equal_error_rate_of_two_normal_distributions(rng: np.random.Generator) -> None:
    """With equal spread the threshold is half way: EER = Phi(-d'/2)."""
    same, different = rng.normal(2.0, 1.0, 40_000), rng.normal(0.0, 1.0, 60_000)
    assert equal_error_rate(same, different) == pytest.approx(stats.norm.cdf(-1.0), abs=0.004)


def test_equal_error_rate_needs_both_kinds_of_pairs() -> None:
    assert np.isnan(equal_error_rate([], [0.1]))
    assert np.isnan(equal_error_rate([0.1], []))


def test_equal_error_rate_does_not_depend_on_the_scale(rng: np.random.Generator) -> None:
    same, different = rng.normal(1.0, 1.0, 300), rng.normal(0.0, 1.0, 200)
    assert equal_error_rate(np.exp(same), np.exp(different)) == pytest.approx(
        equal_error_rate(same, different)
    )


def test_distances_of_unit_vectors(rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(2, 9, 5))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    np.testing.assert_allclose(
        unit_distances((first * second).sum(axis=1)), np.linalg.norm(first - second, axis=1)
    )
    # Rounding takes a cosine beyond 1.
    np.testing.assert_array_equal(unit_distances([1.0 + 1e-7, 1.0, -1.0]), [0.0, 0.0, 2.0])


@pytest.mark.parametrize("pairs", [1, 50, 99, 100, 101, 1000, 1234])
@pytest.mark.parametrize("rate", [0.01, 0.29])
def test_no_more_strangers_than_the_rate_are_nearer(
    pairs: int, rate: float, rng: np.random.Generator
) -> None:
    distances = rng.uniform(0.5, 2.0, pairs)
    threshold = false_match_threshold(distances, rate)
    nearer = np.count_nonzero(distances < threshold)
    assert nearer == int(np.floor(rate * pairs + 1e-9))


def test_ties_at_the_threshold_are_refused_and_nobody_gives_none() -> None:
    distances = np.array([0.7] * 5 + [1.2] * 95)
    assert np.count_nonzero(distances < false_match_threshold(distances)) == 0
    assert np.isnan(false_match_threshold([]))
