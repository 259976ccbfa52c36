from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.statistics.holm import holm, holm_multiplicities


def test_known_example():
    p_values = np.array([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(holm(p_values), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm_multiplicities(p_values), [3, 1, 2, 4])


def test_one_comparison_is_not_corrected():
    assert holm(np.array([0.04])) == pytest.approx([0.04])


def test_undefined_p_values_are_no_comparisons():
    found = holm(np.array([[0.01, np.nan], [np.nan, 0.04]]))
    np.testing.assert_allclose(found, [[0.02, np.nan], [np.nan, 0.04]])
    assert np.isnan(holm(np.array([np.nan]))).all()
    assert holm(np.zeros(0)).size == 0


def test_never_below_the_p_value_above_one_or_out_of_order():
    p_values = np.random.default_rng(0).uniform(size=50)
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all()
    assert adjusted.max() <= 1
    assert (np.diff(adjusted[np.argsort(p_values)]) >= 0).all()


def test_under_true_nulls_any_finding_is_rare():
    random = np.random.default_rng(1)
    worlds = random.uniform(size=(2000, 10))
    assert np.mean([holm(world).min() <= 0.05 for world in worlds]) == pytest.approx(0.05, abs=0.02)
