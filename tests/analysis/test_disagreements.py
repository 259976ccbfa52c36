"""Pairs on which two methods differ most: shares of their difference in expression skill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.chosen_readings import ChosenReadings, ChosenRows
from bench.analysis.disagreements import DisagreeingPair, disagreements
from bench.analysis.scores import aggregate
from bench.analysis.terms import sample_terms
from bench.run.store import StoredRun
from bench.run.timings import Timings

UNITS = ("AU06", "AU12", "AU25")


@pytest.fixture
def read(world: Any) -> Callable[..., ChosenReadings]:
    """What was read of a made-up method on the world's pairs."""

    def make(method: Any, alphas: tuple[float, ...] = (np.nan,)) -> ChosenReadings:
        info = {"action_units": list(UNITS), "method": {"name": "m"}}
        scores = world.scores(method, alphas)
        run = StoredRun(Path("m-1"), info, scores, world.references(), Timings())
        return ChosenRows("test").read(run, None if len(alphas) == 1 else alphas[-1])

    return make


def noisy(methods: Any, seed: int, size: float = 0.2) -> Any:
    """The perfect method with noise that depends on the pair alone."""

    def method(world: Any, pair: Any, alpha: float) -> Any:
        random = np.random.default_rng([seed, *map(ord, pair.key)])
        face = methods.perfect(world, pair, alpha)
        return replace(face, units=face.units + random.normal(0, size, len(face.units)))

    return method


def terms_of(readings: ChosenReadings) -> pd.DataFrame:
    run = readings.run
    terms = sample_terms(run.scores, run.references, run.action_units)
    return terms[terms["kind"] == "cross"].set_index("pair").sort_index()


def test_all_shares_together_are_the_difference_in_skill(
    read: Any, methods: Any, world: Any
) -> None:
    first, second = read(noisy(methods, 1)), read(noisy(methods, 2))
    found = disagreements(first, second, most=1000)
    pairs = [*found.first_better, *found.second_better]
    assert len(pairs) == found.compared == 8 * 7
    skills = [
        aggregate(terms_of(one).reset_index(), niqe_real=world.niqe_real).expression_skill
        for one in (first, second)
    ]
    assert found.skill == pytest.approx(skills[0] - skills[1], rel=1e-9)
    assert sum(pair.of_skill for pair in pairs) == pytest.approx(found.skill, rel=1e-9)
    assert found.first_wins == len(found.first_better)
    assert (found.ties, found.left_out) == (0, 0)


def test_the_largest_differences_stand_first_with_their_numbers(read: Any, methods: Any) -> None:
    first, second = read(noisy(methods, 1)), read(noisy(methods, 2))
    found = disagreements(first, second, most=5)
    one, other = terms_of(first), terms_of(second)
    differences = (other["expression_error"] - one["expression_error"]).sort_values()
    assert [pair.pair for pair in found.second_better] == list(differences.index[:5])
    assert [pair.pair for pair in found.first_better] == list(differences.index[:-6:-1])
    for pair in (*found.first_better, *found.second_better):
        assert pair.difference == pytest.approx(differences[pair.pair])
        assert pair.change == pytest.approx(one["expression_change"][pair.pair])
        assert pair.pair == f"{pair.source}/{pair.sample}>{pair.target}"
        for numbers, terms in ((pair.first, one), (pair.second, other)):
            assert numbers.alpha is None
            for name in ("expression_error", "au_mae", "id_dist_target", "id_dist_source", "niqe"):
                assert getattr(numbers, name) == pytest.approx(terms[name][pair.pair], rel=1e-9)


def test_swapping_the_methods_swaps_everything(read: Any, methods: Any) -> None:
    first, second = read(noisy(methods, 1)), read(noisy(methods, 2))
    found, swapped = disagreements(first, second), disagreements(second, first)

    def turned(pair: DisagreeingPair) -> DisagreeingPair:
        return replace(
            pair,
            difference=-pair.difference,
            of_skill=-pair.of_skill,
            first=pair.second,
            second=pair.first,
        )

    assert swapped.first_better == tuple(map(turned, found.second_better))
    assert swapped.second_better == tuple(map(turned, found.first_better))
    assert swapped.skill == -found.skill
    assert swapped.first_wins == found.compared - found.first_wins


def test_the_unit_that_makes_the_difference_is_named(read: Any, methods: Any) -> None:
    def wrong_at_25(world: Any, pair: Any, alpha: float) -> Any:
        face = methods.perfect(world, pair, alpha)
        return replace(face, units=face.units + np.array([0.01, 0.02, 0.5]))

    found = disagreements(read(methods.perfect), read(wrong_at_25))
    assert {pair.action_unit for pair in found.first_better} == {"AU25"}
    assert found.second_better == ()
    assert found.first_wins == 56


def test_failed_pairs_are_left_out_and_counted(read: Any, methods: Any) -> None:
    good, bad = noisy(methods, 1), noisy(methods, 2, 5.0)
    first = read(methods.failing(good, lambda pair: pair.target == "p01"))
    second = read(methods.failing(bad, lambda pair: pair.source == "p02"))
    found = disagreements(first, second, most=100)
    # Seven pairs each, of which p02 to p01 is one and the same.
    assert (found.compared, found.left_out) == (56 - 13, 13)
    for pair in (*found.first_better, *found.second_better):
        assert pair.target != "p01"
        assert pair.source != "p02"


def test_a_pair_that_one_method_lacks_is_left_out(read: Any, methods: Any) -> None:
    first, second = read(noisy(methods, 1)), read(noisy(methods, 2))
    fewer = ChosenRows("test", first.keys[3:]).read(first.run)
    found = disagreements(fewer, second, most=100)
    assert (found.compared, found.left_out) == (53, 3)
    whole = {pair.pair: pair for pair in disagreements(first, second, most=100).first_better}
    for pair in found.first_better:
        assert pair.first == whole[pair.pair].first
        assert pair.second == whole[pair.pair].second


def test_a_method_does_not_disagree_with_itself(read: Any, methods: Any) -> None:
    one = read(noisy(methods, 1))
    found = disagreements(one, one)
    assert (found.first_better, found.second_better) == ((), ())
    assert (found.skill, found.ties, found.compared) == (0.0, 56, 56)


def test_outputs_are_those_at_the_alpha_of_the_board(read: Any, methods: Any) -> None:
    found = disagreements(read(methods.linear, (0.0, 0.5, 1.0)), read(methods.target_neutral))
    assert {pair.first.alpha for pair in found.first_better} == {1.0}
    # At alpha 1 the change is the source's exactly; doing nothing leaves all of it.
    for pair in found.first_better:
        assert pair.first.expression_error == pytest.approx(0, abs=1e-12)
        assert pair.second.expression_error == pytest.approx(pair.change)
        assert pair.first.niqe == 5.0
