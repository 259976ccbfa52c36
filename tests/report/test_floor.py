"""Differences that the instruments cannot tell: grey, in brackets, and said so."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from bench.analysis.board import Board, Estimate
from bench.analysis.instruments.board_shifts import BoardShift
from bench.analysis.instruments.floor import Floor
from bench.report.contents import ReportInput
from bench.report.floor import BoardFloor, floor_of_board
from bench.report.page.html import render_html
from bench.report.terminal.board import print_board
from bench.run.panels import panel_path, write_panel

KEY = {"dataset": "london", "resolution": 64, "instruments": {"embedder": {"name": "made-up"}}}


def panel(skill: float, retention: float, naturalness: float, **changes: Any) -> dict[str, Any]:
    shift = BoardShift("real-target", skill, retention, naturalness)
    reading = {"kind": "jpeg", "shifts": [dataclasses.asdict(shift)]}
    beside = dataclasses.asdict(BoardShift("real-target", -1.0, -1.0, -1.0))
    return {
        "measured_with": KEY,
        "part": "dev",
        "images": 122,
        "readings": [reading, {"kind": "reduction", "shifts": [beside]}],
        "floor": {"one_image": {"identity": 0.394, "action_units": 0.043}},
        "command": "bench check-instruments london --data D",
        **changes,
    }


@pytest.fixture
def runs(tmp_path: Path, board: Board) -> Path:
    """A folder of runs with the run.json of each row."""
    for row in board.rows:
        folder = tmp_path / board.benchmark / row.run_id
        folder.mkdir(parents=True)
        info = {
            "schema_version": 1,
            "benchmark": board.benchmark,
            "method": {"name": row.method, "has_alpha": True, "is_anchor": row.is_anchor},
            "identity": {"hash": "00000000", "parts": {"parameters": {}, **KEY, "seed": 0}},
            "action_units": [],
            "created": "2026-01-01T00:00:00+00:00",
        }
        (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")
    return tmp_path


def printed(
    board: Board, floor: BoardFloor | None, *, colour: bool = False, width: int = 80
) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    print_board(board, console, floor)
    return stream.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


def test_differences_below_the_floor_are_in_brackets_and_others_not(
    runs: Path, board: Board
) -> None:
    write_panel(runs, board.benchmark, panel(-0.031, 0.0, 0.02))
    floor = floor_of_board(runs, board)
    first = floor.steps[0]
    assert first.name == "pixel-arith"
    # From glow-arith: score 0.412 to 0.389, E 0.44 to 0.41, R 0.36 to 0.31, Q 0.48 to 0.57.
    assert [d.text for d in first.differences] == ["-0.023", "(-0.030)", "-0.050", "+0.090"]
    assert [d.below for d in first.differences] == [False, True, False, False]
    assert len(floor.steps) == len(board.rows) - 1
    text = printed(board, floor)
    assert max(map(len, text.splitlines())) <= 80
    line = next(line for line in text.splitlines() if "(-0.030)" in line)
    assert line.split() == ["pixel-arith", "-0.023", "(-0.030)", "-0.050", "+0.090"]


def test_the_floor_of_the_score_is_taken_where_the_methods_are(runs: Path, board: Board) -> None:
    """At E, R, Q = 0.44, 0.36, 0.48 and 0.41, 0.31, 0.57 the score moves by what E, R, Q do."""
    write_panel(runs, board.benchmark, panel(-0.05, -0.05, -0.05))
    floor = floor_of_board(runs, board)
    rows = board.rows[:2]
    harmonic = [
        3 / sum(1 / (value - shift) for value in (e, r, q))
        for e, r, q in ((0.44, 0.36, 0.48), (0.41, 0.31, 0.57))
        for shift in (0.0, 0.05)
    ]
    limit = max(harmonic[0] - harmonic[1], harmonic[2] - harmonic[3])
    assert rows[0].transfer_score.value - rows[1].transfer_score.value < limit
    assert floor.steps[0].differences[0].below
    assert floor.lead_is_below
    assert "below the floor of the instruments" in words(printed(board, floor))


def test_grey_is_what_a_terminal_shows_dim(runs: Path, board: Board) -> None:
    write_panel(runs, board.benchmark, panel(-0.05, -0.05, -0.05))
    floor = floor_of_board(runs, board)
    text = printed(board, floor, colour=True)
    assert "\x1b[2m(-0.023)\x1b[0m" in text
    assert "\x1b[2m+0.090" not in text
    assert "+0.090" in text
    # The lead is written in the bold sentence.
    assert "\x1b[2ma paired" in text


def test_a_line_says_what_the_floor_is_and_which_command_made_it(runs: Path, board: Board) -> None:
    write_panel(runs, board.benchmark, panel(-0.031, 0.012, 0.02))
    floor = floor_of_board(runs, board)
    text = words(printed(board, floor))
    assert "what a 1-pixel shift, JPEG 95 or a re-encode of all outputs alone changes" in text
    assert "E 0.031, R 0.012, Q 0.020" in text
    assert "Made by bench check-instruments london --data D on 122 dev images." in text


def test_without_a_floor_a_line_says_which_command_makes_one(runs: Path, board: Board) -> None:
    floor = floor_of_board(runs, board)
    assert (floor.floor, floor.steps, floor.lead_is_below) == (None, (), False)
    assert f"bench check-instruments london-64 --data DIR --out {runs}" in floor.remark
    text = printed(board, floor, width=300)
    assert floor.remark in text
    assert "Difference to the row above" not in text
    drawn = dataclasses.replace(board, benchmark="synthfaces-64", rows=())
    assert "check-instruments synthfaces-64 --out" in floor_of_board(runs, drawn).remark


def test_runs_of_a_benchmark_that_nobody_can_measure_get_no_advice(
    runs: Path, board: Board
) -> None:
    imported = dataclasses.replace(board, benchmark="not-a-dataset", rows=())
    assert floor_of_board(runs, imported).remark == ""


def test_the_floor_of_other_instruments_is_not_used(runs: Path, board: Board) -> None:
    other = {**KEY, "instruments": {"embedder": {"name": "another"}}}
    write_panel(runs, board.benchmark, panel(-0.5, 0.5, 0.5, measured_with=other))
    floor = floor_of_board(runs, board)
    assert floor.floor is None
    assert floor.steps == ()
    assert "belongs to other data or instruments and is not used" in floor.remark
    write_panel(runs, board.benchmark, panel(-0.031, 0.0, 0.02))
    found = floor_of_board(runs, board).floor
    assert found is not None
    assert found.of("expression_skill") == 0.031


def test_a_damaged_file_is_named_and_the_report_goes_on(runs: Path, board: Board) -> None:
    path = panel_path(runs, board.benchmark)
    path.write_text("{", encoding="utf-8")
    floor = floor_of_board(runs, board)
    assert floor.floor is None
    assert f"{path} is damaged" in floor.remark
    assert "glow-arith" in printed(board, floor)


def test_undefined_scores_are_never_below(
    runs: Path, board: Board, changed_board: Callable[..., Board]
) -> None:
    write_panel(runs, board.benchmark, panel(-0.5, 0.5, 0.5))
    nothing = Estimate(np.nan, np.nan, np.nan)
    strange = changed_board(transfer_score=nothing, expression_skill=nothing)
    first = floor_of_board(runs, strange).steps[0]
    assert [d.text for d in first.differences[:2]] == ["n/a", "n/a"]
    assert not any(d.below for d in first.differences[:2])


def test_the_page_shows_it_too(runs: Path, report: ReportInput) -> None:
    write_panel(runs, report.board.benchmark, panel(-0.05, -0.05, -0.05))
    page = render_html(dataclasses.replace(report, floor=floor_of_board(runs, report.board)))
    assert '<td class="n below">(-0.023)</td>' in page
    assert '<td class="n">+0.090</td>' in page
    assert '<span class="below">a paired difference of 0.05' in page
    assert "below the floor of the instruments" in page
    assert ".below { color: var(--muted); }" in page
    assert "Made by bench check-instruments london --data D" in page
    step = re.search(r"<tr><td.*?-0\.023.*?</tr>", page, re.DOTALL)
    assert step is not None
    assert re.findall(r"<bdi>([^<]*)</bdi>", step[0]) == ["glow-arith", "pixel-arith"]


def test_the_page_says_which_command_makes_one(runs: Path, report: ReportInput) -> None:
    page = render_html(dataclasses.replace(report, floor=floor_of_board(runs, report.board)))
    assert "bench check-instruments london-64 --data DIR" in page
    assert "Differences between neighbours" not in page
    assert 'class="below"' not in page
    assert "Differences between neighbours" not in render_html(report)


def test_a_command_with_markup_stays_text(runs: Path, report: ReportInput) -> None:
    evil = panel(-0.05, -0.05, -0.05, command="bench <script>alert(1)</script>")
    write_panel(runs, report.board.benchmark, evil)
    page = render_html(dataclasses.replace(report, floor=floor_of_board(runs, report.board)))
    assert "<script>alert" not in page


def test_a_floor_of_nothing_hides_nothing() -> None:
    floor = Floor("dev", 1, (), float("nan"), float("nan"))
    assert np.isnan(floor.of("expression_skill"))
    assert np.isnan(floor.of_transfer_score())
