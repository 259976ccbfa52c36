"""The section of the groups of people: what `bench groups` says, of the ranked methods alone."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.group_report import group_report
from bench.analysis.group_values import GroupResult
from bench.analysis.people_groups import group_variable
from bench.errors import BenchError
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.sections import groups
from bench.report.sections.groups import Groups, collect

MADE_UP = runpy.run_path(str(Path(__file__).with_name("stored_report.py")))
stored_report, noisy = MADE_UP["stored_report"], MADE_UP["noisy"]
PEOPLE = tuple(f"p{number:02d}" for number in range(14))


class Card:
    """As much of a dataset's card as the section asks for."""

    def __init__(self, *names: str, file: str = "") -> None:
        self.groups, self.groups_file, self.ships_images = names, file, False


@pytest.fixture
def with_groups(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says to which groups people belong: a value for each person, by variable."""

    def say(card: Card | None = None, **variables: Any) -> None:
        made = [
            group_variable(name, dict(zip(PEOPLE, values, strict=True)))
            for name, values in variables.items()
        ]
        monkeypatch.setattr(groups, "_card", lambda benchmark: card or Card(*variables))
        monkeypatch.setattr(groups, "people_groups", lambda card, data: made)

    return say


@pytest.fixture(scope="module")
def stored() -> ReportInput:
    """Two methods on fourteen people, of which one does little on even targets."""

    def unfair(source: str, target: str, alpha: float) -> Any:
        errors = noisy(3)(source, target, alpha)
        return errors - 0.3 if int(target[1:]) % 2 == 0 else errors

    report: ReportInput = stored_report({"fair": noisy(1), "unfair": unfair}, people=PEOPLE)
    return report


def section_of(report: ReportInput) -> Groups:
    section = collect(report)
    assert section is not None
    return section


def test_the_looks_are_those_of_bench_groups(
    stored: ReportInput, with_groups: Callable[..., None]
) -> None:
    with_groups(half="ab" * 7, band=[str(18 + place) for place in range(14)])
    section = section_of(stored)
    assert section.found is not None
    runs = [method.run for method in stored.methods if method.run is not None]
    wanted = group_report(runs, section.found.variables, benchmark=stored.benchmark)

    def key(one: GroupResult) -> tuple[str, str, str]:
        return one.variable, one.label, one.found.score

    assert sorted(map(key, section.found.results)) == sorted(map(key, wanted.results))
    by_key = {key(one): one for one in wanted.results}
    for one in section.found.results:
        other = by_key[key(one)]
        # Not a number is not equal to itself.
        assert repr(one.found.rows) == repr(other.found.rows)
        assert one.found.gap == other.found.gap
        assert one.p_adjusted == pytest.approx(other.p_adjusted, abs=1e-12)
        assert one.alpha == other.alpha
    assert section.found.looks == wanted.looks == 8
    assert section.found.pairs == wanted.pairs
    assert section.limits() == ""
    json.dumps(section.to_dict(), allow_nan=False)


def test_the_sentence_says_how_many_gaps_hold(
    stored: ReportInput, with_groups: Callable[..., None]
) -> None:
    with_groups(half="ab" * 7)
    section = section_of(stored)
    assert section.found is not None
    holding = [one for one in section.found.results if one.differs]
    assert [(one.label, one.found.score) for one in holding] == [("unfair", "expression_skill")]
    assert section.sentence().startswith(
        "Of 4 gaps between groups 1 holds after Holm's correction over them: unfair, E by half, b "
        "minus a "
    )
    fair = section_of(stored_report({"fair": noisy(1)}, people=PEOPLE)).sentence()
    assert fair.startswith("Of 2 gaps between groups none holds after Holm's correction over them")
    assert "the least p-value is of fair, " in fair


def test_groups_of_fewer_than_five_people_get_no_number(
    stored: ReportInput, with_groups: Callable[..., None]
) -> None:
    with_groups(kind=["few"] * 4 + ["some"] * 5 + ["na"] + ["some"] * 3 + ["?"])
    section = section_of(stored)
    (table, _) = section.tables
    few = next(row for row in table.groups if row.group == "few")
    assert few.identities == 4
    assert few.withheld
    values = section.to_dict()["results"][0]
    assert [row["gain"] for row in values["groups"] if row["group"] == "few"] == [None]
    page = render_html(stored)
    assert page.count("withheld") == 4
    assert "Withheld: few (4 people)." in page
    assert "2 people are left out: the dataset does not tell their kind." in page
    assert "nothing can be said about groups" in section.sentence()
    assert "withheld" in section.to_markdown()


def test_what_is_missing_is_said_with_the_command_that_mends_it(
    stored: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "_card", lambda benchmark: Card("age", file="subjects.csv"))
    section = section_of(stored)
    assert "age" in section.sentence()
    assert section.to_dict() == {
        "missing": section.sentence(),
        "command": "bench report --html --data DIR",
    }
    page = render_html(stored)
    assert "<code>bench report --html --data DIR</code>" in page
    assert "bench report --html --data DIR" in section.to_markdown()
    # A table that cannot be read is named.
    monkeypatch.setattr(groups, "people_groups", _unreadable)
    section = section_of(replace(stored, data=Path("there")))
    assert "no file of groups at there" in section.sentence()


def _unreadable(card: Any, data: Any) -> Any:
    raise BenchError(f"no file of groups at {data}")


def test_without_doing_nothing_its_command_is_told(
    stored: ReportInput, with_groups: Callable[..., None]
) -> None:
    with_groups(half="ab" * 7)
    rest = [method for method in stored.methods if method.row.method != "target-neutral"]
    section = section_of(replace(stored, methods=rest))
    assert section.found is None
    assert section.command == "bench run target-neutral --benchmark made-up-64"


def test_datasets_without_groups_or_card_have_no_section(
    stored: ReportInput, report: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert collect(stored) is None  # nobody knows a card of this name
    monkeypatch.setattr(groups, "_card", lambda benchmark: Card())
    assert collect(stored) is None
    monkeypatch.setattr(groups, "_card", lambda benchmark: Card("age"))
    assert collect(report) is None  # no stored runs


def test_looks_that_would_take_long_are_left_out_and_this_is_said(
    stored: ReportInput, with_groups: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_groups(half="ab" * 7)
    monkeypatch.setattr(groups, "MOST_LOOKS", 3)
    section = section_of(stored)
    assert section.found is not None
    first = next(row for row in stored.board.rows if not row.is_anchor)
    assert {one.label for one in section.found.results} == {first.label}
    assert "only the first method of 2" in section.limits()
    assert "only the first method of 2" in render_html(stored)
    assert section.limits() in section.to_markdown()
    # Never none, however many pairs there are.
    many = replace(stored, pairs=frozenset(map(str, range(10**6))) | stored.pairs)
    assert groups._affordable(many, section.found.variables) == 1


def test_hostile_groups_stay_text(stored: ReportInput, with_groups: Callable[..., None]) -> None:
    hostile = ["<script>alert(1)</script>", "|`*[\u202e" + "x" * 200]
    with_groups(**{'"><img src=x>': [hostile[place % 2] for place in range(14)]})
    page = render_html(stored)
    for text in ("<script>alert", "<img src=x>", "\u202e"):
        assert text not in page
    assert "&lt;script&gt;alert(1)" in page
    text = section_of(stored).to_markdown()
    assert "\\<script\\>" in text
    assert '### By "\\>\\<img src=x\\>' in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {7}
