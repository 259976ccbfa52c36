from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.bootstrap import draws_for, resample_scores
from bench.analysis.scores import aggregate
from bench.analysis.statistics.hypervolumes import hypervolume_over_alpha

ALPHAS = (0.0, 0.5, 1.0)


def over_alphas(simulation, seed=0, alphas=ALPHAS):
    """E rises and R falls with alpha, both with effects of people."""
    random = np.random.default_rng(seed)
    crossed = simulation(12, 15)
    noise = 0.2 + crossed.effects(random, 0.05, 0.05, 0.05)
    tables = [
        crossed.terms((1 - alpha) ** 2 + noise, id_dist_target=0.5 + 0.4 * alpha + 0.1 * noise)
        for alpha in alphas
    ]
    return pd.concat(
        [table.assign(alpha=alpha) for table, alpha in zip(tables, alphas, strict=True)]
    )


def corner(terms, alpha):
    scores = aggregate(terms[terms["alpha"] == alpha], niqe_real=4.0)
    return max(scores.expression_skill, 0.0), scores.identity_retention


def test_value_is_the_area_under_the_points_of_all_alphas(simulation):
    terms = over_alphas(simulation)
    (_, _), (e_half, r_half), (e_one, r_one) = (corner(terms, alpha) for alpha in ALPHAS)
    found = hypervolume_over_alpha(terms, draws_for([terms], resamples=50))
    assert found.value == pytest.approx(e_half * r_half + (e_one - e_half) * r_one)
    low, high = found.interval()
    assert low < found.value < high


def test_one_alpha_and_none_are_one_rectangle_in_every_resample(simulation):
    terms = over_alphas(simulation, alphas=(0.5,))
    draws = draws_for([terms], resamples=50)
    scores = resample_scores(terms, draws, niqe_real=4.0)
    for table in (terms, terms.assign(alpha=np.nan)):
        found = hypervolume_over_alpha(table, draws)
        for kind in ("both", "source_only", "target_only"):
            expected = getattr(scores.expression_skill, kind) * getattr(
                scores.identity_retention, kind
            )
            assert getattr(found, kind) == pytest.approx(expected)


def test_order_of_rows_and_self_pairs_do_not_matter(simulation):
    terms = over_alphas(simulation)
    draws = draws_for([terms], resamples=20)
    expected = hypervolume_over_alpha(terms, draws)
    oneself = terms.iloc[:5].assign(kind="self", pair="self", expression_error=99.0)
    shuffled = pd.concat([terms, oneself]).sample(frac=1.0, random_state=0)
    found = hypervolume_over_alpha(shuffled, draws)
    assert found.value == expected.value
    assert np.array_equal(found.both, expected.both)


def test_further_alphas_never_cover_less(simulation):
    draws = draws_for([over_alphas(simulation)], resamples=20)
    few = hypervolume_over_alpha(over_alphas(simulation), draws)
    many = hypervolume_over_alpha(over_alphas(simulation, alphas=(0.0, 0.3, 0.5, 0.8, 1.0)), draws)
    assert many.value > few.value
    assert (many.both >= few.both - 1e-12).all()


def test_nothing_measured_covers_nothing_that_can_be_said(simulation):
    terms = over_alphas(simulation)
    draws = draws_for([terms], resamples=20)
    for nothing in (terms.assign(expression_change=0.0), terms.assign(kind="self")):
        found = hypervolume_over_alpha(nothing, draws)
        assert np.isnan(found.value)
        assert np.isnan(found.interval()).all()


def test_holes_in_the_grid_are_refused(simulation):
    terms = over_alphas(simulation)
    draws = draws_for([terms], resamples=5)
    for broken in (terms.iloc[1:], pd.concat([terms, terms.iloc[:1]])):
        with pytest.raises(ValueError, match="every alpha"):
            hypervolume_over_alpha(broken, draws)
