from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bench.analysis.alpha import (
    alpha_curve,
    alpha_search,
    choose_alpha,
    crossover,
    oracle_alphas,
)
from bench.analysis.scores import aggregate

GRID = [0.0, 0.25, 0.5, 0.75, 1.0]


@pytest.fixture
def dev(make_world):
    return make_world(part="dev")


def test_curve_has_the_scores_of_every_alpha(dev, methods):
    terms = dev.terms(methods.linear, GRID[::-1])
    curve = alpha_curve(terms, 4.0)
    assert curve["alpha"].tolist() == GRID
    assert curve["expression_skill"].to_numpy() == pytest.approx(1 - (1 - np.array(GRID)) ** 2)
    assert (curve["coverage"] == 1).all()
    half = aggregate(terms[terms["alpha"] == 0.5], niqe_real=4.0)
    assert curve.loc[2, "transfer_score"] == half.transfer_score
    assert curve.loc[0, "id_dist_target"] == pytest.approx(0, abs=1e-6)
    assert curve["id_dist_target"].is_monotonic_increasing


def test_curve_of_a_method_without_alpha_is_empty(dev, methods):
    curve = alpha_curve(dev.terms(methods.copy_source), 4.0)
    assert curve.empty
    assert "au_mse" in curve.columns


def test_failures_raise_the_au_error_of_their_alpha(dev, methods):
    def fails_at_one(world, pair, alpha):
        made = methods.failing(methods.linear, lambda _: alpha == 1 and pair.source < "p04")
        return made(world, pair, alpha)

    whole = alpha_curve(dev.terms(methods.linear, GRID), 4.0)
    partly = alpha_curve(dev.terms(fails_at_one, GRID), 4.0)
    assert partly["coverage"].tolist() == [1, 1, 1, 1, 0.5]
    assert partly["au_mse"].iloc[4] > whole["au_mse"].iloc[4]
    np.testing.assert_array_equal(partly["au_mse"].iloc[:4], whole["au_mse"].iloc[:4])


def curve_of(alphas, errors):
    return pd.DataFrame({"alpha": alphas, "au_mse": errors})


def test_choose_alpha_takes_the_least_error_and_the_smallest_of_equals():
    assert choose_alpha(curve_of([0.0, 0.5, 1.0], [3.0, 1.0, 2.0])) == 0.5
    assert choose_alpha(curve_of([1.0, 0.5, 0.0], [1.0, 1.0, 2.0])) == 0.5
    assert choose_alpha(curve_of([0.0, 0.5, 1.0], [1.0, 1.0 - 1e-13, 2.0])) == 0.0
    assert choose_alpha(curve_of([0.0, 0.5], [np.nan, 7.0])) == 0.5


def test_choose_alpha_refuses_a_curve_without_errors():
    with pytest.raises(ValueError, match="no alpha can be chosen"):
        choose_alpha(curve_of([], []))
    with pytest.raises(ValueError, match="no alpha can be chosen"):
        choose_alpha(curve_of([0.0], [np.nan]))


def test_crossover_of_linear_curves_is_where_the_lines_meet():
    alphas = np.linspace(0, 1, 11)
    found = crossover(alphas, 0.1 + 0.9 * alphas, 1.2 - 0.8 * alphas)
    assert found.alpha == pytest.approx(1.1 / 1.7)
    assert found.count == 1
    order = np.random.default_rng(0).permutation(11)
    shuffled = crossover(alphas[order], 0.1 + 0.9 * alphas[order], 1.2 - 0.8 * alphas[order])
    assert shuffled.alpha == pytest.approx(found.alpha)


def test_crossover_none_in_range():
    found = crossover([0.0, 0.5], [0.1, 0.2], [1.0, 0.9])
    assert found.alpha is None
    assert found.count == 0
    assert crossover([], [], []).alpha is None
    assert crossover([0.0, 1.0], [np.nan, np.nan], [0.0, 1.0]).count == 0


def test_crossover_of_several_takes_the_first_and_counts():
    found = crossover([0.0, 1.0, 2.0, 3.0], [-1.0, 1.0, -1.0, 3.0], np.zeros(4))
    assert found.alpha == pytest.approx(0.5)
    assert found.count == 3
    on_grid_later = crossover([0.0, 1.0, 2.0], [-1.0, 1.0, 0.0], np.zeros(3))
    assert on_grid_later.alpha == pytest.approx(0.5)
    assert on_grid_later.count == 2


def test_crossover_on_the_grid_counts_once():
    on_grid = crossover([0.0, 0.5, 1.0], [-1.0, 0.0, 1.0], np.zeros(3))
    assert (on_grid.alpha, on_grid.count) == (0.5, 1)
    touching = crossover([0.0, 0.5, 1.0], [-1.0, 0.0, -1.0], np.zeros(3))
    assert (touching.alpha, touching.count) == (0.5, 1)
    stretch = crossover([0.0, 0.5, 1.0], [0.0, 0.0, 1.0], np.zeros(3))
    assert (stretch.alpha, stretch.count) == (0.0, 1)


def test_crossover_bridges_an_alpha_without_distances():
    found = crossover([0.0, 0.5, 1.0], [-1.0, np.nan, 1.0], np.zeros(3))
    assert found.alpha == pytest.approx(0.5)


