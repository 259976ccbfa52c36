from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from bench.analysis.bootstrap import (
    bootstrap_scores,
    draw_identities,
    draws_for,
    percentile_interval,
    score_intervals,
)
from bench.analysis.scores import Scores, aggregate, scores_of_sums, summands


def noisy(world, methods, seed=0, scale=1.0):
    """Terms whose expression error differs by source and target person."""
    terms = world.terms(methods.linear, [0.5])
    random = np.random.default_rng(seed)
    effect = {name: random.uniform(0, scale, 2) for name in world.names}
    terms["expression_error"] *= 1 + np.array(
        [effect[s][0] + effect[t][1] for s, t in zip(terms["source"], terms["target"], strict=True)]
    )
    return terms


def interval(terms, **options):
    return score_intervals(terms, draws_for([terms], **options), niqe_real=4.0).expression_skill


def test_every_resample_draws_as_many_people_as_there_are():
    draws = draw_identities(["a", "b", "c"], ["x", "y"], resamples=50, seed=3)
    assert (draws.source_counts.sum(axis=1) == 3).all()
    assert (draws.target_counts.sum(axis=1) == 2).all()
    assert draws.source_counts.std() > 0


def test_draws_depend_on_seed_and_names_and_not_on_their_order():
    first = draw_identities(["a", "b", "c"], ["b", "c"], seed=1)
    again = draw_identities(["c", "a", "b", "a"], ["c", "b"], seed=1)
    np.testing.assert_array_equal(first.source_counts, again.source_counts)
    np.testing.assert_array_equal(first.target_counts, again.target_counts)
    other = draw_identities(["a", "b", "c"], ["b", "c"], seed=2)
    assert (first.source_counts != other.source_counts).any()
    renamed = draw_identities(["a", "b", "d"], ["b", "c"], seed=1)
    assert (first.source_counts != renamed.source_counts).any()


def test_the_two_sides_of_the_same_people_are_drawn_independently():
    names = list("abcdef")
    draws = draw_identities(names, names, resamples=4000)
    correlation = np.corrcoef(draws.source_counts[:, 0], draws.target_counts[:, 0])[0, 1]
    assert abs(correlation) < 0.05


def test_each_resample_equals_the_weighted_aggregate(world, methods):
    terms = noisy(world, methods).reset_index(drop=True)
    draws = draws_for([terms], resamples=20)
    sources = [draws.sources.index(name) for name in terms["source"]]
    targets = [draws.targets.index(name) for name in terms["target"]]
    weights = draws.source_counts[:, sources] * draws.target_counts[:, targets]
    expected = aggregate(terms, weights, niqe_real=4.0)
    found = bootstrap_scores(terms, draws, niqe_real=4.0)
    np.testing.assert_allclose(found.expression_skill, expected.expression_skill)
    np.testing.assert_allclose(found.transfer_score, expected.transfer_score)


@pytest.mark.parametrize("filled", [1.0, 0.1], ids=["all pairs", "few pairs"])
def test_sums_per_cell_agree_with_weighting_each_pair_to_the_last_digits(
    make_world, methods, filled
):
    terms = noisy(make_world(count=14), methods)
    terms = terms[terms["kind"] == "cross"].sample(frac=filled, random_state=0)
    # Two samples of each pair of people.
    terms = pd.concat([terms, terms.assign(pair=terms["pair"] + "'", niqe=terms["niqe"] + 1)])
    draws = draws_for([terms], resamples=300)
    sources, targets = (
        pd.Index(names).get_indexer(terms[side])
        for names, side in ((draws.sources, "source"), (draws.targets, "target"))
    )
    weights = draws.source_counts[:, sources] * draws.target_counts[:, targets]
    expected = scores_of_sums(weights @ summands(terms), 4.0)
    found = bootstrap_scores(terms, draws, niqe_real=4.0)
    for field in fields(Scores):
        np.testing.assert_allclose(
            getattr(found, field.name), getattr(expected, field.name), rtol=1e-12, atol=1e-14
        )


def test_chunks_do_not_change_the_result(world, methods, monkeypatch):
    terms = noisy(world, methods)
    draws = draws_for([terms], resamples=101)
    whole = bootstrap_scores(terms, draws, niqe_real=4.0)
    monkeypatch.setattr("bench.analysis.bootstrap.CHUNK", 500)
    np.testing.assert_allclose(
        bootstrap_scores(terms, draws, niqe_real=4.0).transfer_score, whole.transfer_score
    )


def test_intervals_are_reproducible_and_blind_to_row_order(world, methods):
    terms = noisy(world, methods)
    first = interval(terms, seed=5)
    assert interval(terms, seed=5) == first
    assert interval(terms.sample(frac=1, random_state=0), seed=5) == first
    assert interval(terms, seed=6) != first


def test_interval_holds_the_value_and_widens_with_fewer_people(make_world, methods):
    terms = noisy(make_world(count=16), methods)
    value = aggregate(terms, niqe_real=4.0).expression_skill
    wide_names = [f"p{number:02d}" for number in range(6)]
    few = terms[terms["source"].isin(wide_names) & terms["target"].isin(wide_names)]
    many_interval, few_interval = interval(terms), interval(few)
    assert many_interval.low < value < many_interval.high
    assert few_interval.high - few_interval.low > many_interval.high - many_interval.low


