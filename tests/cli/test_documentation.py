"""What the documentation shows works as it stands."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from bench.cli import app
from bench.data.card import BenchmarkDefaults, DatasetCard, SplitRecipe
from bench.data.layout.spec import LabelSpec, Layout, RoleRule, SideTable
from bench.errors import BenchError
from bench.paths import dataset_folders

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


def test_the_folders_of_the_guide_become_a_benchmark(
    embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands of the page's first half, in their order, on made-up faces."""
    for number, person in enumerate(sorted((embedded / "images").iterdir())):
        folder = tmp_path / "DIR" / (["ada", "bo"][number] if number < 2 else person.name)
        folder.mkdir(parents=True)
        for sample in ("neutral", "happy", "sad"):
            shutil.copy(person / f"{sample}.png", folder)
    monkeypatch.setattr("bench.data.card.dataset_folders", dataset_folders)
    monkeypatch.chdir(tmp_path)
    add, split, first_run, verify, paths, glow_run, *_ = commands_of("docs/add-a-dataset.md")
    assert "30 listed: 10 people" in run(add)
    assert "20 pairs, 4 people in dev, 6 in test" in run(split)
    board = json.loads(run([*first_run, "--json"]))
    assert board["benchmark"] == "my-faces-64"
    assert {row["pairs"] for row in board["rows"]} == {6 * 2}
    assert "30 of 30 files are as published" in run(verify)
    # What follows > is the shell's.
    dev = run(paths[: paths.index(">")]).split()
    assert len(dev) == 4 * 3
    with pytest.raises(BenchError, match=r"model\.safetensors"):
        run(glow_run)


def test_the_card_of_the_guide_adds_a_dataset(
    embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "docs/add-a-dataset.md"
    (tmp_path / "card.toml").write_text(code_of(page, "toml"))
    rows = ["person,age group"]
    for number, person in enumerate(sorted((embedded / "images").iterdir())):
        folder = tmp_path / "DIR" / f"{number:03d}_{'fm'[number % 2]}"
        folder.mkdir(parents=True)
        rows.append(f"{number:03d},{'young' if number < 5 else 'old'}")
        for place, name in enumerate(("neutral_0_a", "happy_1_a", "happy_3_b", "happy_3_c")):
            image = Image.open(sorted(person.iterdir())[place])
            image.resize((256, 256), Image.Resampling.NEAREST).save(folder / f"{name}.png")
    (tmp_path / "DIR" / "people.csv").write_text("\n".join(rows))
    monkeypatch.setattr("bench.data.card.dataset_folders", dataset_folders)
    monkeypatch.chdir(tmp_path)
    add, split, first_run = commands_of(page)[-3:]
    text = run(add)
    assert "30 listed: 10 people, 10 reference and 20 source images, 256x256" in text
    assert "10 fit and serve as nothing" in text
    assert "40 pairs" in run(split)  # two levels of each, to two others
    assert json.loads(run([*first_run, "--json"]))["benchmark"] == "lab-faces-64"
    header, row, *_ = Path("datasets/lab-faces/files.csv").read_text().splitlines()
    assert header.endswith("role,expression,intensity,gender,age")
    assert row.endswith("source,happy,1,female,young")


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
