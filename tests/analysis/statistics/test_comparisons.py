from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.bootstrap import draws_for, resample_scores
from bench.analysis.statistics.comparisons import compare_methods, explain


def skills(world, errors, **options):
    tables = {name: world.terms(error) for name, error in errors.items()}
    draws = draws_for(list(tables.values()), **options)
    return {
        name: resample_scores(table, draws, niqe_real=4.0).expression_skill
        for name, table in tables.items()
    }


@pytest.fixture
def world(simulation):
    return simulation(20, 20)


@pytest.fixture
def errors(world):
    random = np.random.default_rng(0)
    common = 0.6 + world.effects(random, 0.2, 0.2, 0.1)
    return {
        "good": common - 0.2 + world.effects(random, 0.01, 0.01, 0.02),
        "fair": common + world.effects(random, 0.05, 0.05, 0.1),
        "fair too": common + 0.005 + world.effects(random, 0.05, 0.05, 0.1),
    }


def test_every_two_methods_are_compared_on_the_same_people(world, errors):
    found = compare_methods(skills(world, errors))
    assert [(one.first, one.second) for one in found] == [
        ("good", "fair"),
        ("good", "fair too"),
        ("fair", "fair too"),
    ]
    assert [one.separated for one in found] == [True, True, False]
    first = found[0]
    assert first.low < first.difference < first.high
    # Their errors differ much by person, but alike: only a paired comparison is so narrow.
    assert first.high - first.low < 0.15
    assert {one.multiplicity for one in found} == {1.0, 2.0, 3.0}


def test_a_method_and_its_copy_are_not_separated(world, errors):
    found = compare_methods(skills(world, {"one": errors["fair"], "other": errors["fair"].copy()}))
    assert found[0].p_value == 1.0
    assert (found[0].low, found[0].high) == (0.0, 0.0)
    explanation = explain("one", "other", found)
    assert explanation.times == np.inf
    assert explanation.more_targets is None
    assert "nothing says how many" in explanation.reason


def test_more_methods_need_stronger_evidence(world, errors):
    alone = compare_methods(skills(world, {name: errors[name] for name in ("good", "fair")}))[0]
    among = compare_methods(skills(world, errors))[0]
    assert among.p_value == alone.p_value
    assert among.p_adjusted > alone.p_adjusted


def test_explanation_reads_the_same_both_ways(world, errors):
    found = compare_methods(skills(world, errors))
    there, back = explain("good", "fair", found), explain("fair", "good", found)
    assert there.comparison.difference == -back.comparison.difference
    assert there.comparison.low == -back.comparison.high
    assert there.reason == back.reason
    assert "good is better than fair" in there.reason
    assert there.times < 1
    assert there.more_sources is None


def test_number_of_people_needed_is_about_right(simulation):
    """Worlds with that many people separate the methods about every other time."""
    difference = 0.03

    def compare(people, seed, *, centred):
        world, random = simulation(people, people), np.random.default_rng(seed)
        common = 0.6 + world.effects(random, 0.1, 0.1, 0.1)
        own = world.effects(random, 0.07, 0.07, 0.07)
        if centred:
            # The few show the true difference.
            own = own - own.mean()
        errors = {"worse": common + difference + own, "better": common}
        return compare_methods(skills(world, errors, resamples=500))

    times = [explain("worse", "better", compare(10, seed, centred=True)).times for seed in range(9)]
    needed = round(10 * np.median(times))
    assert needed > 15
    share = np.mean([compare(needed, seed, centred=False)[0].separated for seed in range(40)])
    assert 0.3 <= share <= 0.8


def test_people_needed_grow_with_the_square_of_the_interval(world, errors):
    noise = errors["fair too"] - errors["fair"]
    found = {}
    for scale in (1.0, 2.0):
        shift = noise.mean()
        other = errors["fair"] + shift + scale * (noise - shift)
        comparison = compare_methods(skills(world, {"a": errors["fair"], "b": other}))
        found[scale] = explain("a", "b", comparison)
    assert found[2.0].times / found[1.0].times == pytest.approx(4.0, rel=0.15)
    wanted = np.ceil(20 * found[1.0].times) - 20
    assert found[1.0].more_targets == found[1.0].more_sources == wanted
    assert f"{int(wanted)} more targets" in found[1.0].reason


def test_a_difference_too_small_to_matter_gets_no_number(world, errors):
    noise = world.effects(np.random.default_rng(5), 0.05, 0.05, 0.1)
    found = compare_methods(
        skills(world, {"a": errors["fair"], "b": errors["fair"] + noise - noise.mean() + 1e-5})
    )
    explanation = explain("a", "b", found)
    assert explanation.times > 1000
    assert explanation.more_sources is None
    assert "1000 times" in explanation.reason


def test_undefined_scores_are_said_to_be_so(world, errors):
    tables = {"some": world.terms(errors["fair"]), "none": world.terms(0 * errors["fair"], 0.0)}
    draws = draws_for(list(tables.values()))
    scores = {
        name: resample_scores(table, draws, niqe_real=4.0).transfer_score
        for name, table in tables.items()
    }
    found = compare_methods(scores)
    assert np.isnan(found[0].p_value)
    assert not found[0].separated
    assert "undefined" in explain("some", "none", found).reason


def test_methods_that_were_not_compared_cannot_be_explained(world, errors):
    with pytest.raises(ValueError, match="not on one board"):
        explain("good", "unheard of", compare_methods(skills(world, errors)))