def test_interval_of_a_constant_is_that_constant(world, methods):
    terms = world.terms(methods.linear, [0.5])
    found = interval(terms)
    assert found.low == pytest.approx(0.75, abs=1e-12)
    assert found.high == pytest.approx(0.75, abs=1e-12)
    assert percentile_interval(np.full(100, 2.5), 9).low == 2.5


def test_interval_holds_its_share_of_the_values():
    values = np.random.default_rng(0).permutation(1001.0 * np.linspace(0, 1, 1001))
    found = percentile_interval(values, 9)
    assert ((values >= found.low) & (values <= found.high)).mean() == pytest.approx(0.95, abs=2e-3)
    assert found.low + found.high == pytest.approx(1001)
    narrower = percentile_interval(values, 9, level=0.5)
    assert (narrower.low, narrower.high) == pytest.approx((1001 / 4, 3003 / 4))


def test_anchors_keep_their_ends_in_every_resample(world, methods):
    terms = world.terms(methods.target_neutral)
    found = score_intervals(terms, draws_for([terms]), niqe_real=4.0)
    assert found.expression_skill.low == pytest.approx(0.0, abs=1e-12)
    assert found.expression_skill.high == pytest.approx(0.0, abs=1e-12)
    assert found.identity_retention.low == pytest.approx(1.0)


def test_methods_share_draws_so_a_constant_difference_is_constant(world, methods):
    first = noisy(world, methods)
    second = first.copy()
    second["expression_error"] += 0.1 * second["expression_change"]
    draws = draws_for([first, second])
    skills = [
        bootstrap_scores(terms, draws, niqe_real=4.0).expression_skill for terms in (first, second)
    ]
    assert skills[0].std() > 0
    np.testing.assert_allclose(skills[0] - skills[1], 0.1, atol=1e-12)


def test_a_method_with_fewer_people_uses_the_draws_of_all(world, methods):
    terms = noisy(world, methods)
    fewer = terms[terms["source"] != "p00"]
    draws = draws_for([terms, fewer])
    assert draws.sources == tuple(world.names)
    found = score_intervals(fewer, draws, niqe_real=4.0).expression_skill
    assert found.identities == world.count - 1
    with pytest.raises(ValueError, match="do not know"):
        bootstrap_scores(terms, draws_for([fewer]), niqe_real=4.0)


def test_fewer_than_six_people_are_warned_about(make_world, methods):
    five = interval(make_world(count=5).terms(methods.linear, [0.5]), resamples=50)
    assert five.identities == 5
    assert five.warning is not None
    assert "5 identities" in five.warning
    six = interval(make_world(count=6).terms(methods.linear, [0.5]), resamples=50)
    assert six.warning is None


def test_resamples_without_a_pair_are_left_out(world, methods):
    terms = noisy(world, methods)
    only = terms[(terms["source"] == "p00") & (terms["target"] == "p01")]
    spare = terms[(terms["source"] == "p02") & (terms["target"] == "p03")]
    both = pd.concat([only, spare])
    values = bootstrap_scores(both, draws_for([both]), niqe_real=4.0).expression_skill
    assert np.isnan(values).any()
    assert np.isfinite(interval(both).low)
    assert interval(both).warning is not None


def test_no_cross_pair_gives_an_undefined_interval(world, methods):
    terms = world.terms(methods.linear, [0.5])
    found = interval(terms[terms["kind"] == "self"])
    assert np.isnan(found.low)
    assert found.identities == 0


@pytest.mark.slow
def test_intervals_cover_the_truth_about_as_often_as_they_say(world, methods):
    """Crossed person effects: the intervals should hold the true skill in about 95 % of worlds."""
    people, worlds = 20, 300
    names = [f"p{number:02d}" for number in range(people)]
    pairs = [(s, t) for s in range(people) for t in range(people) if s != t]
    sources, targets = np.array(pairs).T
    template = world.terms(methods.linear, [0.5]).iloc[[1] * len(pairs)].reset_index(drop=True)
    template["source"] = np.array(names)[sources]
    template["target"] = np.array(names)[targets]
    template["pair"] = [f"{names[s]}/smiling>{names[t]}" for s, t in pairs]
    template["kind"] = "cross"
    template["expression_change"] = 1.0
    draws = draws_for([template], resamples=500)
    random = np.random.default_rng(11)
    held = held_by_pairs_alone = 0
    for _ in range(worlds):
        effects = random.normal(scale=0.2, size=(2, people))
        noise = random.normal(scale=0.1, size=len(pairs))
        errors = 0.6 + effects[0][sources] + effects[1][targets] + noise
        found = score_intervals(
            template.assign(expression_error=errors), draws, niqe_real=4.0
        ).expression_skill
        held += found.low <= 0.4 <= found.high
        half = 1.96 * errors.std() / np.sqrt(len(errors))
        held_by_pairs_alone += abs(errors.mean() - 0.6) <= half
    assert 0.90 <= held / worlds <= 0.99
    assert held_by_pairs_alone / worlds < 0.7
