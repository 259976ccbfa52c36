from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bench.analysis.paired import compare_entries
from bench.analysis.ranking import BoardEntry, rank_methods
from bench.analysis.scores import aggregate, measures


def entry(name, terms, **options):
    return BoardEntry(name, f"{name}-00000000", False, terms, **options)


def compared(first, second, niqe_real=4.0, **options):
    return compare_entries(
        first,
        second,
        benchmark="toy-64",
        part="test",
        niqe_real=niqe_real,
        resamples=200,
        **options,
    )


def noisy(terms, seed):
    random = np.random.default_rng(seed)
    return terms.assign(
        **{
            name: terms[name] * random.uniform(0.5, 1.5, len(terms))
            for name in ("expression_error", "au_mse", "au_mae", "id_dist_target", "niqe")
        }
    )


@pytest.fixture
def two(world, methods):
    linear = world.terms(methods.linear, [0.4])
    return entry("a", noisy(linear, 0)), entry("b", noisy(linear, 1))


def test_every_score_is_that_of_its_method_and_differences_are_first_minus_second(two):
    found = compared(*two)
    values = [
        {**vars_of(aggregate(one.terms, niqe_real=4.0)), **vars_of(measures(one.terms))}
        for one in two
    ]
    rows = {row.name: row for row in found.rows}
    for name in set(rows) - {"hypervolume"}:
        row = rows[name]
        assert row.first == pytest.approx(values[0][name]), name
        assert row.second == pytest.approx(values[1][name]), name
        assert row.comparison.difference == pytest.approx(row.first - row.second)
        assert row.comparison.low <= row.comparison.difference <= row.comparison.high
    assert found.rows[0].name == "transfer_score"
    assert {row.name for row in found.rows if row.better == "down"} == {
        "au_mse", "au_mae", "id_dist_target",
    }  # fmt: skip
    assert found.pairs == 56


def vars_of(value):
    return {name: getattr(value, name) for name in value.__slots__}


def test_the_other_order_turns_every_difference(two):
    forth, back = compared(*two), compared(*two[::-1])
    for one, other in zip(forth.rows, back.rows, strict=True):
        assert one.comparison.difference == -other.comparison.difference
        assert one.comparison.p_value == other.comparison.p_value
        assert (one.comparison.low, one.comparison.high) == pytest.approx(
            (-other.comparison.high, -other.comparison.low)
        )
    assert forth.disagreements[0].target == back.disagreements[0].target


def test_the_interval_is_that_of_the_board(two):
    board = rank_methods(two, benchmark="toy-64", part="test", niqe_real=4.0, resamples=200)
    [on_board] = board.comparisons
    alone = compared(*two).rows[0].comparison
    if on_board.first != "a":
        on_board = on_board.reversed()
    assert (alone.low, alone.high, alone.p_value) == pytest.approx(
        (on_board.low, on_board.high, on_board.p_value)
    )


def test_holm_is_over_all_rows_and_the_explanation_of_the_score_alone(two):
    found = compared(*two)
    p_values = [row.comparison.p_value for row in found.rows]
    assert found.rows[int(np.argmin(p_values))].comparison.multiplicity == len(found.rows)
    explained, row = found.explanation.comparison, found.rows[0].comparison
    assert (explained.difference, explained.p_value) == (row.difference, row.p_value)
    assert explained.p_adjusted == explained.p_value


def test_a_method_does_not_differ_from_itself(world, methods):
    terms = world.terms(methods.linear, [0.4])
    found = compared(entry("m", terms), BoardEntry("m", "m-11111111", False, terms))
    assert {row.comparison.difference for row in found.rows} == {0.0}
    assert {row.comparison.p_value for row in found.rows} == {1.0}
    assert (found.first.label, found.second.label) == ("m-00000000", "m-11111111")
    assert "score the same" in found.explanation.reason


def test_only_pairs_that_both_have_count(two):
    first, second = two
    fewer = entry("b", second.terms[second.terms["source"] != "p00"])
    found = compared(first, fewer)
    assert found.pairs == 49
    same = compared(entry("a", first.terms[first.terms["source"] != "p00"]), fewer)
    assert found.to_dict() == same.to_dict()


def test_two_without_a_common_pair_are_refused(two):
    first, second = two
    alone = [
        entry("a", first.terms[first.terms["source"] == "p00"]),
        entry("b", second.terms[second.terms["source"] == "p01"]),
    ]
    with pytest.raises(ValueError, match="no cross pair in common"):
        compared(*alone)


