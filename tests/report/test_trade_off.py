"""Identity against expression: curves, the front, and the chart of them."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from bench.analysis.board import BoardRow, Estimate
from bench.report.charts.trade_off import draw_trade_off
from bench.report.contents import ReportInput, ReportMethod
from bench.report.page.html import render_html
from bench.report.sections.trade_off import TradeOff, collect, trade_off_of

WIDE = (860.0, 560.0)
CURVE_COLUMNS = ("alpha", "identity_retention", "expression_skill")


@pytest.fixture
def method_of(changed_row: Callable[..., BoardRow]) -> Callable[..., ReportMethod]:
    """A method with a curve: points are (alpha, R, E), the second is that of the board."""

    def make(
        name: str, points: Sequence[tuple[float, float, float]], *, anchor: bool = False
    ) -> ReportMethod:
        alpha, retention, skill = points[min(1, len(points) - 1)]
        values = (name, anchor, None if anchor else alpha, 0.3, skill, retention, 0.9)
        row = changed_row(None if anchor else 1, values)
        curve = None if anchor else pd.DataFrame(list(points), columns=list(CURVE_COLUMNS))
        return ReportMethod(row, curve)

    return make


def content_of(methods: Sequence[ReportMethod]) -> TradeOff:
    content = trade_off_of(methods)
    assert content is not None
    return content


def drawn(content: TradeOff, size: tuple[float, float] = WIDE) -> ElementTree.Element:
    return ElementTree.fromstring(str(draw_trade_off(content, size)))


def with_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [e for e in root.iter() if name in (e.get("class") or "").split()]


def test_the_front_is_what_no_point_of_any_method_beats(
    method_of: Callable[..., ReportMethod],
) -> None:
    methods = [
        method_of("a", [(0.0, 1.0, 0.0), (0.5, 0.8, 0.4), (1.0, 0.2, 0.5)]),
        method_of("b", [(0.0, 0.9, 0.1), (0.5, 0.7, 0.6), (1.0, 0.1, 0.3)]),
        # An anchor that beats them all is no contestant.
        method_of("real-target", [(0.0, 1.0, 1.0)], anchor=True),
    ]
    content = content_of(methods)
    found = [(method.label, point.alpha) for method, point in content.front]
    assert found == [("a", 0.0), ("b", 0.0), ("a", 0.5), ("b", 0.5)]
    skills = [point.skill for _, point in content.front]
    assert skills == sorted(skills)
    assert content.to_dict()["front"][0] == {
        "run_id": "a-1a2b3c4d",
        "method": "a",
        "alpha": 0.0,
        "identity_retention": 1.0,
        "expression_skill": 0.0,
        "is_chosen": False,
        "on_front": True,
    }


def test_the_front_is_drawn_in_steps_through_its_points(
    method_of: Callable[..., ReportMethod],
) -> None:
    content = content_of([method_of("a", [(0.0, 1.0, 0.0), (0.5, 0.6, 0.4), (1.0, 0.2, 0.8)])])
    root = drawn(content)
    (front,) = with_class(root, "front")
    steps = [tuple(map(float, step.split())) for step in re.split("[ML]", front.get("d") or "")[1:]]
    assert len(steps) == 5
    # To the left with the same E, then up with the same R: no better point is claimed.
    for number, ((x, y), (u, v)) in enumerate(pairwise(steps)):
        assert (y == v and u < x) if number % 2 == 0 else (x == u and v < y)


def test_every_method_has_its_alpha_of_the_board_marked(
    method_of: Callable[..., ReportMethod],
) -> None:
    methods = [method_of(f"m{i}", [(0.0, 1.0, 0.0), (0.5, 0.5 + 0.02 * i, 0.3)]) for i in range(20)]
    content = content_of(methods)
    assert all(method.chosen.alpha == 0.5 for method in content.methods)
    root = drawn(content)
    groups = [e for e in root.iter() if e.get("data-method")]
    for place in range(20):
        own = [group for group in groups if group.get("data-method") == str(place)]
        points = {e.get("data-point") for group in own for e in group.iter() if e.get("data-point")}
        assert points == {f"{place} 0", f"{place} 1"}
        assert len([e for group in own for e in with_class(group, "whisker")]) == 2
    assert len({method.index for method in content.methods}) == 20


def test_nothing_is_drawn_outside_the_frame(method_of: Callable[..., ReportMethod]) -> None:
    wild = method_of(
        "wild", [(0.0, 1.0, 0.0), (0.5, 0.5, 0.5), (1.0, -9.0, -40.0), (2.0, 5.0, 3.0)]
    )
    for size in (WIDE, (380.0, 420.0)):
        root = drawn(content_of([wild]), size)
        lines = with_class(root, "curve") + with_class(root, "front")
        assert lines
        for line in lines:
            numbers = np.array(re.findall(r"-?[\d.]+", line.get("d") or ""), dtype=float)
            x, y = numbers.reshape(-1, 2).T
            assert x.min() >= 48
            assert x.max() <= size[0] - 16
            assert y.min() >= 44
            assert y.max() <= size[1] - 52
        # A dot on the frame would say that the point lies there.
        assert {e.get("data-point") for e in root.iter() if e.get("data-point")} == {"0 0", "0 1"}


def test_a_gap_breaks_the_line_and_is_on_no_front(method_of: Callable[..., ReportMethod]) -> None:
    holed = method_of(
        "holed",
        [(0.0, 1.0, 0.0), (0.2, 0.9, 0.1), (0.4, np.nan, 0.9), (0.6, 0.5, 0.3), (0.8, 0.4, 0.4)],
    )
    content = content_of([holed])
    assert len(with_class(drawn(content), "curve")) == 2
    assert not content.methods[0].points[2].on_front
    assert content.to_dict()["methods"][0]["points"][2]["identity_retention"] is None
    json.dumps(content.to_dict(), allow_nan=False)


def test_a_method_whose_targets_have_their_own_alphas_has_a_point_of_the_board(
    method_of: Callable[..., ReportMethod],
) -> None:
    method = method_of("m", [(0.0, 1.0, 0.0), (0.5, 0.5, 0.5)])
    row = dataclasses.replace(method.row, alpha=None, alpha_by_target={"a": 0.0, "b": 0.5})
    (one,) = content_of([dataclasses.replace(method, row=row)]).methods
    assert not any(point.is_chosen for point in one.points)
    assert one.chosen.alpha is None
    assert (one.chosen.retention, one.chosen.skill) == (0.5, 0.5)
    assert one.alpha == "0.00 to 0.50"


def test_json_and_markdown_name_every_method_once(report: ReportInput) -> None:
    content = collect(report)
    assert content is not None
    rows = content.to_dict()["methods"]
    assert [row["method"] for row in rows] == [m.row.label for m in report.methods]
    assert [row["is_anchor"] for row in rows] == [False] * 2 + [True] * 4
    assert rows[0]["expression_skill_interval"] == pytest.approx({"low": 0.40, "high": 0.48})
    curve = report.methods[0].curve
    assert curve is not None
    assert len(rows[0]["points"]) == len(curve)
    assert sum(point["is_chosen"] for point in rows[0]["points"]) == 1
    lines = content.to_markdown().splitlines()
    assert len(lines) == 2 + len(rows)
    assert "| glow-arith" in lines[2]
    assert "0.44 [0.40, 0.48]" in lines[2]


def test_markdown_of_hostile_names_is_no_markup(method_of: Callable[..., ReportMethod]) -> None:
    name = "<b>|`x`| \u202eevil"
    text = content_of([method_of(name, [(0.0, 1.0, 0.0)])]).to_markdown()
    assert len(text.splitlines()) == 3
    assert "\u202e" not in text
    assert "\\<b" in text
    assert "\\|" in text


def test_no_methods_make_no_section_and_an_empty_chart_is_a_chart() -> None:
    assert trade_off_of([]) is None
    assert drawn(TradeOff("test", (), None)).tag.endswith("svg")


def test_scores_that_are_nowhere_finite_leave_an_empty_plane(
    method_of: Callable[..., ReportMethod],
) -> None:
    method = method_of("m", [(0.0, np.nan, np.nan)])
    nothing = Estimate(np.nan, np.nan, np.nan)
    row = dataclasses.replace(method.row, identity_retention=nothing, expression_skill=nothing)
    content = content_of([dataclasses.replace(method, row=row)])
    assert content.front == ()
    assert not [e for e in drawn(content).iter() if e.get("data-point")]


def test_the_page_has_every_point_for_its_script(report: ReportInput) -> None:
    text = render_html(report)
    found = re.search(r'id="data-trade-off">(.*?)</script>', text)
    assert found is not None
    data = json.loads(found[1])
    curve = report.methods[0].curve
    assert curve is not None
    first = data["methods"][0]
    assert first["name"] == "glow-arith"
    assert len(first["points"]) == len(curve)
    assert sum(point[0].endswith("on the board") for point in first["points"]) == 1
    for place, method in enumerate(data["methods"]):
        marks = re.findall(rf'data-point="{place} (\d+)"', text)
        assert marks
        assert max(map(int, marks)) < len(method["points"])


def test_pictures_of_the_first_pair_belong_to_their_alphas(
    method_of: Callable[..., ReportMethod], tmp_path: Path
) -> None:
    from bench.data.split import Pair

    pair = Pair("test", "a", "smile", "b")

    class Kept:
        pairs = (pair,)

        def output(self, run_id: str, shown: Pair, alpha: float | None) -> Path | None:
            assert shown == pair
            return None if alpha == 0.5 else tmp_path / f"{run_id} {alpha}"

    methods = [method_of("m", [(0.0, 1.0, 0.0), (0.5, 0.5, 0.5), (1.0, 0.2, 0.6)])]
    content = trade_off_of(methods, "test", Kept())  # type: ignore[arg-type]
    assert content is not None
    shown = [point.picture and point.picture.name for point in content.methods[0].points]
    assert shown == ["m-1a2b3c4d 0.0", None, "m-1a2b3c4d 1.0"]
