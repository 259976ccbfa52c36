from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.scores import aggregate
from bench.analysis.statistics.groups import score_groups


@pytest.fixture
def world(simulation):
    return simulation(30, 30)


def neutral_of(world, **columns):
    return world.terms(np.ones(len(world.source_of)), **columns)


def halves(people):
    return {name: "even" if int(name[1:]) % 2 == 0 else "odd" for name in people}


def errors_of(world, seed=0):
    return 0.6 + world.effects(np.random.default_rng(seed), 0.1, 0.1, 0.1)


def test_group_scores_are_those_of_the_groups_pairs(world):
    terms, neutral = world.terms(errors_of(world)), neutral_of(world)
    found = score_groups(terms, neutral, halves(world.targets), niqe_real=4.0)
    assert [row.group for row in found.rows] == ["even", "odd"]
    even = terms[terms["target"].map(halves(world.targets)) == "even"]
    row = found.rows[0]
    assert row.method == pytest.approx(aggregate(even, niqe_real=4.0).expression_skill)
    assert row.neutral == pytest.approx(0.0)
    assert row.gain == pytest.approx(row.method - row.neutral)
    assert row.low < row.gain < row.high
    assert (row.identities, row.pairs) == (15, 450)
    assert found.ungrouped == 0


def test_a_detector_that_reads_a_group_badly_makes_no_gap(world):
    """The AU error of everything, also of doing nothing, is larger on odd people."""
    bias = np.where(np.array([int(name[1:]) % 2 for name in world.targets])[world.target_of], 2, 0)
    errors = errors_of(world)
    terms = world.terms(errors, au_mse=errors / 3 + bias)
    neutral = neutral_of(world, au_mse=1.0 + bias)
    found = score_groups(terms, neutral, halves(world.targets), niqe_real=4.0, score="au_mse")
    assert found.rows[1].method - found.rows[0].method > 1.9
    assert found.gap is not None
    assert abs(found.gap.gap) < 0.1
    assert found.gap.low <= 0 <= found.gap.high
    assert found.gap.p_value > 0.05


def test_a_method_that_treats_a_group_worse_is_found(world):
    odd = np.array([int(name[1:]) % 2 for name in world.targets])[world.target_of]
    terms = world.terms(errors_of(world) + 0.3 * odd)
    found = score_groups(terms, neutral_of(world), halves(world.targets), niqe_real=4.0)
    assert found.gap is not None
    assert (found.gap.most, found.gap.least) == ("even", "odd")
    assert found.gap.low < 0.3 < found.gap.high
    assert found.gap.low > 0
    assert found.gap.p_value < 0.01


def test_group_of_the_source_is_an_option(world):
    odd = np.array([int(name[1:]) % 2 for name in world.sources])[world.source_of]
    terms = world.terms(errors_of(world) + 0.3 * odd)
    groups = halves(world.sources) | halves(world.targets)
    by_source = score_groups(terms, neutral_of(world), groups, niqe_real=4.0, by="source").gap
    by_target = score_groups(terms, neutral_of(world), groups, niqe_real=4.0).gap
    assert by_source is not None
    assert by_target is not None
    assert by_source.low > 0
    assert by_target.low < 0 < by_target.high


def test_people_of_the_other_side_are_shared_by_the_groups(world):
    """Sources that differ much move both groups alike, so their gap is much surer than either."""
    errors = 0.6 + world.effects(np.random.default_rng(0), 0.3, 0.0, 0.02)
    found = score_groups(
        world.terms(errors), neutral_of(world), halves(world.targets), niqe_real=4.0
    )
    assert found.gap is not None
    assert found.gap.high - found.gap.low < (found.rows[0].high - found.rows[0].low) / 5


def test_few_people_get_no_number_and_a_reason(world):
    groups = dict.fromkeys(world.targets[:4], "few") | dict.fromkeys(world.targets[4:], "many")
    found = score_groups(world.terms(errors_of(world)), neutral_of(world), groups, niqe_real=4.0)
    few, many = found.rows
    assert np.isnan([few.gain, few.low, few.high, few.method, few.neutral]).all()
    assert few.identities == 4
    assert few.withheld is not None
    assert "4 identities, fewer than 5" in few.withheld
    assert many.withheld is None
    assert found.gap is None
    five = dict.fromkeys(world.targets[:5], "few") | {"t029": "one"}
    five_found = score_groups(world.terms(errors_of(world)), neutral_of(world), five, niqe_real=4.0)
    assert [row.withheld is None for row in five_found.rows] == [True, False]
    assert five_found.ungrouped == 24


def test_the_largest_of_several_gaps_is_judged_more_strictly(world):
    errors = errors_of(world)
    thirds = {name: str(int(name[1:]) % 3) for name in world.targets}
    three = score_groups(world.terms(errors), neutral_of(world), thirds, niqe_real=4.0)
    assert three.gap is not None
    assert three.gap.gaps == 3
    gains = [row.gain for row in three.rows]
    assert three.gap.gap == pytest.approx(max(gains) - min(gains))
    chosen = {
        name: group for name, group in thirds.items() if group in (three.gap.most, three.gap.least)
    }
    two = score_groups(world.terms(errors), neutral_of(world), chosen, niqe_real=4.0)
    assert two.gap is not None
    assert two.gap.gap == pytest.approx(three.gap.gap)
    assert three.gap.low < two.gap.low < two.gap.high < three.gap.high
    assert three.gap.p_value == pytest.approx(min(1.0, 3 * two.gap.p_value))


def test_same_seed_same_result_in_any_row_order(world):
    terms, neutral = world.terms(errors_of(world)), neutral_of(world)
    groups = halves(world.targets)
    first = score_groups(terms, neutral, groups, niqe_real=4.0, resamples=200, seed=3)
    shuffled = terms.sample(frac=1, random_state=0)
    assert score_groups(shuffled, neutral, groups, niqe_real=4.0, resamples=200, seed=3) == first
    assert score_groups(terms, neutral, groups, niqe_real=4.0, resamples=200, seed=4) != first


def test_wrong_questions_are_refused(world):
    terms = world.terms(errors_of(world))
    with pytest.raises(ValueError, match="same pairs"):
        score_groups(terms, neutral_of(world).iloc[1:], {}, niqe_real=4.0)
    with pytest.raises(ValueError, match="no score beauty"):
        score_groups(terms, neutral_of(world), {}, niqe_real=4.0, score="beauty")


@pytest.mark.slow
def test_gap_between_groups_that_are_alike_is_rarely_significant(simulation):
    world = simulation(20, 20)
    apart = 0
    for seed in range(200):
        terms = world.terms(errors_of(world, seed))
        found = score_groups(
            terms, neutral_of(world), halves(world.targets), niqe_real=4.0, resamples=500
        )
        assert found.gap is not None
        apart += found.gap.p_value <= 0.05
    assert apart / 200 <= 0.09
