"""alpha* between grid points: closed forms, and how few alphas it takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.alpha import alpha_curve
from bench.analysis.alpha_refinement import Refinement, curve_values, refine_alpha, value_of

GRID = np.round(np.linspace(0, 1.2, 7), 2)


def error(alpha):
    return 0.1 + (alpha - 0.7317) ** 2


def score(alpha):
    return 0.9 - np.abs(alpha - 0.4321) ** 1.5


def gap(alpha):
    return np.tanh(3 * (alpha - 0.5678))


def curve(alphas=GRID) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "alpha": alphas,
            "au_mse": error(alphas),
            "transfer_score": score(alphas),
            "id_dist_target": gap(alphas),
            "id_dist_source": 0.0,
        }
    )


@pytest.mark.parametrize("tolerance", [0.03, 0.003])
@pytest.mark.parametrize(
    ("by", "function", "best"),
    [("au", error, 0.7317), ("score", score, 0.4321), ("identity", gap, 0.5678)],
)
def test_the_best_alpha_is_found_within_the_tolerance(by, function, best, tolerance):
    asked: list[float] = []

    def evaluate(alpha: float) -> float:
        asked.append(alpha)
        return float(function(alpha))

    found = refine_alpha(curve(), by, evaluate, tolerance)
    assert found.alpha == pytest.approx(best, abs=tolerance)
    assert found.value == pytest.approx(float(function(found.alpha)))
    assert found.evaluations == tuple((alpha, float(function(alpha))) for alpha in asked)
    # Every alpha is asked for once, lies between the neighbours, and can be stored under its name.
    assert len(asked) == len(set(asked)) <= 14
    assert all(found.low < alpha < found.high and round(alpha, 6) == alpha for alpha in asked)
    # A grid as dense would have needed the whole range.
    assert len(asked) < 0.4 / tolerance
    dense = np.arange(0, 1.2, tolerance / 5)
    loss = {"au": error(dense), "score": -score(dense), "identity": np.abs(gap(dense))}[by]
    assert found.alpha == pytest.approx(dense[loss.argmin()], abs=1.2 * tolerance)


def test_the_grid_stays_where_nothing_better_lies_between():
    """Noise that only the grid's own alpha escapes."""
    found = refine_alpha(curve(), "au", lambda alpha: 5.0, 0.01)
    assert found.alpha == found.grid_alpha == 0.8
    assert found.value == found.grid_value == pytest.approx(error(0.8))


def test_the_search_stays_inside_the_grid_at_its_edge():
    cut = curve(GRID[:3])
    found = refine_alpha(cut, "au", error, 0.01)
    assert (found.grid_alpha, found.low, found.high) == (0.4, 0.2, 0.4)
    assert found.alpha == pytest.approx(0.4)
    alone = refine_alpha(curve(GRID[:1]), "au", error, 0.01)
    assert (alone.alpha, alone.evaluations) == (0.0, ())


def test_without_a_crossover_nothing_is_asked_for():
    def refuse(alpha: float) -> float:
        raise AssertionError

    found = refine_alpha(curve(GRID[:2]), "identity", refuse, 0.01)
    assert found == Refinement("identity", None, None, None, None, None, None, 0.01)
    assert found.to_dict()["alpha"] is None
    # A crossover right on the grid is known already.
    exact = curve().assign(id_dist_target=GRID - 0.6)
    found = refine_alpha(exact, "identity", refuse, 0.01)
    assert (found.alpha, found.grid_alpha) == (0.6, 0.4)


def test_undefined_values_are_passed_over_on_the_grid_and_refused_between():
    holes = curve()
    holes.loc[[3, 4], "au_mse"] = np.nan
    found = refine_alpha(holes, "au", error, 0.01)
    assert (found.low, found.high) == (0.4, 1.2)
    assert found.alpha == pytest.approx(0.7317, abs=0.01)
    with pytest.raises(ValueError, match="no output could be measured at alpha"):
        refine_alpha(curve(), "au", lambda alpha: np.nan, 0.01)
    with pytest.raises(ValueError, match="no alpha of the grid"):
        refine_alpha(curve().assign(au_mse=np.nan), "au", error, 0.01)


@pytest.mark.parametrize("by", ["au", "identity", "score"])
def test_what_is_searched_is_what_the_curve_shows(make_world, methods, by):
    dev = make_world(part="dev")
    terms = dev.terms(methods.linear, GRID)
    alphas, values = curve_values(alpha_curve(terms, dev.niqe_real), by)
    assert alphas.tolist() == GRID.tolist()
    for alpha, value in zip(alphas, values, strict=True):
        at = terms[terms["alpha"] == alpha]
        assert value_of(at, by, dev.niqe_real) == pytest.approx(value)


def test_a_linear_method_is_refined_to_what_a_dense_grid_says(make_world, methods):
    dev = make_world(part="dev", count=6)
    dense = alpha_curve(dev.terms(methods.linear, np.linspace(0, 1.2, 241)), dev.niqe_real)
    coarse = alpha_curve(dev.terms(methods.linear, [0.0, 0.4, 0.8, 1.2]), dev.niqe_real)

    for by in ("au", "score", "identity"):
        alphas, values = curve_values(dense, by)
        best = {
            "au": alphas[values.argmin()],
            "score": alphas[values.argmax()],
            "identity": alphas[np.abs(values).argmin()],
        }[by]

        def evaluate(alpha: float, by: str = by) -> float:
            return value_of(dev.terms(methods.linear, [alpha]), by, dev.niqe_real)

        found = refine_alpha(coarse, by, evaluate, 0.01)
        assert found.alpha == pytest.approx(best, abs=0.01 + 0.005)
