from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.alpha import alpha_curve, choose_alpha, crossover
from bench.analysis.bootstrap import draws_for
from bench.analysis.statistics.alpha_curves import (
    AlphaCurves,
    alphas_by,
    first_crossovers,
    pair_sums,
)
from bench.analysis.statistics.alphas import alpha_distribution, resampled_curves

ALPHAS = np.linspace(0.0, 1.2, 7)


def over_alphas(simulation, best, crossing=0.6, noise=0.0, seed=0, people=8):
    """AU errors least at ``best`` per target, distances that cross at ``crossing``."""
    world = simulation(people, people)
    random = np.random.default_rng(seed)
    least = np.broadcast_to(best, people)[world.target_of]
    crosses = np.broadcast_to(crossing, people)[world.target_of]
    tables = []
    for alpha in ALPHAS:
        error = 0.2 + (alpha - least) ** 2 + noise * random.normal(size=least.size)
        tables.append(
            world.terms(
                3 * error,
                au_mse=error,
                au_mae=error / 2,
                id_dist_target=0.5 + 0.3 * alpha,
                id_dist_source=0.5 + 0.6 * crosses - 0.3 * alpha,
                alpha=alpha,
                **{f"{name}_worst": 3.0 for name in ("au_mse", "au_mae", "expression_error")},
            )
        )
    return pd.concat(tables, ignore_index=True)


def test_curves_of_the_data_are_those_of_alpha_curve(simulation):
    terms = over_alphas(simulation, 0.5, noise=0.05)
    random = np.random.default_rng(1)
    terms["outcome"] = np.where(random.uniform(size=len(terms)) < 0.2, "no_face", "ok")
    terms["id_dist_target_worst"], terms["niqe_worst"] = 1.4, 9.0
    expected = alpha_curve(terms, 4.0)
    data, resampled = resampled_curves(
        pair_sums(terms), draws_for([terms], resamples=30), niqe_real=4.0
    )
    for name in ("au_mse", "au_mae", "id_dist_target", "id_dist_source", "transfer_score"):
        np.testing.assert_allclose(getattr(data, name), expected[name], rtol=1e-12)
        assert getattr(resampled, name).shape == (30, 7)


def test_each_resample_is_the_curve_of_its_people(simulation):
    terms = over_alphas(simulation, 0.5, noise=0.1)
    draws = draws_for([terms], resamples=5)
    _, resampled = resampled_curves(pair_sums(terms), draws, niqe_real=4.0)
    weights = pd.Series(draws.source_counts[3], draws.sources).loc[terms["source"]].to_numpy()
    weights = weights * pd.Series(draws.target_counts[3], draws.targets)[terms["target"]].to_numpy()
    for place, alpha in enumerate(ALPHAS):
        chosen = (terms["alpha"] == alpha).to_numpy()
        expected = np.average(terms.loc[chosen, "au_mse"], weights=weights[chosen])
        assert resampled.au_mse[3, place] == pytest.approx(expected)


def test_choices_agree_with_the_search(simulation):
    terms = over_alphas(simulation, np.linspace(0.2, 0.9, 8), noise=0.1)
    curve = alpha_curve(terms, 4.0)
    found = alpha_distribution(terms, draws_for([terms], resamples=50), niqe_real=4.0)
    assert found.alpha == choose_alpha(curve)
    expected = crossover(*curve[["alpha", "id_dist_target", "id_dist_source"]].to_numpy().T)
    assert found.crossover == pytest.approx(expected.alpha)


def test_what_everybody_agrees_on_is_certain(simulation):
    terms = over_alphas(simulation, 0.4)
    found = alpha_distribution(terms, draws_for([terms], resamples=100), niqe_real=4.0)
    assert (found.alpha, found.low, found.high) == pytest.approx((0.4, 0.4, 0.4))
    assert found.shares.tolist() == [0, 0, 1, 0, 0, 0, 0]
    assert found.edge_share == 0
    ends = (found.crossover, found.crossover_low, found.crossover_high)
    assert ends == pytest.approx((0.6, 0.6, 0.6))
    assert found.without_crossover == 0


