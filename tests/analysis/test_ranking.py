from __future__ import annotations

import json

import numpy as np
import pytest

from bench.analysis.ranking import BoardEntry, rank_methods
from bench.analysis.scores import aggregate


def board_of(entries, niqe_real=4.0, **options):
    return rank_methods(
        entries, benchmark="toy-64", part="test", niqe_real=niqe_real, resamples=200, **options
    )


def entry(name, terms, **options):
    return BoardEntry(name, f"{name}-00000000", False, terms, **options)


@pytest.fixture
def entries(world, methods):
    anchor = world.terms(methods.target_neutral)
    copy = world.terms(methods.copy_source)
    return [
        BoardEntry("target-neutral", "target-neutral-1", True, anchor),
        BoardEntry("copy-source", "copy-source-1", True, copy),
        entry("perfect", world.terms(methods.perfect)),
        entry(
            "linear",
            world.terms(methods.linear, [0.4]),
            terms_at_zero=world.terms(methods.linear, [0.0]),
            alpha=0.4,
            alpha_protocol="dev",
            images_per_second=12.5,
            peak_memory_mib=300.0,
        ),
    ]


def test_rows_stand_by_transfer_score(entries):
    rows = board_of(entries).rows
    scores = [row.transfer_score.value for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert rows[0].method == "perfect"
    assert [row.rank for row in rows[:2]] == [1, 2]


def test_anchors_stand_by_score_and_have_no_rank(entries, world, methods):
    nothing = world.terms(methods.target_neutral)
    worse = nothing.assign(expression_error=2 * nothing["expression_error"])
    board = board_of([*entries, entry("worse", worse)])
    assert [row.method for row in board.rows[-3:]] == ["copy-source", "target-neutral", "worse"]
    for row in board.rows:
        places = (
            row.rank, row.rank_without_failures, row.rank_low, row.rank_high, row.tie_group,
            row.best_probability, row.average_rank, row.on_front, row.front_frequency,
            row.hypervolume,
        )  # fmt: skip
        assert [place is None for place in places] == [row.is_anchor] * len(places)
    assert [row.rank for row in board.rows if not row.is_anchor] == [1, 2, 3]


def test_a_row_has_the_numbers_of_its_method(entries, world):
    row = next(row for row in board_of(entries).rows if row.method == "linear")
    scores = aggregate(entries[3].terms, niqe_real=4.0)
    assert row.expression_skill.value == scores.expression_skill
    assert row.transfer_score.low <= row.transfer_score.value <= row.transfer_score.high
    assert (row.pairs, row.coverage, row.failures) == (56, 1.0, {})
    assert row.expression_skill_at_zero == pytest.approx(0.0, abs=1e-9)
    assert row.identity_retention_at_zero == pytest.approx(1.0, abs=1e-6)
    assert row.naturalness_at_zero == pytest.approx(1.0)
    assert (row.alpha, row.alpha_protocol) == (0.4, "dev")
    assert (row.images_per_second, row.peak_memory_mib) == (12.5, 300.0)


def test_equal_scores_share_the_smaller_rank_and_stand_by_skill_then_name(world, methods):
    linear = world.terms(methods.linear, [0.4])
    nothing = world.terms(methods.target_neutral)
    worse = nothing.assign(expression_error=2 * nothing["expression_error"])
    noise = linear.assign(expression_error=linear["expression_error"] * (1 + 1e-12))
    board = board_of(
        [
            entry("worse", worse),
            entry("nothing-b", nothing),
            entry("nothing-a", nothing),
            entry("twin", noise),
            entry("linear", linear),
        ]
    )
    assert [row.method for row in board.rows] == [
        "linear", "twin", "nothing-a", "nothing-b", "worse",
    ]  # fmt: skip
    assert [row.rank for row in board.rows] == [1, 1, 3, 3, 3]


def test_the_order_of_the_entries_does_not_matter(entries):
    assert board_of(entries) == board_of(entries[::-1])


def test_failures_cost_rank_and_the_notes_say_so(world, methods):
    gives_up = methods.failing(methods.perfect, lambda pair: pair.source < "p05")
    board = board_of(
        [
            entry("gives-up", world.terms(gives_up)),
            entry("linear", world.terms(methods.linear, [0.4])),
        ]
    )
    ranks = {row.method: (row.rank, row.rank_without_failures) for row in board.rows}
    assert ranks == {"linear": (1, 2), "gives-up": (2, 1)}
    failing = board.rows[1]
    assert failing.failures == {"no_face": 35}
    assert failing.coverage == pytest.approx(21 / 56)
    [note] = board.notes
    assert "leaving them out would change ranks: linear 1 -> 2, gives-up 2 -> 1" in note


def test_failing_where_it_is_hard_does_not_win(world, methods):
    """Without failures the twin that gives up on its worst pairs would lead."""
    linear = world.terms(methods.linear, [0.4])
    spread = np.random.default_rng(0).uniform(0.5, 1.5, len(linear))
    linear["expression_error"] *= spread
    hard = linear["expression_error"] > linear["expression_error"].quantile(0.9)
    picky = linear.assign(
        outcome=linear["outcome"].mask(hard & (linear["kind"] == "cross"), "no_face")
    )
    board = board_of([entry("picky", picky), entry("linear", linear)])
    assert [row.method for row in board.rows] == ["linear", "picky"]
    [note] = board.notes
    assert "linear 1 -> 2, picky 2 -> 1" in note


def test_failures_of_anchors_move_no_rank(world, methods, entries):
    gone = world.terms(methods.failing(methods.perfect, lambda pair: pair.source < "p02"))
    board = board_of([*entries, BoardEntry("real-target", "real-target-1", True, gone)])
    [note] = board.notes
    assert note.startswith("Failed pairs (14)")
    assert "would change no rank" in note


def test_harmless_failures_are_said_to_change_nothing(world, methods):
    rarely = methods.failing(methods.perfect, lambda pair: pair.key == "p01/smiling>p02")
    board = board_of(
        [
            entry("perfect", world.terms(rarely)),
            entry("linear", world.terms(methods.linear, [0.1])),
        ]
    )
    [note] = board.notes
    assert "Failed pairs (1)" in note
    assert "would change no rank" in note


def test_unequal_pairs_are_noted(world, methods):
    terms = world.terms(methods.perfect)
    fewer = terms[terms["source"] != "p00"]
    board = board_of([entry("all", terms), entry("fewer", fewer)])
    assert any("unequal pairs" in note and "fewer 49" in note for note in board.notes)
    assert board_of([entry("all", terms), entry("same", terms)]).notes == ()


def test_few_identities_are_noted(make_world, methods):
    board = board_of([entry("perfect", make_world(count=4).terms(methods.perfect))])
    assert any("4 identities" in note for note in board.notes)


def test_unusable_pairs_are_noted(world, methods):
    terms = world.terms(methods.perfect)
    terms.attrs["unusable_pairs"] = 3
    assert any(note.startswith("3 pairs") for note in board_of([entry("perfect", terms)]).notes)


def test_methods_with_the_same_pairs_have_the_same_interval(world, methods):
    terms = world.terms(methods.linear, [0.4])
    first, second = board_of([entry("a", terms), entry("b", terms)]).rows
    assert first.transfer_score == second.transfer_score


def test_rows_of_another_part_are_refused(world, methods):
    terms = world.terms(methods.perfect).assign(part="dev")
    with pytest.raises(ValueError, match="perfect has rows of part dev on the test board"):
        board_of([entry("perfect", terms)])


def test_board_json_has_the_promised_names_and_no_nan(world, entries, methods):
    nowhere = world.terms(methods.linear, [0.4])
    entries.append(entry("self-only", nowhere[nowhere["kind"] == "self"]))
    board = board_of(entries)
    found = json.loads(json.dumps(board.to_dict(), allow_nan=False))
    assert found["schema_version"] == 1
    assert found["benchmark"] == "toy-64"
    assert found["part"] == "test"
    names = {
        "method", "alpha", "alpha_protocol", "transfer_score", "expression_skill",
        "raw_expression_skill", "identity_retention", "naturalness", "coverage",
        "images_per_second",
    }  # fmt: skip
    for row in found["rows"]:
        assert names <= set(row)
    rows = {row["method"]: row for row in found["rows"]}
    assert set(rows["linear"]["transfer_score_interval"]) == {"low", "high"}
    assert rows["copy-source"]["alpha"] is None
    assert rows["copy-source"]["raw_expression_skill"] == 1.0
    undefined = rows["self-only"]
    assert undefined["transfer_score"] is None
    assert undefined["transfer_score_interval"] is None
    assert (undefined["rank"], undefined["hypervolume"]) == (3, None)
    assert undefined["hypervolume_interval"] is None
    assert rows["copy-source"]["hypervolume_interval"] is None
    assert rows["linear"]["hypervolume_interval"]["high"] <= 1
    assert [(one["first"], one["second"]) for one in found["comparisons"]] == [
        ("perfect", "linear"), ("perfect", "self-only"), ("linear", "self-only"),
    ]  # fmt: skip
    assert found["comparisons"][0]["separated"] is True
    assert found["comparisons"][1]["p_value"] is None
    assert len(found["anchor_comparisons"]) == 6
    # Nobody has a defined score under every method.
    assert found["average_ranks"]["people"] == 0
    assert found["average_ranks"]["ranks"]["linear"] is None
    assert any("No score is defined for self-only" in note for note in found["notes"])


def test_a_board_of_nothing_is_empty():
    board = board_of([])
    assert board.rows == ()


def test_twenty_methods_of_four_hundred_pairs_take_seconds(make_world, methods, benchmark):
    terms = make_world(count=21).terms(methods.linear, [0.4])
    random = np.random.default_rng(0)
    tables = [
        terms.assign(expression_error=terms["expression_error"] * random.uniform(0, 2, len(terms)))
        for _ in range(20)
    ]
    entries = [entry(f"m{number}", table) for number, table in enumerate(tables)]
    board = benchmark(
        rank_methods, entries, benchmark="toy-64", part="test", niqe_real=4.0, resamples=2000
    )
    assert len(board.rows) == 20


def test_the_lead_is_a_paired_difference(entries):
    board = board_of(entries)
    first, second = [row for row in board.rows if not row.is_anchor][:2]
    difference = first.transfer_score.value - second.transfer_score.value
    assert board.lead.value == pytest.approx(difference)
    assert board.lead.low <= difference <= board.lead.high
    assert board.to_dict()["lead_interval"] == {"low": board.lead.low, "high": board.lead.high}


def test_twins_have_no_lead_however_wide_their_intervals(entries, world, methods):
    terms = world.terms(methods.linear, [0.4])
    board = board_of([*entries[:2], entry("a", terms), entry("b", terms)])
    assert (board.lead.value, board.lead.low, board.lead.high) == (0.0, 0.0, 0.0)


def test_one_method_leads_nobody(entries):
    board = board_of(entries[:3])
    assert board.lead is None
    assert board.to_dict()["lead_interval"] is None


def test_twins_share_everything_and_a_better_one_stands_above(world, methods):
    terms = world.terms(methods.linear, [0.4])
    board = board_of(
        [entry("a", terms), entry("b", terms), entry("best", world.terms(methods.perfect))]
    )
    rows = {row.method: row for row in board.rows}
    assert [rows[name].tie_group for name in ("best", "a", "b")] == [1, 2, 2]
    assert [(rows[n].rank_low, rows[n].rank_high) for n in ("best", "a", "b")] == [
        (1, 1), (2, 2), (2, 2),
    ]  # fmt: skip
    assert [rows[name].best_probability for name in ("best", "a", "b")] == [1.0, 0.0, 0.0]
    assert [rows[name].average_rank for name in ("best", "a", "b")] == [1.0, 2.5, 2.5]
    assert [rows[name].on_front for name in ("best", "a", "b")] == [True, False, False]
    assert board.average_ranks.people == 8
    [twins] = [one for one in board.comparisons if {one.first, one.second} == {"a", "b"}]
    assert (twins.difference, twins.p_value, twins.separated) == (0.0, 1.0, False)


def test_every_contestant_is_compared_with_every_anchor_in_a_family_of_its_own(entries):
    board = board_of(entries)
    assert [(one.first, one.second) for one in board.anchor_comparisons] == [
        ("perfect", "copy-source"), ("perfect", "target-neutral"),
        ("linear", "copy-source"), ("linear", "target-neutral"),
    ]  # fmt: skip
    assert sorted(one.multiplicity for one in board.anchor_comparisons) == [1, 2, 3, 4]
    assert [one.multiplicity for one in board.comparisons] == [1]


def test_hypervolume_is_of_the_curve_and_else_of_the_only_point(world, methods):
    alphas = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    curve = world.terms(methods.linear, alphas)
    chosen = world.terms(methods.linear, [0.4])
    options = {"alpha": 0.4, "alpha_protocol": "dev"}
    board = board_of([entry("m", chosen, curve_terms=curve, **options)])
    point = board_of([entry("m", chosen, **options)]).rows[0]
    expected = point.expression_skill.value * point.identity_retention.value
    assert point.hypervolume.value == pytest.approx(expected)
    assert board.rows[0].hypervolume.value > expected


def test_unequal_grids_are_noted(world, methods):
    def over(alphas):
        return {
            "terms": world.terms(methods.linear, [0.4]),
            "curve_terms": world.terms(methods.linear, alphas),
            "alpha": 0.4,
            "alpha_protocol": "dev",
        }

    coarse, fine = over([0.4, 0.8]), over([0.2, 0.4, 0.8])
    board = board_of([entry("coarse", **coarse), entry("fine", **fine)])
    [note] = board.notes
    assert note.endswith("the grids of alpha are unequal: coarse 2, fine 3.")
    assert board_of([entry("a", **fine), entry("b", **fine)]).notes == ()


def test_runs_with_one_label_are_told_apart_by_their_ids(world, methods):
    terms = world.terms(methods.linear, [0.4])
    board = board_of([BoardEntry("m", f"m-{number}", False, terms) for number in (1, 2)])
    [comparison] = board.comparisons
    assert (comparison.first, comparison.second) == ("m (m-1)", "m (m-2)")
    assert [row.rank for row in board.rows] == [1, 1]


def test_a_board_of_anchors_ranks_nobody(entries):
    board = board_of(entries[:2])
    assert {row.rank for row in board.rows} == {None}
    assert board.comparisons == board.anchor_comparisons == ()
    assert board.average_ranks is None
    assert board.to_dict()["average_ranks"] is None
