from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import t as student

from bench.analysis.bootstrap import draws_for, resample_scores, score_intervals
from bench.analysis.scores import aggregate
from bench.analysis.statistics.resampled import Resampled


def normal(value=0.0, scale=1.0, *, people=(20, 20), shares=(0.5, 0.5), seed=0, resamples=20_000):
    """A normal bootstrap distribution, with shares of its variance by side."""
    draws = [NormalDist().inv_cdf((place + 0.5) / resamples) for place in range(resamples)]
    around = np.random.default_rng(seed).permutation(draws) * scale
    sides = (value + around * np.sqrt(share) for share in shares)
    return Resampled(value, value + around, *sides, *people)


def test_interval_of_a_normal_distribution_is_the_t_interval():
    quantity = normal(2.0, 0.5)
    half = student.ppf(0.975, 19) * 0.5 * np.sqrt(20 / 19)
    low, high = quantity.interval()
    assert (low, high) == pytest.approx((2 - half, 2 + half), abs=3e-3)
    assert quantity.standard_error == pytest.approx(0.5 * np.sqrt(20 / 19), rel=1e-3)


def test_degrees_of_freedom_are_those_of_the_side_that_varies():
    few_vary = normal(people=(5, 50), shares=(1.0, 0.0))
    many_vary = normal(people=(5, 50), shares=(0.0, 1.0))
    both_vary = normal(people=(5, 50), shares=(0.5, 0.5))
    assert few_vary.degrees_of_freedom == pytest.approx(4)
    assert many_vary.degrees_of_freedom == pytest.approx(49)
    assert 4 < both_vary.degrees_of_freedom < 10


def test_what_belongs_to_pairs_is_counted_once_and_not_thrice():
    """Independent pairs: one side alone gives sigma^2/n, both together three times that."""
    quantity = normal(scale=np.sqrt(3.0), shares=(1 / 3, 1 / 3), people=(200, 200))
    assert quantity.standard_error == pytest.approx(1.0, rel=0.01)


def test_standard_error_of_a_mean_with_crossed_people_is_the_known_one(simulation):
    world = simulation(40, 40)
    random = np.random.default_rng(0)
    errors = 0.5 + world.effects(random, 0.2, 0.1, 0.3)
    terms = world.terms(errors)
    skill = resample_scores(terms, draws_for([terms]), niqe_real=4.0).expression_skill
    table = errors.reshape(40, 40)
    rows, columns = table.mean(axis=1).var(ddof=1) / 40, table.mean(axis=0).var(ddof=1) / 40
    rest = table - table.mean(axis=1)[:, None] - table.mean(axis=0) + table.mean()
    expected = np.sqrt(rows + columns - rest.var() / 1600)
    assert skill.standard_error == pytest.approx(expected, rel=0.05)


def test_p_value_says_whether_the_interval_holds_zero():
    for value in np.linspace(-3, 3, 25):
        quantity = normal(value, people=(10, 10))
        low, high = quantity.interval()
        assert (low <= 0 <= high) == (quantity.p_value() > 0.05)


def test_p_value_of_a_normal_distribution_is_that_of_the_t_test_also_far_out():
    error = np.sqrt(20 / 19)
    for value in (0.5, 2.0, 5.0, 12.0):
        expected = 2 * student.sf(value / error, 19)
        assert normal(value).p_value() == pytest.approx(expected, rel=0.1)
        assert normal(-value).p_value() == pytest.approx(normal(value).p_value(), rel=0.02)


def test_reach_is_where_the_p_value_meets_the_level():
    for value in (0.5, -2.0, 4.0, -9.0):
        quantity = normal(value, people=(15, 15), resamples=2000)
        p_value = quantity.p_value()
        assert quantity.reach(1 - p_value) == pytest.approx(abs(value), rel=0.02)
        assert quantity.reach() < quantity.reach(0.999) < quantity.reach(1 - 1e-9)


