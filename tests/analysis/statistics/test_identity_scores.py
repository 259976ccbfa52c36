from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.scores import aggregate
from bench.analysis.statistics.identity_scores import identity_scores, score_matrix


@pytest.fixture
def terms(simulation):
    world = simulation(6, 9)
    random = np.random.default_rng(0)
    change = random.uniform(0.5, 2.0, 54)
    return world.terms(
        change * (0.6 + world.effects(random, 0.1, 0.1, 0.1)),
        change,
        id_dist_target=random.uniform(0.5, 0.9, 54),
    )


@pytest.mark.parametrize("by", ["source", "target"])
def test_scores_of_a_person_are_those_of_that_persons_pairs(terms, by):
    found = identity_scores(terms, niqe_real=4.0, by=by)
    assert list(found.index) == sorted(terms[by].unique())
    for name in (found.index[0], found.index[-1]):
        own = terms[terms[by] == name]
        expected = aggregate(own, niqe_real=4.0)
        assert found.loc[name, "transfer_score"] == pytest.approx(expected.transfer_score)
        assert found.loc[name, "identity_retention"] == pytest.approx(expected.identity_retention)
        assert found.loc[name, "au_mse"] == pytest.approx(own["au_mse"].mean())


def test_failures_count_as_the_worst_anchor_or_not_at_all(terms):
    failed = terms["target"] == "t000"
    broken = terms.assign(
        outcome=np.where(failed, "no_face", "ok"), expression_error_worst=2.0, au_mse_worst=2.0
    )
    worst = identity_scores(broken, niqe_real=4.0)
    assert worst.loc["t000", "au_mse"] == pytest.approx(2.0)
    excluded = identity_scores(broken, niqe_real=4.0, failures="excluded")
    assert np.isnan(excluded.loc["t000", "expression_skill"])
    assert np.isfinite(excluded.loc["t001", "expression_skill"])


def test_matrix_has_a_column_per_method_and_a_hole_where_a_person_is_missing(terms):
    fewer = terms[terms["target"] != "t003"]
    found = score_matrix({"all": terms, "fewer": fewer}, niqe_real=4.0, score="expression_skill")
    assert found.shape == (9, 2)
    assert found.columns.tolist() == ["all", "fewer"]
    assert np.isnan(found.loc["t003", "fewer"])
    assert found["all"].notna().all()
    with pytest.raises(ValueError, match="choose from expression_skill"):
        score_matrix({"all": terms}, niqe_real=4.0, score="beauty")