def test_a_failed_pair_counts_as_the_worst_anchor_but_in_the_distances(world, methods):
    whole = world.terms(methods.linear, [0.4])
    gone = world.terms(methods.failing(methods.linear, lambda pair: pair.source == "p03"), [0.4])
    found = compared(entry("whole", whole), entry("gone", gone))
    rows = {row.name: row for row in found.rows}
    assert found.second.coverage == pytest.approx(49 / 56)
    assert rows["expression_skill"].comparison.difference > 0
    assert rows["au_mae"].comparison.difference < 0
    # The same images where both gave one.
    assert rows["id_dist_target"].comparison.difference == 0
    assert rows["id_dist_source"].comparison.difference == 0
    assert {(one.source, one.second_outcome) for one in found.disagreements} == {("p03", "no_face")}


def test_disagreements_average_to_the_difference(two, monkeypatch):
    monkeypatch.setattr("bench.analysis.paired.MOST_DISAGREEMENTS", 100)
    found = compared(*two)
    rows = {row.name: row.comparison.difference for row in found.rows}
    for name in ("expression_skill", "identity_retention"):
        values = [getattr(one, name) for one in found.disagreements]
        assert len(values) == 56
        assert np.mean(values) == pytest.approx(rows[name])


def test_the_largest_disagreement_comes_first(world, methods):
    linear = world.terms(methods.linear, [0.4])
    off = linear.copy()
    place = off.index[(off["source"] == "p02") & (off["target"] == "p05")]
    off.loc[place, "expression_error"] += 3.0
    first, *others = compared(entry("a", linear), entry("b", off)).disagreements
    assert (first.source, first.sample, first.target) == ("p02", "smiling", "p05")
    assert first.expression_skill > 0
    assert {one.expression_skill for one in others} == {0.0}
    assert len(others) == 4


def test_people_of_both_sides_are_tested_with_holm(two):
    found = compared(*two)
    for side in ("source", "target"):
        people = found.people[side]
        assert list(people.first.index) == [f"p{number:02d}" for number in range(8)]
        one = aggregate(two[0].terms[two[0].terms[side] == "p03"], niqe_real=4.0)
        assert people.first.at["p03", "transfer_score"] == pytest.approx(one.transfer_score)
        score = people.tests[0]
        assert (score.name, score.people) == ("transfer_score", 8)
        expected = (people.first - people.second)["transfer_score"].mean()
        assert score.difference == pytest.approx(expected)
        assert all(test.wilcoxon_adjusted >= test.wilcoxon for test in people.tests)


def test_hypervolumes_are_of_the_curves(world, methods):
    terms, alphas = world.terms(methods.linear, [0.4]), [0.0, 0.4, 0.8]
    options = {"alpha": 0.4, "alpha_protocol": "dev"}
    with_curve = entry("a", terms, curve_terms=world.terms(methods.linear, alphas), **options)
    without = entry("b", terms, **options)
    found = compared(with_curve, without)
    row = found.rows[-1]
    assert row.name == "hypervolume"
    assert row.comparison.difference > 0
    assert any("grids of alpha are unequal" in note for note in found.notes)
    assert compared(with_curve, with_curve).notes == ()


def test_few_people_are_noted(make_world, methods):
    terms = make_world(count=4).terms(methods.perfect)
    assert "4 identities" in compared(entry("a", terms), entry("b", terms)).notes[0]


def test_json_has_no_nan(world, methods):
    linear = world.terms(methods.linear, [0.4])
    blind = linear.assign(expression_change=0.0)
    written = compared(entry("a", linear), entry("b", blind)).to_dict()
    found = json.loads(json.dumps(written, allow_nan=False))
    rows = {row["name"]: row for row in found["rows"]}
    assert rows["expression_skill"]["second"] is None
    assert rows["expression_skill"]["p_value"] is None
    assert rows["naturalness"]["difference"] == 0
    assert len(found["people"]["target"]["people"]) == 8


def test_rows_in_another_order_give_the_same(two):
    first, second = two
    shuffled = entry("b", second.terms.sample(frac=1.0, random_state=0))
    assert compared(first, shuffled).to_dict() == compared(first, second).to_dict()


def test_self_pairs_do_not_count(two):
    first, second = two
    cross = second.terms[second.terms["kind"] == "cross"]
    extra = pd.concat([cross, second.terms[second.terms["kind"] == "self"].head(1)])
    assert compared(first, entry("b", extra)).to_dict() == compared(first, second).to_dict()
