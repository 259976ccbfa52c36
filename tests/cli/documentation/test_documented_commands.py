"""Every command that the documentation shows is executed, page by page, as a reader types it.

A page is a scene: its fixtures put into an empty folder what the reader has, and its commands are
typed there in their order. Runs are limited to a few pairs, training to a few steps. What cannot be
executed is listed with the reason, and like all commands within sentences it must at least parse.
"""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
import typer
from typer.testing import CliRunner

from bench.cli import app

ROOT = Path(__file__).resolve().parents[3]
LIMIT, ALPHAS = "3", "0,0.5,1"
"""As in conftest.py, whose runs are used again."""

PEOPLE = {"training": "6", "benchmark": "3"}
"""Who are drawn, by the design."""

PAGES = sorted(
    str(path.relative_to(ROOT))
    for name in (
        *("README.md", "CONTRIBUTING.md", "docs/**/*.md", "leaderboards/**/README.md"),
        *("metrics/**/README.md", "glow/weights/*/README.md", "bench/methods/**/README.md"),
    )
    for path in ROOT.glob(name)
)

NOT_EXECUTED = {
    # They download.
    "bench weights fetch mobilefacenet": "tests/cli/test_weights.py, from a server of its own",
    "bench weights fetch face-landmarker": "the same",
    "bench weights fetch glow-celebahq256 --unverified": "the same",
    # They need TensorFlow, and files that nobody here has had.
    "python -m glow convert graph_unoptimized.pb --image-size 256 --bits 5 "
    "--out celebahq256.safetensors --verify": "tests/glow/convert, on files of its own",
    "python -m glow convert abl-1x1-aff/ --image-size 32 --out cifar10.safetensors": "the same",
}

ENDS_WITH_STATUS_1 = {
    "bench check-instruments synthfaces --embedder brightness --au brightness-au",
}
"""The page says so."""

READ_NOTHING = {"bench check-instruments synthfaces"}
"""Long ones that say the same in every folder: once is enough."""

SMALL: Final[dict[str, dict[str, str]]] = {
    "glow train": {
        "--steps": "2",
        "--measure-every": "2",
        "--batch": "2",
        "--levels": "2",
        "--depth": "1",
        "--width": "4",
    },
    "glow evaluate": {},
    "metrics train-au": {"--steps": "2", "--batch": "4", "--channels": "2,4"},
    "metrics train-embedder": {"--steps": "2", "--batch": "4", "--channels": "2,4"},
    "bench.methods.generator train": {"--steps": "2", "--batch": "4"},
}
"""What ``python -m`` is given beside or instead of what the page says, by its first words."""

MADE_SMALL: Final = ("run", "alpha-search", "reconstruct")
WHOLE: Final = (
    # A board takes whole runs alone.
    ["run", "./my_method.py"],
    # The released alphas are the only ones.
    ["alpha-search", "glow-arith (released)", "--benchmark", "valenzuela2021"],
)

MODULE = r"python -m (?:glow|metrics|bench\.methods\.generator)"
COMMAND = re.compile(rf"(?:.*&& )?(?:\.venv/bin/)?((?:bench|{MODULE}|awk) .*)")
WITHIN_SENTENCES = re.compile(rf"`((?:bench|{MODULE}) [^`]+)`")


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
    Scene("docs/performance.md", says=["limit   ", "removed "]),
    Scene("docs/responsible-use.md", says=["CC-BY-4.0", "Apache-2.0"]),
    Scene(
        "docs/submit-a-result.md", ["made_up_board", "method"], says=["blend", "pixel-arith"]
    ),
)  # fmt: skip

LONG = (
    Scene("README.md", ["stored_runs"], "Start", says=["All limits are kept"]),
    Scene("README.md", ["stored_runs", "weights", "london_runs"], "On photographs",
          says=["london-64, test", "gain"]),
    Scene("README.md", ["weights", "photographs"], "Your own faces and instruments",
          says=["my-faces-64, test"]),
    Scene("README.md", ["stored_runs"], "Your own method", says=["my-blend"]),
    Scene("README.md", ["dask", "method"], "More images, more machines", says=["glow-arith"]),
    Scene("bench/methods/generator/README.md", ["own_generator"], says=["gan-inversion"]),
    Scene("bench/methods/generator/weights/synthfaces-64/README.md"),
    Scene("glow/weights/london-64/README.md", ["london_photographs"], says=["bits_per_dim"]),
    Scene("glow/weights/synthfaces-64/README.md", says=["bits_per_dim"]),
    Scene("leaderboards/london-64/README.md", ["weights", "london_runs"], says=["gain"]),
    Scene("metrics/README.md", ["trained"], says=["All limits are kept"]),
    Scene("metrics/models/synth-au/README.md"),
    Scene("metrics/models/synth-embedder/README.md"),
    Scene("docs/add-a-method.md", ["weights", "london", "method", "outsiders", "other_python"],
          says=["blend", "my-gan"]),
    Scene("docs/add-an-instrument.md", ["instruments"], says=["brightness-au", "Missed:"]),
    Scene("docs/alignment.md", ["facenet", "photographs"], says=["24  aligned"]),
    Scene("docs/glow.md", ["weights", "london", "celebahq", "pictures"],
          says=["london-256, test"]),
    Scene("docs/index.md", ["stored_runs"], says=["glow-arith"]),
    Scene("docs/instruments.md", ["weights", "london"], says=["mediapipe", "pixel-arith"]),
    Scene("docs/methods.md", ["stored_runs"], says=["share", "attribute space=pca"]),
    Scene("docs/metrics.md", ["stored_runs"], says=["au_delta_mae", "lip corner"]),
    Scene("docs/paper-figures.md", ["stored_runs", "figures", "released_tables"],
          says=["lip corner", "crossover"]),
    Scene("docs/quick-start.md", ["weights", "photographs"],
          says=["24  aligned", "24 listed: 12 people", "12 pairs, 5 people in dev, 7 in test"]),
    Scene("docs/report.md", ["stored_runs", "figures"], says=["Report: both.html", "Figures: "]),
    Scene("docs/robustness.md", ["stored_runs", "elsewhere", "method"],
          says=["pixel-arith", "digit."]),
    Scene("docs/valenzuela2021.md", ["weights", "release"], says=["glow-arith (released)"]),
)  # fmt: skip


