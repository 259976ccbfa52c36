"""Criteria, protocols and groups of one method on the dev part."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bench.analysis.alpha import alpha_search
from bench.analysis.alpha_study import study_alpha
from bench.analysis.bootstrap import draws_for
from bench.analysis.statistics.alphas import alpha_distribution

GRID = np.round(np.linspace(0, 1.2, 13), 2)


@pytest.fixture
def terms(make_world, methods):
    """Smiles of seven people, and frowns whose AU error is least at 0.3 instead of 1."""
    smiles = make_world(part="dev", count=7).terms(methods.linear, GRID)
    frowns = smiles.assign(
        sample="frowning",
        expression="frowning",
        pair=smiles["pair"].str.replace("smiling", "frowning"),
        au_mse=0.01 + (smiles["alpha"] - 0.3) ** 2,
    )
    return pd.concat([smiles, frowns], ignore_index=True)


def study(terms, **options):
    return study_alpha(terms, 4.0, resamples=100, **options)


def test_criteria_are_those_of_the_search_and_of_the_distribution(terms):
    found, search = study(terms), alpha_search(terms, 4.0)
    assert found.choices["au"].alpha == search.dev_alpha
    best = search.curve["transfer_score"].idxmax()
    assert found.choices["score"].alpha == search.curve["alpha"][best]
    assert search.crossover.alpha is not None
    assert found.choice.crossover == pytest.approx(search.crossover.alpha)
    last = max(alpha for alpha in GRID if alpha < search.crossover.alpha)
    assert found.choices["identity"].alpha == last
    alone = alpha_distribution(terms, draws_for([terms], resamples=100), niqe_real=4.0)
    assert (found.choice.low, found.choice.high) == (alone.low, alone.high)
    np.testing.assert_array_equal(found.choice.shares, alone.shares)


def test_hindsight_is_never_worse_and_the_honest_alpha_never_better_than_all_pairs(terms):
    costs = study(terms).costs["au_mse"]
    best = alpha_search(terms, 4.0).curve["au_mse"].min()
    assert costs.values["oracle"].value <= best <= costs.values["dev"].value + 1e-12
    for (first, second), difference in costs.differences.items():
        expected = costs.values[first].value - costs.values[second].value
        assert difference.value == pytest.approx(expected)


def test_each_expression_has_an_alpha_of_its_own(terms):
    found = study(terms)
    groups = {group.name: group for group in found.per_expression}
    assert groups["frowning"].alphas["au"] == 0.3
    assert groups["frowning"].oracle.low == groups["frowning"].oracle.high == 0.3
    alone = alpha_search(terms[terms["expression"] == "smiling"], 4.0)
    assert groups["smiling"].alphas["au"] == alone.dev_alpha
    assert groups["smiling"].crossover == pytest.approx(alone.crossover.alpha)
    assert {group.pairs for group in found.per_expression} == {7 * 6}
    assert [group.name for group in found.per_target] == [f"p{number:02d}" for number in range(7)]
    assert {group.pairs for group in found.per_target} == {2 * 6}


@pytest.mark.parametrize("by", ["au", "identity", "score"])
def test_groups_add_up_to_the_protocols(terms, by):
    found = study(terms, by=by)
    for protocol, estimate in found.costs["au_mse"].values.items():
        for groups in (found.per_expression, found.per_target):
            errors = [group.values["au_mse"][protocol] for group in groups]
            weights = [group.pairs for group in groups]
            assert np.average(errors, weights=weights) == pytest.approx(estimate.value)


def test_alphas_on_the_edge_are_flagged(terms):
    assert not study(terms).choices["au"].on_edge
    cut = study(terms[terms["alpha"] <= 0.3])
    assert cut.choices["au"].on_edge
    assert cut.choices["au"].edge_share > 0.9
    groups = {group.name: group.on_edge for group in cut.per_expression}
    assert groups["smiling"]
    # Without a crossover in range the last alpha is no answer; just before one, the first is.
    assert cut.choices["identity"].on_edge
    assert not study(terms[terms["alpha"].isin([0.0, 1.0])]).choices["identity"].on_edge


def test_the_fixed_alpha_is_the_nearest_of_the_grid(terms):
    assert study(terms).fixed_alpha == 1.0
    assert study(terms[terms["alpha"] < 0.65]).fixed_alpha == 0.6
    assert study(terms, fixed=0.2).fixed_alpha == 0.2


def test_rows_of_the_test_part_are_refused(terms):
    with pytest.raises(ValueError, match="dev part only, not on part test"):
        study(terms.assign(part="test"))


def test_a_failing_method_and_a_single_pair_leave_null_and_no_nan(terms):
    nothing = terms.assign(outcome="no_face")
    for name in ("au_mse", "au_mae", "id_dist_target", "id_dist_source"):
        nothing[name] = np.nan
    for table in (nothing, terms[terms["pair"] == "p00/smiling>p01"]):
        for by in ("au", "identity", "score"):
            found = study(table, by=by).to_dict()
            json.dumps(found, allow_nan=False)
    assert found["protocols"]["dev"]["held_out"] is None
    assert found["protocols"]["dev"]["au_mse"] is None
    assert found["differences"]["oracle_minus_dev"]["au_mse_interval"] is None
    found = study(nothing, by="identity").to_dict()
    assert found["criteria"]["identity"]["alpha"] is None
    assert found["criteria"]["identity"]["none_share"] == 1.0
    assert found["crossover_interval"] is None


def test_few_people_are_warned_of(terms):
    assert study(terms).warning is None
    few = terms["source"].isin(["p00", "p01"])
    assert "2 identities" in (study(terms[few]).warning or "")