def test_a_long_tail_toward_zero_makes_a_difference_less_sure():
    even = normal(5.0, resamples=2000)
    skewed = Resampled(
        5.0,
        5.0 + np.where(even.both < 5, 2.0, 0.5) * (even.both - 5.0),
        even.source_only,
        even.target_only,
        20,
        20,
    )
    assert skewed.p_value() > 2 * even.p_value()
    away = Resampled(
        5.0,
        5.0 + np.where(even.both > 5, 2.0, 0.5) * (even.both - 5.0),
        even.source_only,
        even.target_only,
        20,
        20,
    )
    assert away.p_value() < skewed.p_value()


def test_constants_need_no_distribution():
    assert normal(0.0, 0.0).p_value() == 1.0
    assert normal(0.3, 0.0).p_value() == 0.0
    assert normal(0.3, 0.0).interval() == (0.3, 0.3)


def test_a_difference_is_taken_resample_by_resample(simulation):
    world = simulation(10, 10)
    terms = world.terms(0.5 + world.effects(np.random.default_rng(0), 0.1, 0.1, 0.1))
    better = terms.assign(expression_error=terms["expression_error"] - 0.1)
    draws = draws_for([terms])
    first, second = (
        resample_scores(table, draws, niqe_real=4.0).expression_skill for table in (better, terms)
    )
    difference = first - second
    assert first.standard_error > 0.01
    assert difference.value == pytest.approx(0.1)
    assert difference.interval() == pytest.approx((0.1, 0.1))
    assert difference.p_value() < 1e-6


def test_ends_stay_where_a_score_can_be(simulation):
    world = simulation(8, 8)
    niqe = np.where(world.source_of == 0, 4.4, 3.0)
    terms = world.terms(np.full(64, 0.5), niqe=niqe)
    found = score_intervals(terms, draws_for([terms]), niqe_real=4.0)
    assert found.naturalness.high <= 1.0
    doomed = world.terms(np.where(world.target_of < 4, 1.3, 0.6))
    transfer = score_intervals(doomed, draws_for([doomed]), niqe_real=4.0).transfer_score
    assert transfer.low == 0.0
    assert transfer.high > 0.1


def test_undefined_resamples_are_left_out():
    quantity = normal(1.0, 0.1, resamples=1000)
    holes = np.where(np.arange(1000) % 10 == 0, np.nan, quantity.both)
    holed = Resampled(1.0, holes, quantity.source_only, quantity.target_only, 20, 20)
    assert holed.interval() == pytest.approx(quantity.interval(), abs=0.02)
    nothing = np.full(10, np.nan)
    undefined = Resampled(np.nan, nothing, nothing, nothing, 20, 20)
    assert np.isnan(undefined.interval()).all()
    assert np.isnan(undefined.p_value())


def test_value_is_the_aggregate(simulation):
    world = simulation(6, 7)
    terms = world.terms(0.5 + world.effects(np.random.default_rng(0), 0.1, 0.1, 0.1))
    scores = resample_scores(terms, draws_for([terms], resamples=10), niqe_real=4.0)
    expected = aggregate(terms, niqe_real=4.0)
    assert scores.transfer_score.value == pytest.approx(expected.transfer_score, rel=1e-12)
    assert (scores.transfer_score.sources, scores.transfer_score.targets) == (6, 7)


def test_one_person_on_a_side_leaves_the_other_to_vary(simulation):
    world = simulation(1, 12)
    terms = world.terms(0.5 + world.effects(np.random.default_rng(0), 0.1, 0.1, 0.0))
    skill = resample_scores(terms, draws_for([terms]), niqe_real=4.0).expression_skill
    expected = terms["expression_error"].std(ddof=1) / np.sqrt(12)
    assert skill.standard_error == pytest.approx(expected, rel=0.05)
    assert skill.degrees_of_freedom == pytest.approx(11)
