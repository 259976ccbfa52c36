from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import permutation_test, wilcoxon

from bench.analysis.statistics.paired_tests import (
    paired_tests,
    sign_flip_p_values,
    wilcoxon_p_values,
)


def differences(people, shift=0.0, seed=0):
    return np.random.default_rng(seed).normal(loc=shift, size=(people, 1))


@pytest.mark.parametrize("people", [2, 5, 12])
def test_sign_flips_of_few_people_are_exact(people):
    values = differences(people, 0.7)
    expected = permutation_test(
        (values[:, 0],), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flip_p_values(values)[0] == pytest.approx(expected)


def test_sign_flips_of_many_people_agree_with_scipy():
    values = differences(30, 0.4, seed=1)
    expected = permutation_test(
        (values[:, 0],),
        lambda sample, axis: sample.mean(axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        vectorized=True,
    ).pvalue
    assert sign_flip_p_values(values)[0] == pytest.approx(expected, abs=0.01)
    assert sign_flip_p_values(values) == sign_flip_p_values(values)


def test_the_least_p_value_is_that_of_one_pattern_and_its_mirror():
    assert sign_flip_p_values(np.ones((8, 1)))[0] == pytest.approx(2 / 2**8)
    assert sign_flip_p_values(np.ones((200, 1)), resamples=999)[0] == pytest.approx(1 / 1000)


def test_wilcoxon_agrees_with_scipy_and_survives_zeros():
    values = differences(25, 0.3)
    assert wilcoxon_p_values(values)[0] == pytest.approx(wilcoxon(values[:, 0]).pvalue)
    assert wilcoxon_p_values(np.zeros((10, 1)))[0] == 1.0
    assert wilcoxon_p_values(np.full((10, 1), 1e-15))[0] == 1.0


def test_undefined_people_are_left_out():
    values = differences(20, 0.5)
    holed = np.vstack([values, np.full((3, 1), np.nan)])
    assert wilcoxon_p_values(holed)[0] == pytest.approx(wilcoxon_p_values(values)[0])
    exact, with_holes = (
        sign_flip_p_values(table, resamples=50_000)[0] for table in (values, holed)
    )
    assert with_holes == pytest.approx(exact, abs=0.01)
    nobody = np.full((5, 1), np.nan)
    assert np.isnan(wilcoxon_p_values(nobody)).all()
    assert np.isnan(sign_flip_p_values(nobody)).all()


@pytest.mark.parametrize("people", [10, 20])
def test_p_values_of_no_difference_are_about_uniform(people):
    values = np.random.default_rng(3).normal(size=(people, 1000))
    for p_values in (wilcoxon_p_values(values), sign_flip_p_values(values, resamples=2000)):
        assert (p_values <= 0.05).mean() == pytest.approx(0.05, abs=0.02)
        assert (p_values <= 0.5).mean() == pytest.approx(0.5, abs=0.05)


def test_methods_are_tested_against_the_reference_with_holm():
    random = np.random.default_rng(0)
    base = random.normal(size=30)
    scores = pd.DataFrame(
        {
            "reference": base,
            "better": base + 1 + 0.1 * random.normal(size=30),
            "alike": base + 0.1 * random.normal(size=30),
        }
    )
    better, alike = paired_tests(scores, "reference")
    assert (better.name, alike.name) == ("better", "alike")
    assert better.difference == pytest.approx(1, abs=0.1)
    assert better.people == 30
    assert better.wilcoxon_adjusted == pytest.approx(2 * better.wilcoxon)
    assert better.sign_flip_adjusted < 0.001
    assert alike.wilcoxon_adjusted >= 0.05
    with pytest.raises(ValueError, match="not among the methods"):
        paired_tests(scores, "absent")
