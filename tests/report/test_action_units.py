"""The section of the Action Units: what is hard, beside doing nothing, as page, JSON, Markdown."""

from __future__ import annotations

import json
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.report.charts.action_unit_errors import UnitMark, UnitRow, unit_errors
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.sections.action_units import ActionUnits, collect
from bench.report.wording import number

MADE_UP = runpy.run_path(str(Path(__file__).with_name("stored_report.py")))
stored_report, off_by, noisy = (MADE_UP[name] for name in ("stored_report", "off_by", "noisy"))


def section_of(report: ReportInput) -> ActionUnits:
    section = collect(report)
    assert section is not None
    return section


class Cells(HTMLParser):
    """The rows of the table of class ``units``: texts of their cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.inside = ("class", "units") in attrs
        elif tag == "tr" and self.inside:
            self.rows.append([])
        elif tag in ("td", "th") and self.inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "table"

    def handle_data(self, data: str) -> None:
        if self.inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.rstrip("\n")


def test_the_sentence_names_the_hardest_three_and_who_differs() -> None:
    report = stored_report(
        {
            "one": off_by(0.9, 0.1, 1.5, 2.0),
            "two": off_by(0.8, 0.2, 1.4, 2.1),
            "three": off_by(0.1, 2.5, 1.4, 2.1),
        }
    )
    section = section_of(report)
    sentence = section.sentence()
    assert sentence.startswith(
        "The hardest Action Units are AU25 (lips part), AU12 (lip corner puller) and AU04 (brow "
        "lowerer): mean absolute error "
    )
    assert re.search("the three are others for (one and two|two and one)[;.]", sentence)
    errors = [number(unit.mae.value) for unit in section.comparison.units[:3]]
    assert ", ".join(errors[:2]) + f" and {errors[2]} over 3 methods" in sentence
    values = section.to_dict()
    assert values["hardest"] == ["AU25", "AU12", "AU04"]
    own = {method["label"]: method["hardest"] for method in values["methods"]}
    assert set(own["three"]) == {"AU04", "AU25", "AU12"}
    assert set(own["one"]) == set(own["two"]) == {"AU25", "AU12", "AU01"}


def test_methods_that_agree_are_said_to_agree() -> None:
    errors = (0.0, 1.7, 3.5, 5.5)
    section = section_of(stored_report({"one": off_by(*errors), "two": off_by(*errors)}))
    assert "they are the same for every method" in section.sentence()
    assert "cannot tell" not in section.sentence()


def test_units_that_the_data_cannot_tell_apart_are_named() -> None:
    section = section_of(stored_report({"one": noisy(1), "two": noisy(2)}))
    last, following = (unit.action_unit for unit in section.comparison.units[2:4])
    assert f"the data cannot tell {last} from {following}" in section.sentence()


def test_the_mean_over_units_is_the_error_on_the_board() -> None:
    def failing(source: str, target: str, alpha: float) -> Any:
        return ("no_face", "") if target == "p03" else np.full(4, 0.1)

    report = stored_report({"one": noisy(1), "failing": failing})
    values = section_of(report).to_dict()
    rows = {row.run_id: row for row in report.board.rows}
    assert {method["run_id"] for method in values["methods"]} == {
        run_id for run_id in rows if not run_id.startswith("target-neutral")
    }
    for method in values["methods"]:
        mean = np.mean([unit["mae"] for unit in method["units"]])
        assert mean == pytest.approx(rows[method["run_id"]].au_mae, rel=1e-12)
    # Doing nothing is the anchor of that name.
    nothing = np.mean([unit["mae_of_nothing"] for unit in values["units"]])
    assert nothing == pytest.approx(
        next(row.au_mae for row in report.board.rows if row.method == "target-neutral")
    )
    assert [method["failures"] for method in values["methods"]] == [
        sum(rows[method["run_id"]].failures.values()) for method in values["methods"]
    ]


def test_the_page_has_a_number_in_every_cell() -> None:
    report = stored_report(
        {"one": off_by(0.9, 0.1, 1.5, 2.0), "two": noisy(2), "copy*": off_by(0, 0, 0, 0)}
    )
    section = section_of(report)
    heading, *rows, last = Cells(render_html(report)).rows
    assert [text.split()[0] for text in heading[5:]] == [m.label for m in section.methods]
    assert [text.split()[0] for text in heading[5:]][-1] == "copy"
    assert [row[0].split()[0] for row in rows] == ["AU25", "AU12", "AU01", "AU04"]
    for place, row in enumerate(rows):
        for method, text in zip(section.methods, row[5:], strict=True):
            unit = method.units[place]
            assert number(unit.mae.value, section.digits) in text
            assert ("▼" in text, "▲" in text) == (unit.verdict == "less", unit.verdict == "more")
            assert ("doing nothing" in text) == bool(unit.verdict)
            assert number(unit.mae.low, section.digits) in text
    assert last[0] == "Hardest three"
    assert last[5] == ", ".join(section.methods[0].hardest)
    # An anchor is no contestant.
    assert last[-1] == ""


def test_verdicts_in_markdown_and_json_are_those_of_the_page() -> None:
    section = section_of(stored_report({"one": off_by(0.0, 0.001, 3.0, 0.002)}))
    values = section.to_dict()
    json.dumps(values, allow_nan=False)
    (method,) = values["methods"]
    verdicts = {unit["action_unit"]: unit["verdict"] for unit in method["units"]}
    assert verdicts["AU12"] == "more"
    lines = {line.split()[1]: line for line in section.to_markdown().splitlines() if "| AU" in line}
    for unit, verdict in verdicts.items():
        assert ("▲" in lines[unit], "▼" in lines[unit]) == (verdict == "more", verdict == "less")
    assert f"{sum(v == 'more' for v in verdicts.values())} more, after Holm" in section.gains()


def test_hostile_names_stay_text() -> None:
    hostile = "<script>alert('x')</script>|`*["
    people = [f"{hostile}\u202e\n{number}" for number in range(7)]
    report = stored_report(
        {hostile: noisy(1), "y" * 200: noisy(2)},
        people=people,
        sample='"><img src=x>',
        units=("AU01", "AU04", hostile, "z" * 200),
    )
    page = render_html(report)
    assert "<script>alert" not in page
    assert "<img src=x>" not in page
    assert "&lt;script&gt;alert" in page
    section = section_of(report)
    text = section.to_markdown()
    assert "\u202e" not in text
    assert all(character != "<" or text[place - 1] == "\\" for place, character in enumerate(text))
    table = [line for line in text.splitlines() if line.startswith("|")]
    columns = {line.replace("\\|", "").count("|") for line in table}
    assert len(columns) == 1
    # The whole of a name that is cut in the table is there for screen readers.
    assert "y" * 200 in page


def test_twenty_methods_and_units_fit_the_chart() -> None:
    marks = [UnitMark(f"method {place}", 0.1 * place, place) for place in range(20)]
    rows = [UnitRow(f"AU{place:02d} a long name of a unit", 0.5, marks) for place in range(24)]
    for width, names in ((860, 200), (380, 58)):
        chart = str(unit_errors(rows, width, names))
        assert chart.count("<title>") == 24 * 21
        assert "method 19: 1.90" in chart
    gaps = [UnitRow("AU01", float("nan"), [UnitMark("m", float("nan"), 0)])]
    assert "nan" not in str(unit_errors(gaps, 860, 200)).lower().replace("n/a", "")


def test_without_stored_runs_or_contestants_there_is_no_section(report: ReportInput) -> None:
    assert collect(report) is None
    assert collect(stored_report({})) is None
