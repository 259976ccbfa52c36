from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from bench.analysis.board import Board, BoardRow, Estimate
from bench.report.provenance import citations, doi_link, flatten, shared_and_own
from bench.report.significance import p_clause
from bench.report.wording import (
    conclusion,
    number,
    percent,
    printable,
    rank_text,
    rate,
    row_command,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.456, "0.46"), (-0.001, "0.00"), (-0.23, "-0.23"), (None, "n/a"), (float("nan"), "n/a")],
)
def test_number(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, "100%"), (0.9999, ">99%"), (0.0001, "<1%"), (0.0, "0%"), (0.5, "50%")]
)
def test_percent_never_rounds_to_all_or_nothing(share: float, text: str) -> None:
    assert percent(share) == text


def test_rate_keeps_three_figures() -> None:
    assert [rate(v) for v in (0.1234, 12.34, 1234.4, None)] == ["0.12", "12.3", "1234", "n/a"]


def test_printable_drops_controls_and_direction_marks_only() -> None:
    assert printable("a\x1b[31m\u202eb\tc é 方 ع") == "a[31mb c é 方 ع"


def test_conclusion_of_a_clear_winner(changed_board: Callable[..., Board]) -> None:
    board = changed_board(transfer_score=Estimate(0.6, 0.55, 0.65))
    second = dataclasses.replace(board.rows[1], tie_group=2)
    rows = (board.rows[0], second, *board.rows[2:])
    board = dataclasses.replace(board, rows=rows, lead=Estimate(0.21, 0.15, 0.27))
    assert conclusion(board) == (
        "On london-64 (test, 328 pairs) glow-arith at alpha 0.70 (chosen on dev) has the highest "
        "transfer score, 0.60 (95% interval 0.55 to 0.65); pixel-arith follows with 0.39, "
        "a paired difference of 0.21 (95% interval 0.15 to 0.27)."
    )


def test_conclusion_names_those_that_share_the_first_place(
    changed_board: Callable[..., Board], changed_row: Callable[..., BoardRow]
) -> None:
    values = (False, 0.5, 0.3, 0.3, 0.3, 0.3)
    rows = [changed_row(place, (f"m{place}", *values)) for place in range(1, 7)]
    rows[5] = dataclasses.replace(rows[5], tie_group=2)
    board = dataclasses.replace(changed_board(), rows=tuple(rows))
    assert conclusion(board).endswith(
        "the data cannot tell m1 from m2, m3, m4 and 1 more, so they share the first place."
    )


def test_a_first_place_without_full_coverage_says_so(changed_board: Callable[..., Board]) -> None:
    text = conclusion(changed_board(coverage=0.91))
    assert "glow-arith gave an image that could be measured for 91% of the pairs" in text
    assert "measured" not in conclusion(changed_board())


@pytest.mark.parametrize(
    ("low", "high", "group", "text"),
    [(1, 3, 1, "1-3 a"), (2, 2, 2, "2 b"), (27, 27, 28, "27 ab"), (None, None, None, "1")],
)
def test_rank_text(
    low: int | None,
    high: int | None,
    group: int | None,
    text: str,
    changed_board: Callable[..., Board],
) -> None:
    row = changed_board(rank_low=low, rank_high=high, tie_group=group).rows[0]
    assert rank_text(row) == text


def test_an_anchor_has_no_rank_text(board: Board) -> None:
    assert {rank_text(row) for row in board.rows if row.is_anchor} == {""}


@pytest.mark.parametrize(
    ("p_value", "text"), [(0.0, "p < 0.001"), (0.0341, "p = 0.034"), (float("nan"), "p n/a")]
)
def test_p_values_are_never_zero(p_value: float, text: str) -> None:
    assert p_clause(p_value) == text


def test_conclusion_names_an_anchor_that_is_not_reached(board: Board) -> None:
    rows = list(board.rows)
    rows[2] = dataclasses.replace(rows[2], transfer_score=Estimate(0.7, 0.6, 0.8))
    board = dataclasses.replace(board, rows=tuple(rows))
    assert conclusion(board).endswith("the anchor real-target has 0.70 and is not reached.")


def test_conclusion_when_nothing_beats_doing_nothing(board: Board) -> None:
    zero = Estimate(0.0, 0.0, 0.0)
    rows = tuple(dataclasses.replace(row, transfer_score=zero) for row in board.rows)
    board = dataclasses.replace(board, rows=rows)
    assert "no method beats doing nothing" in conclusion(board)


def test_row_command_is_the_recorded_one_or_a_call_that_the_shell_reads() -> None:
    assert row_command({"command": "bench run a"}, "a", "b") == "bench run a"
    assert row_command({"command": ["bench", "run", "a b"]}, "a", "b") == "bench run 'a b'"
    assert row_command({}, "./my method.py", "b") == "bench run './my method.py' --benchmark b"


def test_only_a_doi_becomes_a_link() -> None:
    assert doi_link("doi:10.1000/xyz.v5") == "https://doi.org/10.1000/xyz.v5"
    for text in ("javascript:alert(1)", "10.1000/a b", '10.1000/"onclick', "http://x", None):
        assert doi_link(text) == ""


def test_run_records_are_flattened_and_parted() -> None:
    first = {"a": {"b": 1, "c": [1, 2]}, "seed": None}
    assert flatten(first) == [("a / b", "1"), ("a / c", "1, 2"), ("seed", "none")]
    shared, own = shared_and_own([first, {"a": {"b": 2, "c": [1, 2]}, "seed": None}])
    assert shared == [("a / c", "1, 2"), ("seed", "none")]
    assert own == [[("a / b", "1")], [("a / b", "2")]]


def test_everything_with_a_name_and_a_licence_is_cited_once() -> None:
    weights = {"name": "net", "licence": "Apache-2.0", "weights_sha256": "ab12"}
    (found,) = citations([{"instruments": {"embedder": weights}}, {"x": [weights]}, {"name": "m"}])
    assert found.name == "net"
    assert found.details == (("licence", "Apache-2.0"), ("weights sha256", "ab12"))


def test_variants_of_a_method_are_told_apart(changed_board: Callable[..., Board]) -> None:
    row = changed_board().rows[0]
    variant = dataclasses.replace(row, method="flow", parameters={"precision": "bf16", "k": "2"})
    assert variant.label == "flow k=2 precision=bf16"
    board = dataclasses.replace(changed_board(), rows=(variant, *changed_board().rows[1:]))
    assert "flow k=2 precision=bf16" in conclusion(board)
    written = variant.to_dict()
    assert (written["method"], written["parameters"]["precision"]) == ("flow", "bf16")