def commands_of(page: str, heading: str = "") -> list[str]:
    """The commands that stand on lines of their own, in their order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^## ", text.split(f"## {heading}\n")[1], flags=re.MULTILINE)[0]
    text = re.sub(r" *\\\n +", " ", text)
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    return [match[1] for line in lines if (match := COMMAND.fullmatch(line))]


def put(words: list[str], option: str, value: str) -> None:
    """Gives an option, instead of what it has."""
    if option in words:
        words[words.index(option) + 1] = value
    else:
        words += [option, value]


def typed(command: str) -> list[str]:
    """The words of a command, with runs and trainings made small.

    HASH stands for the digits of the only run that fits.
    """
    words = shlex.split(command)
    if words[0] == "python":
        for option, value in SMALL[" ".join(words[2:4])].items():
            put(words, option, value)
        if words[2] == "metrics":
            # The scene has trained ones, which the page goes on with.
            words[words.index("--out") + 1] += "-small"
    elif words[1:3] == ["data", "draw"]:
        put(words, "--people", PEOPLE["benchmark" if "benchmark" in words else "training"])
    elif "--limit" in words or (words[1] in MADE_SMALL and words[1:] not in WHOLE):
        put(words, "--limit", LIMIT)
        if words[1] != "reconstruct" and not {"--alpha", "--alphas"} & set(words):
            words += ["--alphas", ALPHAS]
    for place, word in enumerate(words):
        if "HASH" in word:
            (found,) = Path().glob(word.replace("HASH", "*"))
            words[place] = str(found)
        elif word.startswith("steps="):
            words[place] = "steps=2"
    return words


@cache
def execute_once(command: str) -> str:
    return execute(command)


def execute(command: str) -> str:
    """What a command prints; it must end as the page says."""
    line, _, file = command.partition(" > ")
    words = typed(line)
    if words[0] == "bench":
        result = CliRunner().invoke(app, words[1:])
        status, text, shown, raised = (
            result.exit_code, result.stdout, result.output, result.exception
        )  # fmt: skip
        if isinstance(raised, SystemExit):
            raised = None
    elif words[0] == "python":
        main = import_module(f"{words[2]}.__main__").main
        with redirect_stdout(io.StringIO()) as stdout, redirect_stderr(io.StringIO()) as stderr:
            status = main(words[3:])
        text, shown, raised = stdout.getvalue(), stderr.getvalue(), None
    else:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        status, text, shown, raised = done.returncode, done.stdout, done.stderr, None
    expected = 1 if command in ENDS_WITH_STATUS_1 else 0
    assert (status, raised) == (expected, None), f"{command}\n{shown}\n{raised!r}"
    if file:
        Path(file).write_text(text, encoding="utf-8")
    return text


def play(scene: Scene, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for fixture in ("here", *scene.has):
        request.getfixturevalue(fixture)
    monkeypatch.setenv("COLUMNS", "100")
    executed = [command for command in scene.commands if command not in NOT_EXECUTED]
    printed = "".join(
        execute_once(command) if command in READ_NOTHING else execute(command)
        for command in executed
    )
    for text in scene.says:
        assert text in printed


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


def options_of(words: list[str]) -> set[str]:
    """The options of the command that these words begin with."""
    if words[0] == "python":
        main = import_module(f"{words[2]}.__main__").main
        with redirect_stdout(io.StringIO()) as stdout, pytest.raises(SystemExit, match=r"^0$"):
            main([*words[3:4], "--help"])
        return set(re.findall(r"--[\w-]+", stdout.getvalue()))
    group = typer.main.get_command(app)
    rest = iter(words[1:])
    while hasattr(group, "commands") and (word := next(rest, None)):
        group = group.commands[word]
    return {"--help", *(option for parameter in group.params for option in parameter.opts)}


@pytest.mark.parametrize("command", shown_commands())
def test_every_command_that_is_shown_parses(command: str) -> None:
    """Names and options exist."""
    words = shlex.split(command)
    known = options_of(words)
    for word in words[2:]:
        assert word == "-m" or not word.startswith("-") or word in known
