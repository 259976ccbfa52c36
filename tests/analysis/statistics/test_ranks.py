from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.statistics.comparisons import Comparison
from bench.analysis.statistics.ranks import rank_distribution, tie_groups


def comparison(first, second, separated):
    p_value = 0.001 if separated else 0.5
    return Comparison(first, second, 0.1, 0.0, 0.2, p_value, p_value, 1.0, 20, 20, 0.1)


def groups_of(scores, separated):
    names = list(scores)
    pairs = [(a, b) for place, a in enumerate(names) for b in names[place + 1 :]]
    return tie_groups(
        scores, [comparison(a, b, {a, b} in [set(pair) for pair in separated]) for a, b in pairs]
    )


def test_methods_that_never_meet_have_certain_ranks():
    found = rank_distribution(
        np.random.default_rng(0).uniform(size=(500, 3)) + np.array([20, 0, 10])
    )
    assert found.low.tolist() == found.high.tolist() == [1, 3, 2]
    assert found.best.tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.in_front, [[0.5, 1, 1], [0, 0.5, 0], [0, 1, 0.5]])


def test_probability_of_being_in_front_is_that_of_two_normals():
    values = np.random.default_rng(0).normal(loc=[1.0, 0.0], size=(20_000, 2))
    found = rank_distribution(values)
    assert found.in_front[0, 1] == pytest.approx(0.760, abs=0.01)
    assert found.in_front[0, 1] + found.in_front[1, 0] == pytest.approx(1)
    assert found.best.sum() == pytest.approx(1)
    assert (found.low.tolist(), found.high.tolist()) == ([1, 1], [2, 2])


def test_ties_share_the_smaller_rank_and_the_first_place():
    tied = np.column_stack([np.ones(10), np.ones(10) + 1e-12, np.zeros(10)])
    found = rank_distribution(tied)
    assert found.low.tolist() == found.high.tolist() == [1, 1, 3]
    assert found.best.tolist() == [0.5, 0.5, 0]
    assert found.in_front[0, 1] == 0.5


def test_undefined_scores_rank_behind_all_others():
    found = rank_distribution(np.column_stack([np.full(10, np.nan), np.full(10, -5.0)]))
    assert found.low.tolist() == [2, 1]
    only = rank_distribution(np.full((10, 2), np.nan))
    assert only.low.tolist() == [1, 1]
    with pytest.raises(ValueError, match="at least one"):
        rank_distribution(np.zeros((0, 2)))


def test_groups_do_not_chain():
    """Neighbours cannot be separated, ends can: the anchor decides, not the neighbour."""
    scores = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6}
    found = groups_of(scores, [("a", "c"), ("a", "d"), ("b", "d")])
    assert found == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_all_separated_or_none():
    scores = {"c": 0.1, "a": 0.9, "b": 0.5}
    assert groups_of(scores, [("a", "b"), ("b", "c"), ("a", "c")]) == {"c": 3, "a": 1, "b": 2}
    assert groups_of(scores, []) == {"c": 1, "a": 1, "b": 1}


def test_a_poorly_measured_method_joins_the_anchor_it_cannot_be_separated_from():
    scores = {"best": 0.9, "precise": 0.5, "vague": 0.4}
    found = groups_of(scores, [("best", "precise"), ("precise", "vague")])
    assert found == {"best": 1, "precise": 2, "vague": 1}


def test_undefined_scores_share_the_last_group():
    found = groups_of({"a": np.nan, "b": 0.5, "c": np.nan}, [])
    assert found == {"a": 2, "b": 1, "c": 2}


def test_a_missing_comparison_is_named():
    with pytest.raises(ValueError, match="a and b were not compared"):
        tie_groups({"a": 1.0, "b": 0.5}, [])
