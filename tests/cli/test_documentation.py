"""What the guides say of methods and cards is so, and links lead somewhere.

Their commands are executed by ``tests/cli/documentation``.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.data.card import BenchmarkDefaults, DatasetCard, SplitRecipe
from bench.data.layout.spec import LabelSpec, Layout, RoleRule, SideTable

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ("*.md", "docs/**/*.md", "leaderboards/**/*.md", "metrics/**/*.md", "glow/**/*.md")
PAGES = sorted({str(path.relative_to(ROOT)) for name in WRITTEN for path in ROOT.glob(name)})


def code_of(page: str, language: str) -> str:
    """The first block of code in that language on a page."""
    text = (ROOT / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)[0]


def commands_of(page: str) -> list[list[str]]:
    """The words of the bench commands that stand on lines of their own on a page."""
    lines = (ROOT / page).read_text().splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("    bench ")]


def run(words: list[str]) -> str:
    """Runs a command of a page in this process; its stdout."""
    result = CliRunner().invoke(app, words)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_the_method_of_the_guide_runs(
    embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_method.py").write_text(code_of("docs/add-a-method.md", "python"))
    monkeypatch.chdir(tmp_path)
    command = next(c for c in commands_of("docs/add-a-method.md") if c[0] == "run")
    rows = {row["method"]: row for row in json.loads(run([*command, "--json"]))["rows"]}
    assert rows["blend"]["coverage"] == 1.0
    # The cross-fade ends in the source; at 0.8 of it some expression has moved.
    assert rows["blend"]["expression_skill"] > 0.2


def test_the_guide_names_every_field_of_a_card_and_no_other() -> None:
    text = (ROOT / "docs" / "add-a-dataset.md").read_text()
    named = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\|.*\|$", text, re.MULTILINE))))
    kinds = (
        DatasetCard, SplitRecipe, BenchmarkDefaults, Layout, SideTable, RoleRule, LabelSpec,
    )  # fmt: skip
    fields = {field.name for kind in kinds for field in dataclasses.fields(kind)} - {"folder"}
    assert fields <= named
    assert {word for word in named if "_" in word} <= fields


def test_the_guide_names_every_card_that_comes_with_bench() -> None:
    text = (ROOT / "docs" / "add-a-dataset.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    named = {name.strip() for row in rows for name in row.split(",")}
    folders = {path.parent.name for path in (ROOT / "datasets").glob("*/card.toml")}
    assert folders - {"london", "synthfaces"} <= named


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t]
    paths = re.findall(r"\b(?:docs|tests|bench|glow|metrics)/[\w./-]+\.(?:md|py|csv)", text)
    for target in targets:
        assert ((ROOT / page).parent / target).exists(), target
    for path in paths:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES)
def test_tables_are_whole(page: str) -> None:
    """A line between the rows of a table ends it: the others would be printed as they stand."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    lines = ["", *text.splitlines(), ""]
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        if line.startswith("|") and not before.startswith("|"):
            assert re.fullmatch(r"\|[ :|-]+\|", after), line
