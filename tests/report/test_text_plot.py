from __future__ import annotations

import numpy as np

from bench.report.terminal.text_plot import text_plot


def test_a_falling_line_falls() -> None:
    assert text_plot([0, 0.5, 1], {"*": [2, 1, 0]}, 1.0, width=32, height=3) == [
        "2 |*.......",
        "  |        ......*......",
        "0 |                     .......O",
        "  +-----------------------------",
        "   0.00        alpha        1.00",
    ]


def test_two_curves_cross_where_the_axis_is_marked() -> None:
    lines = text_plot(
        [0, 1],
        {"t": [0, 2], "s": [2, 0]},
        None,
        interval=(0.25, 0.75),
        marks={"X": 0.5, "R": None},
        width=32,
        height=3,
    )
    assert lines == [
        "2 |s.......             .......t",
        "  |        .............",
        "0 |t.......             .......s",
        "  +-------=======X=======-------",
        "   0.00        alpha        1.00",
    ]


def test_marks_outside_the_axis_are_left_out_and_intervals_cut() -> None:
    axis = text_plot([0, 1], {"*": [0, 2]}, None, interval=(0.5, 3.0), marks={"X": 1.5})[-2]
    assert "X" not in axis
    assert axis.endswith("=")
    undefined = text_plot([0, 1], {"*": [0, 2]}, None, interval=(np.nan, np.nan))[-2]
    assert "=" not in undefined


def test_chosen_alpha_is_at_the_lowest_point() -> None:
    x = np.linspace(0, 1, 11)
    lines = text_plot(x, {"*": (x - 0.7) ** 2}, 0.7, width=60, height=7)
    assert "O" in lines[6]
    assert sum(line.count("O") for line in lines) == 1
    assert sum(line.count("*") for line in lines) == 10


def test_gap_stays_empty() -> None:
    lines = text_plot([0, 1, 2, 3], {"*": [1.0, np.nan, np.nan, 1.0]}, None, width=40, height=3)
    assert sum(line.count("*") for line in lines) == 2
    assert sum(line.count(".") for line in lines[:3]) == 0


def test_constant_single_and_empty_curves() -> None:
    assert sum(line.count("*") for line in text_plot([0, 1], {"*": [5, 5]}, None)) == 2
    assert sum(line.count("O") for line in text_plot([0.4], {"*": [5]}, 0.4)) == 1
    assert text_plot([0.4], {"*": [np.nan]}, 0.4) == ["(no finite value to draw)"]


def test_what_rounding_leaves_of_zero_reads_as_zero() -> None:
    assert text_plot([0, 1], {"*": [2.5e-17, 1.0]}, None)[8].startswith("0 |")


def test_no_line_is_wider_than_asked() -> None:
    x = np.linspace(0, 1, 21)
    for width in (32, 40, 79):
        lines = text_plot(x, {"*": np.sin(9 * x) * 1e-7}, 0.3, width=width)
        assert max(map(len, lines)) <= width
