"""What the documentation shows works as it stands."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from bench.cli import app
from bench.data.card import BenchmarkDefaults, DatasetCard, SplitRecipe
from bench.errors import BenchError

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]


def documented_commands() -> list[str]:
    texts = [(ROOT / page).read_text() for page in PAGES]
    lines = [line for text in texts for line in text.splitlines()]
    return sorted({line.strip() for line in lines if re.match(r" {4}(\.venv/bin/)?bench ", line)})


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
    command = commands_of("docs/add-a-method.md")[0]
    rows = {row["method"]: row for row in json.loads(run([*command, "--json"]))["rows"]}
    assert rows["blend"]["coverage"] == 1.0
    # The cross-fade ends in the source; at 0.8 of it some expression has moved.
    assert rows["blend"]["expression_skill"] > 0.2


def test_the_dataset_of_the_guide_becomes_a_benchmark(
    embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of the page, in its order, on made-up faces at the size of the card."""
    page = "docs/add-a-dataset.md"
    datasets, data = tmp_path / "datasets", tmp_path / "DIR"
    (datasets / "my-faces").mkdir(parents=True)
    (datasets / "my-faces" / "card.toml").write_text(code_of(page, "toml"))
    for number, person in enumerate(sorted((embedded / "images").iterdir())):
        folder = data / "images" / (["ada", "bo"][number] if number < 2 else person.name)
        folder.mkdir(parents=True)
        for sample in ("neutral", "happy", "sad"):
            image = Image.open(person / f"{sample}.png")
            image.resize((256, 256), Image.Resampling.NEAREST).save(folder / f"{sample}.png")
    monkeypatch.setattr("bench.data.card.datasets_folder", lambda: datasets)
    monkeypatch.chdir(tmp_path)
    manifest, split, verify, first_run, paths, glow_run = commands_of(page)
    assert "30 images" in run(manifest)
    assert "40 pairs" in run(split)  # of ten people, two expressions each to two others
    assert "30 of 30 files are as published" in run(verify)
    board = json.loads(run([*first_run, "--json"]))
    assert board["benchmark"] == "my-faces-64"
    assert {row["pairs"] for row in board["rows"]} == {6 * 2 * 2}
    # What follows > is the shell's.
    dev = run(paths[: paths.index(">")]).split()
    assert len(dev) == 4 * 3
    with pytest.raises(BenchError, match=r"model\.safetensors"):
        run(glow_run)


def test_the_guide_names_every_field_of_a_card_and_no_other() -> None:
    text = (ROOT / "docs" / "add-a-dataset.md").read_text()
    named = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\|.*\|$", text, re.MULTILINE))))
    fields = {
        field.name
        for kind in (DatasetCard, SplitRecipe, BenchmarkDefaults)
        for field in dataclasses.fields(kind)
    } - {"folder"}
    assert fields <= named
    assert {word for word in named if "_" in word} <= fields


@pytest.mark.parametrize("command", documented_commands())
def test_every_command_in_the_documentation_parses(command: str) -> None:
    """Names and options exist; what they do is tested elsewhere."""
    _, *arguments = shlex.split(command)
    group = typer.main.get_command(app)
    while arguments and hasattr(group, "commands"):
        group = group.commands[arguments.pop(0)]
    known = {option for parameter in group.params for option in parameter.opts}
    for argument in arguments:
        if argument.startswith("-"):
            assert argument in known


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t]
    paths = re.findall(r"\b(?:docs|tests|bench|glow|metrics)/[\w./-]+\.(?:md|py|csv)", text)
    for target in targets:
        assert ((ROOT / page).parent / target).exists(), target
    for path in paths:
        assert (ROOT / path).exists(), path
