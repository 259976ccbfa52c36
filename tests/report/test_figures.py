from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from bench.analysis.board import Estimate
from bench.report.charts import svg
from bench.report.charts.figures import Curve, curves, histogram, interval_bar
from bench.report.charts.labels import Box, place_labels, shorten
from bench.report.charts.plane import Axis, Plane, finite_runs, round_ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (-0.3, 0.9, (-0.25, 0.0, 0.25, 0.5, 0.75)),
        (0.0, 0.012, (0.0, 0.0025, 0.005, 0.0075, 0.01)),
        (0.0, 40.0, (0.0, 10.0, 20.0, 30.0, 40.0)),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert round_ticks(low, high) == expected


def test_ticks_refuse_an_empty_range() -> None:
    with pytest.raises(ValueError, match="low < high"):
        round_ticks(1.0, 1.0)


@pytest.mark.parametrize("values", [[], [np.nan], [3.0], [-2.0, -2.0], [0.0], [1e300, np.inf]])
def test_axis_spans_anything(values: list[float]) -> None:
    axis = Axis.spanning(values, "x")
    assert axis.low < axis.high
    assert np.isfinite([axis.low, axis.high]).all()
    assert all(axis.holds(v) for v in values if np.isfinite(v) and abs(v) < 1e12)


def test_axis_ends_lie_on_ticks_and_hold_the_data() -> None:
    axis = Axis.spanning([0.13, 0.87], "x")
    assert axis.low == axis.ticks[0] <= 0.13
    assert axis.high == axis.ticks[-1] >= 0.87


def test_tick_labels_have_the_decimals_of_the_step() -> None:
    axis = Axis.spanning([0, 0.01], "x")
    assert [axis.tick_label(tick) for tick in axis.ticks][:2] == ["0.000", "0.002"]
    assert axis.tick_label(-0.0) == "0.000"


def test_point_outside_moves_onto_the_frame() -> None:
    axis = Axis.spanning([0, 1], "x")
    plane = Plane(200, 100, axis, axis)
    left, top, right, bottom = plane.frame
    assert plane.at(-5, 0) == (left, bottom)
    assert plane.at(1, 7) == (right, top)


def test_finite_runs_split_at_gaps() -> None:
    runs = finite_runs([0, 1, 2, 3, 4], [1, np.nan, 3, 4, np.inf])
    assert [list(x) for x, _ in runs] == [[0], [2, 3]]
    assert finite_runs([], []) == []


def test_coordinates_must_be_finite() -> None:
    assert svg.coordinate(-0.04) == "0"
    with pytest.raises(ValueError, match="finite"):
        svg.coordinate(float("nan"))


def test_labels_do_not_overlap_each_other_or_leave_the_frame() -> None:
    frame = Box(0, 0, 500, 400)
    points = [(250 + 9 * i, 200 + 7 * (i % 3), f"method-{i}") for i in range(9)]
    marks = [Box(x - 6, y - 6, x + 6, y + 6) for x, y, _ in points]
    labels = place_labels(points, frame, marks)
    assert [label.text for label in labels] == [text for *_, text in points]
    for one, other in itertools.combinations(labels, 2):
        assert one.box.overlap(other.box) == 0
    assert all(label.box.outside(frame) == 0 for label in labels)


def test_label_near_the_right_edge_turns_left() -> None:
    (label,) = place_labels([(490.0, 200.0, "a long method name")], Box(0, 0, 500, 400), [])
    assert label.box.right <= 490


def test_long_names_are_shortened() -> None:
    assert shorten("x" * 200) == "x" * 23 + "…"
    assert shorten("glow-arith") == "glow-arith"


def test_gap_breaks_the_line_and_marks_outside_are_left_out() -> None:
    x = Axis.spanning([0, 1], "alpha")
    line = Curve("m", [0, 0.2, 0.4, 0.6, 0.8], [1, 2, np.nan, 3, 2], 0)
    drawing = curves([line], x, Axis.spanning([0, 3], "y"), "d", verticals=[(None, "a"), (9, "b")])
    assert len(re.findall(r'class="curve', drawing)) == 2
    assert "vertical" not in drawing


def test_histogram_counts_and_sets_the_edge_apart() -> None:
    x = Axis(0.0, 1.0, (0.0, 0.5, 1.0), "alpha")
    drawing = histogram([0, 0, 0.5, 1, np.nan], [True, True, False, True, False], x, "d")
    found = re.findall(r'class="bar-edge"><title>(\d+) pairs, (\d+) of', drawing)
    counts = [(int(a), int(b)) for a, b in found]
    assert counts == [(2, 2), *[(0, 0)] * 4, (1, 0), *[(0, 0)] * 4, (1, 1)]


def test_interval_bar_places_value_inside_interval() -> None:
    axis = Axis.spanning([0, 1], "x")
    bar = str(interval_bar(Estimate(0.5, 0.25, 0.75), axis, width=110))
    found = re.search(r'x="([\d.]+)" y="3" width="([\d.]+)"', bar)
    assert found is not None
    left, width = map(float, found.groups())
    assert (left, width) == (30.0, 50.0)
    assert "interval-range" not in interval_bar(Estimate(np.nan, np.nan, np.nan), axis)
