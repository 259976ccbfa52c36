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
    assert undefined["rank"] == 5
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
