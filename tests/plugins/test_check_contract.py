"""The contract says the same in the documentation, in the code and in the checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.plugins.checks.contract import CONTRACT, DATASET_CHECKS, STEPS
from bench.plugins.checks.state import STEERING

ROOT = Path(__file__).resolve().parents[2]


def lines_of(page: str) -> dict[str, str]:
    """Number -> text of the numbered lines of a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    items = re.findall(r"^- \*\*([A-Z]\d+)\*\* (.*(?:\n  .*)*)", text, re.MULTILINE)
    return {number: " ".join(words.split()).replace("`", "") for number, words in items}


@pytest.mark.parametrize(
    ("page", "letter"),
    [("add-a-method.md", "C"), ("add-an-instrument.md", "I"), ("add-a-dataset.md", "D")],
)
def test_the_lines_of_a_page_are_those_of_the_code(page, letter):
    documented = lines_of(page)
    stated = {number: text for number, text in CONTRACT.items() if number[0] == letter}
    assert list(documented) == list(stated)
    for number, text in stated.items():
        assert documented[number].startswith(text.removesuffix(".")), number


@pytest.mark.parametrize(
    ("page", "line"), [("add-a-method.md", "C9"), ("add-an-instrument.md", "I7")]
)
def test_the_variables_that_are_looked_at_are_listed(page, line):
    text = lines_of(page)[line]
    assert [word for word in STEERING if word not in text] == []


def test_every_line_is_checked():
    asked = {line for steps in STEPS.values() for step in steps for line in step.checks.values()}
    assert asked | set(DATASET_CHECKS.values()) == set(CONTRACT)


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_a_check_has_one_name(steps):
    names = [name for step in steps for name in step.checks]
    assert len(names) == len(set(names))
