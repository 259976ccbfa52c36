from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import friedmanchisquare

from bench.analysis.statistics.average_ranks import average_ranks, critical_difference


def table(people=25, methods=5, seed=0, step=0.4):
    values = np.random.default_rng(seed).normal(size=(people, methods))
    values += step * np.arange(methods)
    return pd.DataFrame(values, columns=[f"m{number}" for number in range(methods)])


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_difference_follows_demsars_table(methods, q):
    expected = q * np.sqrt(methods * (methods + 1) / (6 * 30))
    assert critical_difference(methods, 30) == pytest.approx(expected, rel=1e-3)


def test_friedman_agrees_with_scipy_also_with_ties():
    for scores in (table(), table().round(0)):
        expected = friedmanchisquare(*scores.to_numpy().T)
        found = average_ranks(scores)
        assert found.friedman == pytest.approx(expected.statistic)
        assert found.p_value == pytest.approx(expected.pvalue)


def test_best_method_has_the_smallest_rank_and_ties_the_mean():
    scores = pd.DataFrame({"best": [3.0, 4.0], "one": [1.0, 2.0], "other": [1.0, 2.0]})
    found = average_ranks(scores)
    assert found.ranks == {"best": 1.0, "one": 2.5, "other": 2.5}
    assert found.people == 2


def test_people_without_a_score_are_left_out_and_counted():
    scores = table(10)
    holed = pd.concat([scores, pd.DataFrame({"m0": [1.0]})], ignore_index=True)
    found = average_ranks(holed)
    assert (found.people, found.left_out) == (10, 1)
    assert found.ranks == average_ranks(scores).ranks


def test_nothing_to_rank_is_undefined_and_no_crash():
    alike = average_ranks(pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]}))
    assert alike.friedman == 0
    assert alike.p_value == 1
    alone = average_ranks(pd.DataFrame({"a": [1.0, 2.0]}))
    assert alone.ranks == {"a": 1.0}
    assert np.isnan(alone.critical_difference)
    nobody = average_ranks(pd.DataFrame({"a": [np.nan], "b": [1.0]}))
    assert np.isnan(nobody.p_value)
    assert nobody.left_out == 1


def test_agrees_with_scikit_posthocs():
    posthocs = pytest.importorskip(
        "scikit_posthocs", reason="needs scikit-posthocs: pip install -e '.[stats-check]'"
    )
    scores = table(40)
    found = average_ranks(scores)
    p_values = posthocs.posthoc_nemenyi_friedman(scores)
    for first in scores.columns:
        for second in scores.columns:
            gap = abs(found.ranks[first] - found.ranks[second])
            if first != second:
                separated = p_values.loc[first, second] < 0.05
                assert separated == (gap > found.critical_difference)


def test_agrees_with_autorank():
    autorank = pytest.importorskip(
        "autorank", reason="needs autorank: pip install -e '.[stats-check]'"
    )
    scores = table(40)
    found = average_ranks(scores)
    theirs = autorank.autorank(
        scores, alpha=0.05, order="descending", force_mode="nonparametric", verbose=False
    )
    assert theirs.omnibus == "friedman"
    assert theirs.cd == pytest.approx(found.critical_difference, rel=1e-3)
    assert theirs.pvalue == pytest.approx(found.p_value)
    for name, rank in theirs.rankdf["meanrank"].items():
        assert found.ranks[name] == pytest.approx(rank)
