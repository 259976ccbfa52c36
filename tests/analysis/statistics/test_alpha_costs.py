from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.alpha_protocols import chosen_per_pair
from bench.analysis.bootstrap import draws_for
from bench.analysis.scores import aggregate
from bench.analysis.statistics.alpha_costs import alpha_costs
from bench.analysis.statistics.alpha_curves import pair_sums

ALPHAS = (0.0, 0.4, 0.8)


@pytest.fixture
def terms(simulation):
    """Half of the targets are best at 0.4 with error 0.1, the other half at 0.8."""
    world = simulation(10, 10)
    late = world.target_of % 2
    tables = []
    for alpha, early_error, late_error in ((0.0, 1.0, 1.0), (0.4, 0.1, 0.6), (0.8, 0.5, 0.1)):
        errors = np.where(late, late_error, early_error)
        tables.append(world.terms(errors, au_mse=errors, au_mse_worst=2.0, alpha=alpha))
    return pd.concat(tables, ignore_index=True)


def costs(terms, resamples=200, **fixed):
    """Costs with the alphas in hindsight as oracle, and others for all pairs alike."""
    sums = pair_sums(terms)
    chosen = {"oracle": chosen_per_pair(sums, "au", niqe_real=4.0)}
    chosen["oracle"] = np.nan_to_num(chosen["oracle"])
    chosen |= {name: np.full(len(sums.pairs), alpha) for name, alpha in fixed.items()}
    return alpha_costs(sums, draws_for([terms], resamples=resamples), chosen, niqe_real=4.0)


def test_costs_of_known_errors(terms):
    found = costs(terms, 2000, dev=0.8, fixed=0.4)["au_mse"]
    values = {name: estimate.value for name, estimate in found.values.items()}
    assert values == pytest.approx({"oracle": 0.1, "dev": 0.3, "fixed": 0.35})
    assert (found.values["oracle"].low, found.values["oracle"].high) == pytest.approx((0.1, 0.1))
    flatters = found.differences["oracle", "dev"]
    assert flatters.value == pytest.approx(-0.2)
    assert flatters.high < 0
    between = found.differences["fixed", "dev"]
    assert between.value == pytest.approx(0.05)
    assert between.low < 0 < between.high
    assert found.differences["fixed", "oracle"].value == pytest.approx(0.25)


def test_scores_are_those_of_the_rows_at_the_alpha(terms):
    found = costs(terms, 50, dev=0.8)
    expected = aggregate(terms[terms["alpha"] == 0.8], niqe_real=4.0)
    for name in ("expression_skill", "identity_retention", "naturalness", "transfer_score"):
        assert found[name].values["dev"].value == pytest.approx(getattr(expected, name))


def test_protocols_that_are_not_asked_for_are_absent(terms):
    found = costs(terms, 50, dev=0.4)["au_mse"]
    assert set(found.values) == {"oracle", "dev"}
    assert set(found.differences) == {("oracle", "dev")}
    assert found.values["dev"].value == pytest.approx(0.35)


def test_failed_pairs_are_scored_as_the_worst_anchor_and_passed_over_by_the_oracle(terms):
    at_best = (terms["alpha"] == 0.4) & (terms["target"] == "t000")
    once = terms.assign(outcome=np.where(at_best, "no_face", "ok"))
    found = costs(once, 50, dev=0.4)["au_mse"].values
    assert found["dev"].value == pytest.approx(0.35 + 0.1 * (2.0 - 0.1))
    assert found["oracle"].value == pytest.approx(0.1 + 0.1 * (0.5 - 0.1))
    always = terms.assign(outcome=np.where(terms["target"] == "t000", "no_face", "ok"))
    found = costs(always, 50, dev=0.4)["au_mse"].values
    assert found["oracle"].value == pytest.approx(0.1 + 0.1 * 1.9)


def test_alphas_that_were_not_run_are_refused(terms):
    with pytest.raises(ValueError, match=r"alpha 0\.5 was not run: there is 0, 0\.4, 0\.8"):
        costs(terms, 5, dev=0.5)
    with pytest.raises(ValueError, match="every alpha"):
        costs(terms.iloc[1:], 5, dev=0.4)
