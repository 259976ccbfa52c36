"""Every command that the documentation shows is executed, page by page, as a reader types it.

A page is a scene: its fixtures put into an empty folder what the reader has, and its commands are
typed there in their order. Runs are limited to a few pairs. What cannot be executed is listed with
the reason, and like all commands within sentences it must at least parse.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bench.cli import app

ROOT = Path(__file__).resolve().parents[3]
LIMIT = "3"

PAGES = [
    *("README.md", "CONTRIBUTING.md", "leaderboards/README.md", "metrics/README.md"),
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
]

NOT_EXECUTED = {
    # They download.
    "bench weights fetch mobilefacenet": "tests/cli/test_weights.py, from a server of its own",
    "bench weights fetch face-landmarker": "the same",
    "bench weights fetch glow-celebahq256": "the same",
}

ENDS_WITH_STATUS_1 = {
    "bench check-instruments synthfaces --embedder brightness --au brightness-au",
}
"""The page says so."""

COMMAND = re.compile(r"(?:.*&& )?(?:\.venv/bin/)?(bench .*)")
WITHIN_SENTENCES = re.compile(r"`(bench [^`]+)`")


@dataclass(frozen=True, slots=True)
class Scene:
    """A page, or the part of it under one heading.

    Attributes:
        page: its path.
        has: fixtures that prepare the folder.
        heading: of the part; empty for the whole page.
        says: what must stand in what the commands print.
    """

    page: str
    has: Sequence[str] = ()
    heading: str = ""
    says: Sequence[str] = ()

    def __str__(self) -> str:
        return f"{self.page} {self.heading}".strip()

    @property
    def commands(self) -> list[str]:
        return commands_of(self.page, self.heading)


SHORT = (
    Scene("leaderboards/README.md"),
    Scene(
        "docs/add-a-dataset.md", ["own_faces"], "2. Add, split, run",
        says=["30 listed: 10 people", "20 pairs, 4 people in dev, 6 in test", "my-faces-64, test",
              "30 of 30 files are as published"],
    ),
    Scene("docs/add-a-dataset.md", ["kdef"], "3. Datasets of others", says=["12 people"]),
    Scene(
        "docs/add-a-dataset.md", ["laboratory"], "4. A card of your own",
        says=["30 listed: 10 people, 10 reference and 20 source images, 256x256",
              "10 fit and serve as nothing", "40 pairs", "lab-faces-64, test"],
    ),
    Scene("docs/responsible-use.md", says=["CC-BY-4.0", "Apache-2.0"]),
    Scene(
        "docs/submit-a-result.md", ["made_up_board", "method"], says=["blend", "pixel-arith"]
    ),
)  # fmt: skip

LONG = (
    Scene("README.md", ["stored_runs", "weights", "london", "photographs", "method"],
          says=["london-64, test", "my-faces-64, test", "blend"]),
    Scene("metrics/README.md", ["trained"], says=["All limits are kept"]),
    Scene("docs/add-a-method.md", ["weights", "london", "method", "outsiders", "other_python"],
          says=["blend", "my-gan"]),
    Scene("docs/add-an-instrument.md", ["instruments"], says=["brightness-au", "Missed:"]),
    Scene("docs/alignment.md", ["weights", "photographs"], says=["24  aligned"]),
    Scene("docs/glow.md", ["weights", "london", "celebahq"], says=["london-256, test"]),
    Scene("docs/index.md", says=["glow-arith"]),
    Scene("docs/instruments.md", ["weights", "london"], says=["mediapipe", "pixel-arith"]),
    Scene("docs/metrics.md", ["stored_runs"], says=["au_delta_mae", "lip corner"]),
    Scene("docs/paper-figures.md", ["stored_runs", "released_tables"],
          says=["lip corner", "crossover"]),
    Scene("docs/quick-start.md", ["weights", "photographs"],
          says=["24  aligned", "24 listed: 12 people", "12 pairs, 5 people in dev, 7 in test"]),
    Scene("docs/valenzuela2021.md", ["weights", "release"], says=["glow-arith (released)"]),
)  # fmt: skip


def commands_of(page: str, heading: str = "") -> list[str]:
    """The commands that stand on lines of their own, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^## ", text.split(f"## {heading}\n")[1], flags=re.MULTILINE)[0]
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return [match[1] for line in lines if (match := COMMAND.fullmatch(line))]


def typed(command: str) -> list[str]:
    """The words of a command, with runs made small and a detector that is at hand.

    HASH stands for the digits of the only run that fits, and what follows > is the shell's.
    """
    words = shlex.split(command.partition(" > ")[0])[1:]
    if "--limit" in words:
        words[words.index("--limit") + 1] = LIMIT
    elif words[0] in ("run", "alpha-search", "reconstruct") and "valenzuela2021" not in words:
        # A board takes whole runs alone.
        words += ["--limit", LIMIT] if words[1:] != ["./my_method.py"] else []
    if words[:2] in (["data", "align"], ["data", "check-alignment"]) and "--detector" not in words:
        words += ["--detector", "mediapipe"]
    if words[:2] == ["data", "draw"]:
        words[words.index("--people") + 1] = LIMIT
    for place, word in enumerate(words):
        if "HASH" in word:
            (found,) = Path().glob(word.replace("HASH", "*"))
            words[place] = str(found)
    return words


def play(scene: Scene, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for fixture in ("here", *scene.has):
        request.getfixturevalue(fixture)
    monkeypatch.setenv("COLUMNS", "100")
    printed = []
    for command in scene.commands:
        if command in NOT_EXECUTED:
            continue
        result = CliRunner().invoke(app, typed(command))
        status = 1 if command in ENDS_WITH_STATUS_1 else 0
        raised = result.exception
        ended = raised is None or isinstance(raised, SystemExit)
        problem = f"{command}\n{result.output}\n{raised!r}"
        assert (result.exit_code, ended) == (status, True), problem
        printed.append(result.stdout)
    for text in scene.says:
        assert text in "".join(printed)


@pytest.mark.parametrize("scene", SHORT, ids=str)
def test_the_commands_of_a_page_work(
    scene: Scene, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(scene, request, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("scene", LONG, ids=str)
def test_the_commands_of_a_long_page_work(
    scene: Scene, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(scene, request, monkeypatch)


def test_no_command_is_left_out() -> None:
    written = [(page, command) for page in PAGES for command in commands_of(page)]
    played = [(scene.page, command) for scene in (*SHORT, *LONG) for command in scene.commands]
    assert sorted(written) == sorted(played)
    assert NOT_EXECUTED.keys() <= {command for _, command in written}


def shown_commands() -> list[str]:
    """Commands of lines that are not executed, and those within sentences."""
    texts = [(ROOT / page).read_text(encoding="utf-8") for page in PAGES]
    within = [found for text in texts for found in WITHIN_SENTENCES.findall(text)]
    return sorted({*NOT_EXECUTED, *(" ".join(found.split()) for found in within)})


@pytest.mark.parametrize("command", shown_commands())
def test_every_command_that_is_shown_parses(command: str) -> None:
    """Names and options exist."""
    _, *arguments = shlex.split(command)
    group = typer.main.get_command(app)
    while arguments and hasattr(group, "commands"):
        group = group.commands[arguments.pop(0)]
    known = {"--help", *(option for parameter in group.params for option in parameter.opts)}
    for argument in arguments:
        assert not argument.startswith("-") or argument in known
