"""The sections of Action Units, groups and failures in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.people_groups import group_variable
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.sections import groups

pytestmark = pytest.mark.slow

SECTIONS = ("action-units", "groups", "failures")
WIDTHS = (400, 1100, 2000)

# Leaves only these sections on the page, so that faults of others are not told twice.
KEEP = """names => {
  for (const section of document.querySelectorAll("main section")) {
    if (!names.includes(section.getAttribute("aria-labelledby"))) section.remove();
  }
  for (const details of document.querySelectorAll("details")) details.open = true;
}"""


class _Card:
    groups, groups_file, ships_images = ("kind",), "", True


@pytest.fixture(scope="module")
def html_of() -> Callable[[ReportInput], str]:
    """The page of a report whose people belong to two made-up groups, one called as if hostile."""

    def page(report: ReportInput) -> str:
        people = sorted({key.split(">")[-1] for key in report.pairs})
        kinds = ("<script>window.hacked = 9</script>", "others")
        values = {name: kinds[place % 2] for place, name in enumerate(people)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(groups, "_card", lambda benchmark: _Card)
            patch.setattr(
                groups, "people_groups", lambda card, data: [group_variable("kind", values)]
            )
            return render_html(report)

    return page


@pytest.fixture(scope="module")
def pages(
    html_of: Callable[[ReportInput], str],
    real_report: ReportInput,
    hostile_report: ReportInput,
) -> dict[str, str]:
    return {"real": html_of(real_report), "hostile": html_of(hostile_report)}


def column(page: Any, place: int) -> list[float]:
    """The values of a column of the table of Action Units, from top to bottom."""
    cells = page.locator("table.units tbody tr").evaluate_all(
        "(rows, place) => rows.map(row => Number(row.cells[place].dataset.value))", place
    )
    return list(cells)


@pytest.mark.parametrize("kind", ["real", "hostile"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_sticks_out_and_axe_finds_nothing_serious(
    browser_page: Callable[..., Any],
    pages: dict[str, str],
    overflowing: Callable[[Any], list[str]],
    axe_faults: Callable[[Any], list[str]],
    screenshot: Callable[[Any, str], Path],
    kind: str,
    width: int,
    theme: str,
) -> None:
    page = browser_page(pages[kind], width=width, theme=theme)
    page.evaluate(KEEP, SECTIONS)
    assert page.locator("main section").count() == 3
    assert overflowing(page) == []
    assert axe_faults(page) == []
    screenshot(page, f"units-groups-failures-{kind}-{width}-{theme}")


def test_the_table_of_action_units_sorts_by_mouse_and_keyboard(
    browser_page: Callable[..., Any], pages: dict[str, str]
) -> None:
    page = browser_page(pages["real"])
    heads = page.locator("table.units thead th")
    assert column(page, 2) == sorted(column(page, 2), reverse=True)  # the hardest first
    for place in (1, 3, 5):
        head = heads.nth(place)
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        assert column(page, place) == sorted(column(page, place), reverse=True)
    heads.nth(5).get_by_role("button").press("Enter")
    assert heads.nth(5).get_attribute("aria-sort") == "ascending"
    assert column(page, 5) == sorted(column(page, 5))
    # What is below the line stays there.
    assert page.locator("table.units tfoot th").inner_text() == "Hardest three"


def test_the_unit_stays_in_sight_when_the_table_is_scrolled(
    browser_page: Callable[..., Any], pages: dict[str, str]
) -> None:
    page = browser_page(pages["hostile"], width=400)
    region = page.locator(".scroll:has(table.units)")
    left = region.bounding_box()["x"]
    region.evaluate("region => { region.scrollLeft = 600 }")
    assert region.evaluate("region => region.scrollLeft") == 600
    assert page.locator("table.units th.unit").nth(3).bounding_box()["x"] == pytest.approx(left)
    region.focus()
    assert region.evaluate("region => region === document.activeElement")


def test_marks_have_a_title_each(browser_page: Callable[..., Any], pages: dict[str, str]) -> None:
    page = browser_page(pages["real"])
    chart = page.locator("section[aria-labelledby=action-units] .wide svg.chart")
    assert chart.is_visible()
    units = page.locator("table.units tbody tr").count()
    # Two methods and doing nothing.
    assert chart.locator("title").count() == 3 * units
    narrow = browser_page(pages["real"], width=400)
    charts = narrow.locator("section[aria-labelledby=action-units] svg.chart")
    assert [charts.nth(place).is_visible() for place in (0, 1)] == [False, True]


def test_pictures_of_disagreements_are_shown(
    browser_page: Callable[..., Any], pages: dict[str, str], real_report: ReportInput
) -> None:
    page = browser_page(pages["real"])
    shown = page.locator("details.disagreements[open] img")
    assert shown.count() > 0
    for image in shown.all():
        assert image.get_attribute("alt")
        assert image.evaluate("image => image.naturalWidth") >= 64
    closed = replace(real_report, card={**real_report.card, "may_show_images": False})
    page = browser_page(render_html(closed))
    section = page.locator("section[aria-labelledby=failures]")
    assert section.locator("img").count() == 0
    assert "does not allow showing faces" in section.inner_text()


def test_every_failed_sample_of_hostile_runs_is_there_as_text(
    browser_page: Callable[..., Any], pages: dict[str, str], hostile_report: ReportInput
) -> None:
    page = browser_page(pages["hostile"])
    page.evaluate(KEEP, SECTIONS)
    rows = page.locator("details.failed tbody tr")
    failed = sum(
        int(((method.run.scores["outcome"] != "ok") & (method.run.scores["part"] == "test")).sum())
        for method in hostile_report.methods
        if method.run is not None
    )
    assert failed > 20
    assert rows.count() == min(failed, 200)
    details = rows.locator(".detail").all_inner_texts()
    assert "<script>window.hacked = 1</script>" in details
    assert json.dumps(details).count("\\u202e") == 0
    # Nothing of it became an element.
    assert page.locator("details.failed script, details.failed svg").count() == 0


def test_groups_show_what_they_are_called(
    browser_page: Callable[..., Any], pages: dict[str, str]
) -> None:
    page = browser_page(pages["real"])
    heads = page.locator("table.groups thead").first.inner_text()
    assert "<script>window.hacked = 9</script>" in heads
    assert "others" in heads
