"""Alphas that have not seen the pairs which they are applied to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.alpha import alpha_curve, choose_alpha, oracle_alphas
from bench.analysis.alpha_protocols import chosen_on_others, chosen_per_pair, nearest_alpha
from bench.analysis.leave_one_out import alphas_left_out
from bench.analysis.statistics.alpha_curves import alphas_by, curves_of_sums, pair_sums

GRID = np.round(np.linspace(0, 1.2, 13), 2)


@pytest.fixture
def noisy(make_world, methods):
    """Terms of a linear method whose errors are shuffled, so that people disagree."""

    def terms(count: int, seed: int = 0) -> pd.DataFrame:
        found = make_world(part="dev", count=count, seed=seed).terms(methods.linear, GRID)
        random = np.random.default_rng(seed)
        return found.assign(au_mse=found["au_mse"] * random.uniform(0.2, 3.0, len(found)))

    return terms


@pytest.mark.parametrize("criterion", ["au", "identity", "score"])
def test_an_alpha_is_what_the_pairs_of_all_other_people_choose(noisy, criterion) -> None:
    terms = noisy(6)
    sums = pair_sums(terms)
    found, held_out = chosen_on_others(sums, criterion, niqe_real=4.0)
    assert held_out == "source and target"
    for pair, alpha in zip(sums.pairs.itertuples(), found, strict=True):
        people = [pair.source, pair.target]
        others = terms[~terms["source"].isin(people) & ~terms["target"].isin(people)]
        of_others = pair_sums(others)
        curves = curves_of_sums(of_others.alphas, of_others.parts.sum(axis=0), 4.0)
        assert alpha == pytest.approx(float(alphas_by(curves, criterion)), nan_ok=True)


def test_nobody_s_own_answer_counts(noisy) -> None:
    """However wrong the pairs of one person are, their alphas stay; those of others may not."""
    terms = noisy(7)
    theirs = (terms["source"] == "p03") | (terms["target"] == "p03")
    wild = terms.assign(
        au_mse=np.where(theirs, 100.0 * np.abs(terms["alpha"] - 0.1), terms["au_mse"])
    )
    before, after = (
        chosen_on_others(pair_sums(table), "au", niqe_real=4.0)[0] for table in (terms, wild)
    )
    pairs = pair_sums(terms).pairs
    own = ((pairs["source"] == "p03") | (pairs["target"] == "p03")).to_numpy()
    np.testing.assert_array_equal(before[own], after[own])
    assert (after[~own] == 0.1).all()


def test_a_single_source_stays_and_targets_are_left_out(noisy) -> None:
    terms = noisy(6)
    terms = terms[terms["source"] == "p00"]
    sums = pair_sums(terms)
    found, held_out = chosen_on_others(sums, "au", niqe_real=4.0)
    assert held_out == "target"
    expected = alphas_left_out(terms)
    assert found.tolist() == [expected[target] for target in sums.pairs["target"]]
    found, held_out = chosen_on_others(
        pair_sums(noisy(6)[lambda t: t["target"] == "p00"]), "au", niqe_real=4.0
    )
    assert held_out == "source"


def test_a_single_pair_has_no_others(noisy) -> None:
    terms = noisy(3)
    alone = pair_sums(terms[terms["pair"] == "p00/smiling>p01"])
    assert chosen_on_others(alone, "au", niqe_real=4.0) is None


def test_undefined_terms_of_one_person_leave_others_defined(noisy) -> None:
    terms = noisy(6)
    theirs = terms["target"] == "p02"
    holes = terms.assign(au_mse_neutral=np.where(theirs, np.nan, terms["au_mse_neutral"]))
    holes["id_dist_target_neutral"] = np.where(theirs, np.nan, terms["id_dist_target_neutral"])
    found, _ = chosen_on_others(pair_sums(holes), "score", niqe_real=4.0)
    pairs = pair_sums(holes).pairs
    own = ((pairs["source"] == "p02") | (pairs["target"] == "p02")).to_numpy()
    assert np.isfinite(found[own]).all()
    assert np.isnan(found[~own]).all()


def test_hindsight_is_that_of_the_search(noisy, methods) -> None:
    terms = noisy(5)
    random = np.random.default_rng(1)
    terms["outcome"] = np.where(random.uniform(size=len(terms)) < 0.3, "no_face", "ok")
    terms.loc[terms["outcome"] != "ok", "au_mse"] = np.nan
    found = chosen_per_pair(pair_sums(terms), "au", niqe_real=4.0)
    np.testing.assert_array_equal(found, oracle_alphas(terms)["alpha_mse"])


def test_all_pairs_together_choose_what_the_search_does(noisy) -> None:
    terms = noisy(5)
    sums = pair_sums(terms)
    curves = curves_of_sums(sums.alphas, sums.parts.sum(axis=0), 4.0)
    assert float(alphas_by(curves, "au")) == choose_alpha(alpha_curve(terms, 4.0))


def test_nearest_alpha() -> None:
    assert nearest_alpha(np.array([0.0, 0.5]), 1.0) == 0.5
    assert nearest_alpha(np.array([0.0, 0.9, 1.1]), 1.0) == 0.9
