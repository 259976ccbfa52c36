from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.bootstrap import draws_for
from bench.analysis.statistics.alpha_costs import alpha_costs

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


def test_costs_of_known_errors(terms):
    found = alpha_costs(terms, draws_for([terms]), dev_alpha=0.8, fixed_alpha=0.4)
    assert found.oracle.value == pytest.approx(0.1)
    assert (found.oracle.low, found.oracle.high) == pytest.approx((0.1, 0.1))
    assert found.dev.value == pytest.approx(0.3)
    assert found.dev_over_oracle.value == pytest.approx(0.2)
    assert found.dev_over_oracle.low > 0
    assert found.fixed is not None
    assert found.fixed_over_dev is not None
    assert found.fixed_over_oracle is not None
    assert found.fixed.value == pytest.approx(0.35)
    assert found.fixed_over_dev.value == pytest.approx(0.05)
    assert found.fixed_over_dev.low < 0 < found.fixed_over_dev.high
    assert found.fixed_over_oracle.value == pytest.approx(0.25)
    assert found.pairs == 100


def test_without_a_fixed_alpha_there_are_two_protocols(terms):
    found = alpha_costs(terms, draws_for([terms], resamples=50), dev_alpha=0.4)
    assert found.fixed is found.fixed_over_dev is found.fixed_over_oracle is None
    assert found.dev.value == pytest.approx(0.35)


def test_failed_pairs_are_scored_as_the_worst_anchor_and_passed_over_by_the_oracle(terms):
    at_best = (terms["alpha"] == 0.4) & (terms["target"] == "t000")
    once = terms.assign(outcome=np.where(at_best, "no_face", "ok"))
    draws = draws_for([terms], resamples=50)
    found = alpha_costs(once, draws, dev_alpha=0.4)
    assert found.dev.value == pytest.approx(0.35 + 0.1 * (2.0 - 0.1))
    assert found.oracle.value == pytest.approx(0.1 + 0.1 * (0.5 - 0.1))
    always = terms.assign(outcome=np.where(terms["target"] == "t000", "no_face", "ok"))
    assert alpha_costs(always, draws, dev_alpha=0.4).oracle.value == pytest.approx(0.1 + 0.1 * 1.9)


def test_alphas_that_were_not_run_are_refused(terms):
    draws = draws_for([terms], resamples=5)
    with pytest.raises(ValueError, match=r"alpha 0\.5 was not run: there is 0, 0\.4, 0\.8"):
        alpha_costs(terms, draws, dev_alpha=0.5)
    with pytest.raises(ValueError, match="every alpha"):
        alpha_costs(terms.iloc[1:], draws, dev_alpha=0.4)
