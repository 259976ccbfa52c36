"""The reference paper's figures and the charts over alpha in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ALONE = """(names) => {
  for (const section of document.querySelectorAll("main > section")) {
    if (!names.some((name) => section.querySelector(`h2#${name}`))) section.remove();
  }
}"""
"""Leaves these sections alone on the page: what others do wrong is found by their own tests."""


def alone(page: Any, *names: str) -> Any:
    page.evaluate(ALONE, list(names))
    return page


def shown(page: Any) -> list[str]:
    """Which method's panels are visible, each once."""
    return list(
        page.evaluate(
            """() => [...new Set([...document.querySelectorAll("[data-paper]")]
              .filter((panel) => panel.offsetParent !== null)
              .map((panel) => panel.dataset.paper))]"""
        )
    )


def test_a_choice_shows_the_figures_of_that_method(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    select = page.locator("#paper-method")
    assert select.is_visible()
    assert page.locator("label[for=paper-method]").inner_text() == "Method"
    assert shown(page) == ["0"]
    select.select_option("1")
    assert shown(page) == ["1"]
    names = select.locator("option").all_inner_texts()
    captions = page.locator("[data-paper]:visible .caption").all_inner_texts()
    assert len(captions) == 7
    assert all(names[1] in caption for caption in captions)


def test_the_keyboard_chooses_as_well(browser_page: Callable[..., Any], real_html: str) -> None:
    page = browser_page(real_html)
    page.locator("#paper-method").focus()
    page.keyboard.press("ArrowDown")
    assert shown(page) == ["1"]
    page.keyboard.press("ArrowUp")
    assert shown(page) == ["0"]


def test_pictures_are_there_and_all_of_one_size(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("table.pictures img")]
          .filter((image) => image.offsetParent !== null)
          .map((image) => [image.naturalWidth, image.clientWidth, image.clientHeight])"""
    )
    assert len(sizes) > 20
    assert all(natural > 0 for natural, _, _ in sizes)
    assert len({(width, height) for _, width, height in sizes}) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1100, 2000])
def test_the_figures_fit_and_are_accessible(
    browser_page: Callable[..., Any],
    real_html: str,
    overflowing: Callable[[Any], list[str]],
    axe_faults: Callable[[Any], list[str]],
    screenshot: Callable[[Any, str], Path],
    width: int,
    theme: str,
) -> None:
    page = alone(browser_page(real_html, width=width, theme=theme), "paper-figures", "over-alpha")
    assert overflowing(page) == []
    assert axe_faults(page) == []
    screenshot(page, f"paper-figures-{width}-{theme}")


def test_hostile_names_are_text_in_the_figures(
    browser_page: Callable[..., Any],
    hostile_html: str,
    overflowing: Callable[[Any], list[str]],
    screenshot: Callable[[Any, str], Path],
) -> None:
    page = alone(browser_page(hostile_html, width=400), "paper-figures", "over-alpha")
    assert overflowing(page) == []
    count = page.locator("#paper-method option").count()
    page.locator("#paper-method").select_option(str(count - 1))
    assert shown(page) == [str(count - 1)]
    screenshot(page, "paper-figures-hostile")


def test_all_methods_but_the_first_are_folded_until_they_are_opened(
    browser_page: Callable[..., Any], real_html: str
) -> None:
    page = browser_page(real_html)
    items = page.locator("details.over-alpha")
    assert [item.get_attribute("open") is not None for item in items.all()] == [True, False]
    second = items.nth(1)
    assert not second.locator("svg").first.is_visible()
    second.locator("summary").click()
    assert second.locator("svg").first.is_visible()
