"""Two methods compared: the numbers of ``bench compare``, on the page and in Markdown."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import api
from bench.analysis.stored_pair import compare_stored
from bench.report.collect import collect_report
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.sections.comparison import NAMES, Comparison, collect

HOSTILE = "<script>alert(1)</script> a|b`c` \x1b[31m\u202e \n# d"


@pytest.fixture(scope="module")
def runs(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("compared") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        settings = api.Settings(out=out, alphas=(0.0, 0.5, 1.0), limit=8)
        api.run(["pixel-arith", "control-fails", "pca-arith"], settings)
    return out


@pytest.fixture
def two(runs: Path) -> ReportInput:
    return collect_report(runs, None, runs=["pixel-arith", "control-fails"])


def section_of(report: ReportInput) -> Comparison:
    found = collect(report)
    assert found is not None
    return found


def test_it_is_what_bench_compare_says(runs: Path, two: ReportInput) -> None:
    found = section_of(two).found
    labels = [method.row.label for method in two.methods if not method.row.is_anchor]
    assert [found.first.label, found.second.label] == labels
    expected = compare_stored(runs, None, *labels).to_dict()
    made = section_of(two).to_dict()
    for values in (made, expected):
        values.pop("notes")
    assert json.dumps(made) == json.dumps(expected)


def test_the_lead_on_the_board_is_its_first_row(two: ReportInput) -> None:
    headline = section_of(two).found.rows[0].comparison
    assert two.board.lead is not None
    assert headline.difference == pytest.approx(two.board.lead.value)
    assert headline.low == pytest.approx(two.board.lead.low)


def test_one_or_three_methods_are_not_compared(runs: Path, two: ReportInput) -> None:
    assert collect(collect_report(runs, None, runs=["pixel-arith"])) is None
    assert collect(collect_report(runs, None)) is None
    bare = [dataclasses.replace(method, run=None) for method in two.methods]
    assert collect(dataclasses.replace(two, methods=bare)) is None


def test_every_score_stands_on_the_page_and_in_markdown(two: ReportInput) -> None:
    section = section_of(two)
    page, text = render_html(two), section.to_markdown()
    assert '<h2 id="comparison"' in page
    # After the ranking, which it is about.
    assert page.index('<h2 id="ranking"') < page.index('<h2 id="comparison"')
    for row in section.found.rows:
        assert NAMES[row.name] in page
        assert re.search(rf"\| {NAMES[row.name]} +\| {row.better} ", text)
    assert section.reason() in text.replace("\\", "")
    assert "control-fails" in section.difference()


def test_hostile_names_stay_text(two: ReportInput) -> None:
    section = section_of(two)
    found = dataclasses.replace(
        section.found,
        first=dataclasses.replace(section.found.first, label=HOSTILE),
        explanation=dataclasses.replace(
            section.found.explanation,
            reason=HOSTILE,
            comparison=dataclasses.replace(section.found.explanation.comparison, first=HOSTILE),
        ),
        disagreements=tuple(
            dataclasses.replace(one, source=HOSTILE, target=HOSTILE, first_outcome=HOSTILE)
            for one in section.found.disagreements
        ),
        notes=(HOSTILE,),
    )
    text = Comparison(found).to_markdown()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n# d" not in text
    assert not re.search(r"(?<!\\)<script", text)
    rows = [line for line in text.splitlines() if "alert" in line and line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {5}
