"""The frame of the page and its ranked table in a real browser."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.report import sections
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.sections import TITLES

pytestmark = pytest.mark.slow

WIDTHS = (400, 1100, 2000)
THEMES = ("light", "dark")
PAGE = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(params=["real", "hostile"])
def html(request: pytest.FixtureRequest) -> str:
    """The page of the real report, and that of the hostile one."""
    return str(request.getfixturevalue(f"{request.param}_html"))


def background(page: Any) -> list[int]:
    return [int(value) for value in re.findall(r"\d+", page.evaluate(PAGE))]


def column(page: Any, number: int, body: str = "tbody:not(.anchors)") -> list[str]:
    """What a column of the ranked table sorts by, from the top."""
    cells = page.locator(f".board {body} tr:not(.heading) > :nth-child({number})")
    return list(cells.evaluate_all("cells => cells.map((cell) => cell.dataset.value)"))


def test_names_stay_text_and_nothing_is_loaded(browser_page: Callable[..., Any], html: str) -> None:
    """What the fixture looks at: the console, requests, and whether hostile text ran."""
    page = browser_page(html)
    page.mouse.wheel(0, 100_000)
    assert page.locator("h1").count() == 1
    assert page.locator("img[onerror], svg[onload]").count() == 0
    for sign in ("\x1b", "\u202e"):
        assert sign not in page.content()


def test_hostile_names_are_shown_as_they_are(
    browser_page: Callable[..., Any], hostile_html: str
) -> None:
    page = browser_page(hostile_html)
    names = page.locator(".board tbody:not(.anchors) bdi").all_text_contents()
    assert '"><img src=x onerror="window.hacked = 2">' in names
    assert "شخص مبتسم جدا" in names
    assert "gnp.exe" in names
    assert any(name.startswith("x" * 200) for name in names)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
def test_nothing_sticks_out_and_pictures_are_kept(
    browser_page: Callable[..., Any],
    overflowing: Callable[[Any], list[str]],
    screenshot: Callable[[Any, str], Path],
    request: pytest.FixtureRequest,
    html: str,
    width: int,
    theme: str,
) -> None:
    page = browser_page(html, width=width, theme=theme)
    assert overflowing(page) == []
    which = "hostile" if html == request.getfixturevalue("hostile_html") else "real"
    assert screenshot(page, f"{which}-{theme}-{width}").stat().st_size > 10_000
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert overflowing(page) == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [400, 1100])
def test_axe_finds_nothing_serious(
    browser_page: Callable[..., Any],
    axe_faults: Callable[[Any], list[str]],
    html: str,
    theme: str,
    width: int,
) -> None:
    assert axe_faults(browser_page(html, theme=theme, width=width)) == []


def test_the_ranked_table_fits_at_1100_pixels(browser_page: Callable[..., Any], html: str) -> None:
    page = browser_page(html, width=1100)
    region = page.locator(".scroll:has(> .board)")
    assert region.evaluate("region => region.scrollWidth - region.clientWidth") <= 0


def test_the_button_goes_through_the_themes(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    for system in THEMES:
        page = browser_page(real_html, theme=system)
        button = page.locator("#theme")
        assert button.text_content() == "Theme: system"
        as_the_system = background(page)
        assert (sum(as_the_system) > 600) == (system == "light")
        button.click()
        assert button.text_content() == "Theme: light"
        assert background(page) == [255, 255, 255]
        page.keyboard.press("Enter")
        assert button.text_content() == "Theme: dark"
        assert sum(background(page)) < 150
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
        assert page.locator("#said").text_content() == "Theme: dark"
        page.emulate_media(media="print")
        assert background(page) == [255, 255, 255]
        page.emulate_media(media="screen", color_scheme=system)
        button.click()
        assert background(page) == as_the_system


def test_sorting_by_each_column_and_back(
    browser_page: Callable[..., Any], hostile_html: str
) -> None:
    page = browser_page(hostile_html)
    before = column(page, 2)
    anchors = column(page, 2, ".anchors")
    heads = page.locator(".board th[data-sort]")
    for place in range(heads.count()):
        head = heads.nth(place)
        number = head.evaluate("head => head.cellIndex") + 1
        found = {}
        for _ in range(2):
            head.locator("button").click()
            found[head.get_attribute("aria-sort")] = column(page, number)
            assert page.locator(".board th[aria-sort]").count() == 1
            assert sorted(column(page, 2)) == sorted(before)
        assert set(found) == {"ascending", "descending"}
        if number == 2:
            continue
        values = [float(value) for value in found["ascending"] if value not in ("", "nan")]
        assert values == sorted(values)
        values = [float(value) for value in found["descending"] if value not in ("", "nan")]
        assert values == sorted(values, reverse=True)
    assert sorted(column(page, 2, ".anchors")) == sorted(anchors)
    assert page.locator(".board .anchors tr").first.get_attribute("class") == "heading"
    page.locator(".board th.rank button").click()
    assert column(page, 1) == sorted(column(page, 1), key=int)
    assert "Sorted by Rank, ascending" in (page.locator("#said").text_content() or "")


def test_the_command_of_a_row_is_copied(
    browser_page: Callable[..., Any], hostile_html: str, hostile_report: ReportInput
) -> None:
    page = browser_page(hostile_html)
    commands = {
        method.row.method: method.info["command"]
        for method in hostile_report.methods
        if not method.row.is_anchor
    }
    name = "</script><!--<svg onload='window.hacked = 3'>"
    row = page.locator(".board tbody tr").filter(has_text="</script>").first
    button = row.locator("button.copy")
    button.click()
    page.wait_for_function("document.querySelector('#said').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == commands[name]
    page.wait_for_function("button => button.textContent === 'Copy'", arg=button.element_handle())


def test_where_copying_is_forbidden_the_command_is_selected(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(Error('no')); }")
    page.locator(".board button.copy").first.click()
    page.wait_for_function("document.querySelector('#said').textContent.startsWith('Selected')")
    selected = page.evaluate("getSelection().toString()")
    assert selected == page.locator("#command-0").text_content()
    assert page.locator("#command-0").is_visible()


def test_every_heading_is_reached_by_keyboard(
    browser_page: Callable[..., Any], real_html: str, real_report: ReportInput
) -> None:
    page = browser_page(real_html)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    names = list(sections.collect_sections(real_report))
    assert "ranking" in names
    for place, name in enumerate(names):
        page.evaluate("document.activeElement.blur(); document.getElementById('theme').focus()")
        for _ in range(place + 1):
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.hash") == f"#{name}"
        page.keyboard.press("Enter")
        page.wait_for_function("name => document.activeElement.id === name", arg=name)
        assert page.evaluate("document.activeElement.tagName") == "H2"
        assert page.locator(f"#{name}").text_content() == TITLES[name]
        top = page.evaluate("document.activeElement.getBoundingClientRect().top")
        assert -1 <= top < 900


def test_all_controls_are_reached_by_keyboard_in_the_order_of_the_page(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    """Tab goes through the ranked table from column to column, then from row to row."""
    page = browser_page(real_html)
    page.locator(".scroll:has(> .board)").focus()
    reached = []
    for _ in range(17):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent")
        )
    assert reached[0] == "Rank"
    assert reached.index("Coverage") < reached.index("Copy the command of pixel-arith")
    assert len(set(reached)) == len(reached)


def test_paper_shows_what_is_folded_on_the_screen(
    browser_page: Callable[..., Any], real_html: str, screenshot: Callable[[Any, str], Path]
) -> None:
    page = browser_page(real_html)
    closed = page.locator("details:not([open])").count()
    assert closed > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator("#command-0").is_visible()
    for hidden in ("nav", "#theme", "button.copy", ".skip"):
        assert not page.locator(hidden).first.is_visible()
    screenshot(page, "real-print")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == closed


def test_the_page_reads_without_scripts(chromium: Any, real_html: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(real_html, encoding="utf-8")
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 1100, "height": 900}
    )
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#answer").is_visible()
    assert page.locator(".board tbody tr").count() == 7
    assert page.locator("button:visible").count() == 0
    context.close()


@pytest.mark.parametrize("absent", [*TITLES, "all"])
def test_a_page_without_a_section_works(
    browser_page: Callable[..., Any],
    real_report: ReportInput,
    monkeypatch: pytest.MonkeyPatch,
    absent: str,
) -> None:
    collected = sections.collect_sections(real_report)
    kept = {name: one for name, one in collected.items() if absent not in (name, "all")}
    monkeypatch.setattr("bench.report.page.html.collect_sections", lambda _: kept)
    page = browser_page(render_html(real_report))
    assert page.locator("h2").all_text_contents() == [TITLES[name] for name in kept]
    assert page.locator("nav a").count() == len(kept)


def test_pictures_that_are_not_there_say_why(
    browser_page: Callable[..., Any], real_report: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.report.page.html.MOST_BYTES", 0)
    page = browser_page(render_html(real_report))
    pictures = page.locator("img[data-image]")
    assert pictures.count() > 0
    assert page.locator("img[data-image]:visible").count() == 0
    reasons = page.locator("[data-instead]").all_text_contents()
    assert set(reasons) == {"left out: the page would be too large"}
    refusing = dataclasses.replace(real_report, card={**real_report.card, "may_show_images": False})
    page = browser_page(render_html(refusing))
    assert page.locator("img[src]").count() == 0
    assert page.locator(".placeholder").first.text_content().startswith("not shown: ")