def oracle_table(errors, absolute=None):
    """Terms of pairs x alphas with given errors."""
    errors = np.asarray(errors)
    absolute = errors if absolute is None else np.asarray(absolute)
    rows = [
        {
            "pair": f"a/smiling>{pair}",
            "source": "a",
            "sample": "smiling",
            "target": str(pair),
            "expression": "happy",
            "kind": "cross",
            "alpha": alpha,
            "au_mse": errors[pair, place],
            "au_mae": absolute[pair, place],
        }
        for pair in range(len(errors))
        for place, alpha in enumerate([0.0, 0.5, 1.0])
    ]
    return pd.DataFrame(rows)


def test_oracle_finds_each_pairs_best_alpha_and_says_when_it_is_on_the_edge():
    errors = [[1, 2, 3], [2, 1, 3], [3, 2, 1], [2, 1, 1], [np.nan, 2, 1], [np.nan] * 3]
    absolute = [[3, 2, 1], [2, 1, 3], [3, 2, 1], [2, 1, 1], [np.nan, 1, 1], [np.nan] * 3]
    oracle = oracle_alphas(oracle_table(errors, absolute).sample(frac=1, random_state=2))
    assert oracle["pair"].tolist() == [f"a/smiling>{pair}" for pair in range(6)]
    np.testing.assert_array_equal(oracle["alpha_mse"], [0.0, 0.5, 1.0, 0.5, 1.0, np.nan])
    np.testing.assert_array_equal(oracle["alpha_mae"], [1.0, 0.5, 1.0, 0.5, 0.5, np.nan])
    assert oracle["on_edge"].tolist() == [True, False, True, False, True, False]
    assert set(oracle["expression"]) == {"happy"}


def test_oracle_is_never_worse_than_one_alpha_for_all(dev, methods):
    terms = dev.terms(methods.linear, GRID)
    cross = terms[terms["kind"] == "cross"]
    oracle = oracle_alphas(terms)
    assert len(oracle) == cross["pair"].nunique()
    best = cross.merge(oracle[["pair", "alpha_mse"]], on="pair")
    with_hindsight = best.loc[best["alpha"] == best["alpha_mse"], "au_mse"].mean()
    assert with_hindsight <= alpha_curve(terms, 4.0)["au_mse"].min()


def test_search_on_dev(dev, methods):
    search = alpha_search(dev.terms(methods.linear, GRID), dev.niqe_real)
    curve = search.curve
    assert search.dev_alpha == curve.loc[curve["au_mse"].idxmin(), "alpha"]
    assert search.dev_alpha_mae == curve.loc[curve["au_mae"].idxmin(), "alpha"]
    assert search.pairs == 56
    assert search.unusable == 0
    assert search.crossover.alpha is not None
    assert 0.25 < search.crossover.alpha < 0.75
    assert search.crossover_decoded is not None
    # The linear method decodes alpha = 0 as the neutral photographs themselves.
    assert search.crossover_decoded.alpha == pytest.approx(search.crossover.alpha)
    assert search.oracle_edge_share == search.oracle["on_edge"].mean()


def test_search_without_alpha_zero_has_no_decoded_crossover(dev, methods):
    search = alpha_search(dev.terms(methods.linear, [0.25, 1.0]), 4.0)
    assert search.crossover_decoded is None
    assert search.to_dict(benchmark="toy-64", method="linear")["crossover_decoded"] is None


def test_search_refuses_test_rows(make_world, dev, methods):
    test = make_world(part="test").terms(methods.linear, GRID)
    with pytest.raises(ValueError, match="dev part only, not on part test"):
        alpha_search(test, 4.0)
    with pytest.raises(ValueError, match="dev part only"):
        alpha_search(pd.concat([dev.terms(methods.linear, GRID), test]), 4.0)


def test_search_refuses_an_unfinished_or_doubled_grid(dev, methods):
    terms = dev.terms(methods.linear, GRID)
    one = (terms["pair"] == "p01/smiling>p02") & (terms["alpha"] == 0.75)
    with pytest.raises(ValueError, match=r"p01/smiling>p02 has 0 rows at alpha 0\.75"):
        alpha_search(terms[~one], 4.0)
    with pytest.raises(ValueError, match="has 2 rows"):
        alpha_search(pd.concat([terms, terms[one]]), 4.0)
    with pytest.raises(ValueError, match="no alpha"):
        alpha_search(dev.terms(methods.copy_source), 4.0)
    with pytest.raises(ValueError, match="no cross pair"):
        alpha_search(terms[terms["kind"] == "self"], 4.0)


def test_search_json_has_the_promised_names_and_no_nan(dev, methods):
    failing = methods.failing(methods.linear, lambda pair: pair.source == "p00")
    search = alpha_search(dev.terms(failing, GRID), dev.niqe_real)
    found = json.loads(
        json.dumps(search.to_dict(benchmark="toy-64", method="linear"), allow_nan=False)
    )
    assert found["schema_version"] == 1
    assert (found["benchmark"], found["method"]) == ("toy-64", "linear")
    assert found["dev_alpha"] == search.dev_alpha
    assert found["crossover"] == search.crossover.alpha
    assert set(found["oracle"][0]) == {
        "pair", "source", "target", "expression", "alpha_mse", "alpha_mae", "on_edge",
    }  # fmt: skip
    assert set(found["curve"][0]) == {
        "alpha", "au_mse", "au_mae", "id_dist_target", "id_dist_source",
        "expression_skill", "identity_retention", "naturalness", "transfer_score", "coverage",
    }  # fmt: skip
    assert len(found["oracle"]) == 56
    assert [row["alpha"] for row in found["curve"]] == GRID
    undefined = [row for row in found["oracle"] if row["source"] == "p00"]
    assert {row["alpha_mse"] for row in undefined} == {None}
    assert {row["on_edge"] for row in undefined} == {False}
