"""The slider, the hover and the keyboard, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def data_of(page: Any, name: str) -> Any:
    return json.loads(page.locator(f"#data-{name}").text_content())


def picture(page: Any, role: str) -> str:
    """The data URI that is shown for a role."""
    return str(page.locator(f"#explorer-{role} img").get_attribute("src"))


def focus_chart(page: Any) -> Any:
    """Goes to the chart as a keyboard does; returns it."""
    chart = page.locator("#trade-off-figure [role=application]:visible")
    page.locator("#trade-off").focus()
    for _ in range(5):
        page.keyboard.press("Tab")
        if chart.evaluate("element => element === document.activeElement"):
            return chart
    raise AssertionError("the chart cannot be reached by keyboard")


# -- the slider ----------------------------------------------------------------------------------


def test_the_slider_shows_every_alpha_by_keyboard(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    data, uris = data_of(page, "explorer"), data_of(page, "images")
    method, outputs = data["methods"][0], data["methods"][0]["outputs"][0]
    slider = page.locator("#explorer-slider")
    slider.focus()
    page.keyboard.press("Home")
    for place, alpha in enumerate(method["alphas"]):
        assert page.locator("#explorer-alpha").text_content().split(" ")[0] == alpha
        assert slider.get_attribute("aria-valuetext").split(" ")[0] == alpha
        assert picture(page, "output") == uris[outputs[place][0]]
        assert picture(page, "mean") == uris[outputs[0][0]]
        shown = page.locator("#explorer-readings tbody td:last-child").all_text_contents()
        assert [float(text) for text in shown] == pytest.approx(outputs[place][-1])
        page.keyboard.press("ArrowRight")
    is_chosen = method["alphas"][method["chosen"][0]]
    assert page.locator("#explorer-ticks text.chosen").text_content() == is_chosen


def test_bars_are_as_long_as_the_numbers_beside_them(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    page.locator("#explorer-slider").focus()
    page.keyboard.press("End")
    page.locator("#explorer-pair").select_option(index=1)
    axes = data_of(page, "explorer")["axes"]
    for name, (low, high) in zip(("readings", "changes"), axes, strict=False):
        rows = page.locator(f"#explorer-{name} tbody tr")
        for row in rows.all():
            for css, column in (("bar-source", 2), ("bar-output", 3)):
                value = float(row.locator("td, th").nth(column).text_content())
                bar = row.locator(f".{css}")
                start, width = (float(bar.get_attribute(key)) for key in ("x", "width"))
                zero, end = (100 * min(1, max(0, (v - low) / (high - low))) for v in (0, value))
                assert [start, width] == pytest.approx([min(zero, end), abs(end - zero)], abs=0.2)


def test_another_method_keeps_the_alpha_and_an_anchor_has_none(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    data = data_of(page, "explorer")
    slider = page.locator("#explorer-slider")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    alpha = page.locator("#explorer-alpha").text_content().split(" ")[0]
    methods = page.locator("#explorer-method")
    methods.select_option("1")
    assert page.locator("#explorer-alpha").text_content().split(" ")[0] == alpha
    assert data["methods"][1]["name"] in page.locator("#explorer-shown").text_content()
    anchor = next(p for p, method in enumerate(data["methods"]) if not method["alphas"])
    methods.select_option(str(anchor))
    assert slider.is_disabled()
    assert page.locator("#explorer-mean").is_hidden()
    assert page.locator("#explorer-alpha").text_content() == "none"
    methods.select_option("0")
    assert page.locator("#explorer-mean").is_visible()


def test_another_pair_shows_other_people(browser_page: Callable[..., Any], real_html: str) -> None:
    page = browser_page(real_html)
    before = [picture(page, role) for role in ("source", "target", "mean", "output")]
    page.locator("#explorer-pair").select_option(index=1)
    after = [picture(page, role) for role in ("source", "target", "mean", "output")]
    assert all(one != other for one, other in zip(before, after, strict=True))
    data = data_of(page, "explorer")
    assert data["pairs"][1]["name"] in page.locator("#explorer-shown").text_content()


def test_values_are_announced_once_the_reader_stops(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    page.evaluate("""() => {
      window.heard = [];
      const said = document.getElementById("said");
      const hear = () => { if (said.textContent) window.heard.push(said.textContent); };
      new MutationObserver(hear).observe(said, { childList: true, subtree: true });
    }""")
    page.locator("#explorer-slider").focus()
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1500)
    (heard,) = page.evaluate("window.heard")
    assert re.match(r"alpha 0\.75( \(on the board\))?: E -?\d", heard)


def test_without_a_script_one_pair_is_shown(chromium: Any, real_html: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(real_html, encoding="utf-8")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    images = page.locator("#explorer-panel img")
    assert images.count() == 4
    for image in images.all():
        assert image.bounding_box()["width"] > 60
        assert str(image.get_attribute("src")).startswith("data:image/webp")
    assert page.locator("#explorer-slider").is_hidden()
    assert page.locator("#explorer-readings tbody tr").count() > 5
    context.close()


# -- the chart -----------------------------------------------------------------------------------


def test_hovering_a_point_shows_what_it_is(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    data, uris = data_of(page, "trade-off"), data_of(page, "images")
    card = page.locator("#point-card")
    assert card.is_hidden()
    place = next(p for p, method in enumerate(data["methods"]) if len(method["points"]) > 2)
    method = data["methods"][place]
    page.locator("#trade-off-figure .wide").scroll_into_view_if_needed()
    seen = 0
    for number, (alpha, retention, skill, image) in enumerate(method["points"]):
        mark = page.locator(f'.wide [data-point="{place} {number}"]').last
        if not mark.count():
            continue
        box = mark.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        text = card.inner_text()
        # Where points coincide, another of the same place may be the nearest.
        if method["name"] in text and f"alpha {alpha}" in text:
            assert f"R {retention}, E {skill}" in text
            assert card.locator("img").get_attribute("src") == uris[image]
            seen += 1
    assert seen >= 2
    page.mouse.move(5, 5)
    assert card.is_hidden()


def test_the_keyboard_walks_along_curves_and_between_methods(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    methods = data_of(page, "trade-off")["methods"]
    focus_chart(page)
    card, said = page.locator("#point-card"), page.locator("#said")
    assert methods[0]["name"] in card.inner_text()
    place = next(p for p, method in enumerate(methods) if len(method["points"]) > 2)
    for _ in range(place):
        page.keyboard.press("ArrowDown")
    method = methods[place]
    board = next(n for n, p in enumerate(method["points"]) if p[0].endswith("on the board"))
    assert method["name"] in card.inner_text()
    assert f"alpha {method['points'][board][0]}" in card.inner_text()
    page.keyboard.press("ArrowLeft" if board else "ArrowRight")
    beside = method["points"][board - 1 if board else 1]
    assert f"alpha {beside[0]}" in card.inner_text()
    assert f"R {beside[1]}, E {beside[2]}" in said.text_content()
    assert page.locator(".of-method.pointed").first.get_attribute("data-method") == str(place)
    page.keyboard.press("ArrowDown")
    assert methods[place + 1]["name"] in card.inner_text()
    page.keyboard.press("Escape")
    assert card.is_hidden()
    page.keyboard.press("Tab")
    assert page.locator(".ring").count() == 0


def test_names_of_the_legend_single_out_methods(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    button = page.locator("#trade-off-figure [data-legend='1'] button")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    opacity = "element => Number(getComputedStyle(element).opacity)"
    groups = page.locator(".wide .of-method")
    for group in groups.all():
        seen = group.evaluate(opacity)
        assert (seen == 1) == (group.get_attribute("data-method") == "1")
    page.keyboard.press("Enter")
    assert all(group.evaluate(opacity) == 1 for group in groups.all())


# -- everywhere ----------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1100, 2000])
def test_both_sections_fit_and_axe_finds_nothing_serious(
    browser_page: Callable[..., Any],
    real_html: str,
    screenshot: Callable[[Any, str], Path],
    axe_faults: Callable[[Any], list[str]],
    overflowing: Callable[[Any], list[str]],
    width: int,
    theme: str,
) -> None:
    page = browser_page(real_html, width=width, theme=theme)
    focus_chart(page)
    assert page.locator("#point-card").is_visible()
    box = page.locator("#point-card").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    sticking = [
        text for text in overflowing(page) if re.search("explorer|trade-off|point-card", text)
    ]
    assert sticking == []
    found = [fault for fault in axe_faults(page) if re.search("explorer|trade-off|legend", fault)]
    assert found == []
    screenshot(
        page.locator("section", has=page.locator("#trade-off")), f"trade-off-{width}-{theme}"
    )
    screenshot(page.locator("section", has=page.locator("#explorer")), f"explorer-{width}-{theme}")


def test_hostile_names_are_only_text(
    browser_page: Callable[..., Any],
    hostile_html: str,
    overflowing: Callable[[Any], list[str]],
    screenshot: Callable[[Any, str], Path],
) -> None:
    page = browser_page(hostile_html, width=400)
    data = data_of(page, "explorer")
    methods, pairs = page.locator("#explorer-method"), page.locator("#explorer-pair")
    for place, method in enumerate(data["methods"]):
        methods.select_option(str(place))
        pairs.select_option(index=place % len(data["pairs"]))
        assert method["name"] in page.locator("#explorer-shown").text_content()
    focus_chart(page)
    for _ in range(len(data["methods"])):
        page.keyboard.press("ArrowDown")
        box = page.locator("#point-card").bounding_box()
        assert box["x"] + box["width"] <= 400
    sticking = [text for text in overflowing(page) if re.search("explorer|trade-off|legend", text)]
    assert sticking == []
    screenshot(page.locator("section", has=page.locator("#trade-off")), "trade-off-hostile")
    screenshot(page.locator("section", has=page.locator("#explorer")), "explorer-hostile")