def test_people_who_disagree_make_alpha_uncertain(simulation):
    disagreed = over_alphas(simulation, np.linspace(0.0, 1.0, 8), np.linspace(0.3, 0.9, 8))
    found = alpha_distribution(disagreed, draws_for([disagreed]), niqe_real=4.0)
    assert found.low < found.alpha < found.high
    assert {found.low, found.high} <= set(ALPHAS)
    assert found.shares.sum() == pytest.approx(1)
    assert found.crossover_low < found.crossover < found.crossover_high


def test_alpha_beyond_the_grid_is_seen_at_its_edge(simulation):
    terms = over_alphas(simulation, 2.0)
    found = alpha_distribution(terms, draws_for([terms], resamples=50), niqe_real=4.0)
    assert found.alpha == ALPHAS[-1]
    assert found.edge_share == 1


def test_resamples_without_a_crossover_are_counted(simulation):
    never = over_alphas(simulation, 0.4, 5.0)
    found = alpha_distribution(never, draws_for([never], resamples=50), niqe_real=4.0)
    assert np.isnan([found.crossover, found.crossover_low, found.crossover_high]).all()
    assert found.without_crossover == 1
    some = over_alphas(simulation, 0.4, np.array([0.6] * 4 + [1.9] * 4))
    partly = alpha_distribution(some, draws_for([some]), niqe_real=4.0)
    assert 0.2 < partly.without_crossover < 0.8
    assert partly.crossover_high <= 1.2


def test_criteria_choose_what_they_say(simulation):
    terms = over_alphas(simulation, 1.0)
    draws = draws_for([terms], resamples=20)
    found = {
        criterion: alpha_distribution(terms, draws, niqe_real=4.0, criterion=criterion).alpha
        for criterion in ("au", "identity", "score")
    }
    assert found["au"] == pytest.approx(1.0)
    assert found["identity"] == pytest.approx(0.4)
    data, _ = resampled_curves(pair_sums(terms), draws, niqe_real=4.0)
    assert found["score"] == ALPHAS[np.argmax(data.transfer_score)]


def test_choices_of_odd_curves():
    undefined = np.full(3, np.nan)
    grid = np.array([0.0, 0.5, 1.0])

    def curves(**named):
        names = [field for field in AlphaCurves.__dataclass_fields__ if field != "alphas"]
        return AlphaCurves(alphas=grid, **(dict.fromkeys(names, undefined) | named))

    assert np.isnan(alphas_by(curves(), "au"))
    assert alphas_by(curves(au_mse=np.array([np.nan, 0.2, 0.2 * (1 + 1e-12)])), "au") == 0.5
    assert alphas_by(curves(transfer_score=np.array([0.1, 0.3, np.nan])), "score") == 0.5
    away = curves(id_dist_target=np.full(3, 0.9), id_dist_source=np.full(3, 0.5))
    assert np.isnan(alphas_by(away, "identity"))
    back = curves(
        id_dist_target=np.array([0.1, 0.9, 0.1]), id_dist_source=np.array([0.5, 0.5, 0.5])
    )
    assert alphas_by(back, "identity") == 0.0


def test_crossovers_of_many_curves_are_those_of_one_by_one():
    random = np.random.default_rng(0)
    target, source = random.integers(0, 4, size=(2, 500, 9)).astype(float)
    target[random.uniform(size=target.shape) < 0.2] = np.nan
    grid = np.sort(random.uniform(size=9))
    first, count = first_crossovers(grid, target, source)
    for row in range(500):
        expected = crossover(grid, target[row], source[row])
        assert count[row] == expected.count
        if expected.alpha is None:
            assert np.isnan(first[row])
        else:
            assert first[row] == pytest.approx(expected.alpha)


def test_incomplete_grids_are_refused(simulation):
    terms = over_alphas(simulation, 0.4)
    draws = draws_for([terms], resamples=5)
    for broken in (terms.iloc[1:], pd.concat([terms, terms.iloc[:1]])):
        with pytest.raises(ValueError, match="every alpha"):
            alpha_distribution(broken, draws, niqe_real=4.0)
    with pytest.raises(ValueError, match="with an alpha"):
        alpha_distribution(terms.assign(alpha=np.nan), draws, niqe_real=4.0)
