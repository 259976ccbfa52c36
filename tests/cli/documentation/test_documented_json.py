"""The JSON of every command has the keys that docs/results-format.md names, and no others."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import typer
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

import bench.run.instruments
from bench.analysis.bootstrap import Interval
from bench.analysis.instruments.check import InstrumentCheck
from bench.analysis.instruments.units import UnitAgreement
from bench.analysis.release.agreement import Agreement, AgreementRow
from bench.cli import app
from bench.run.cache import ArrayCache
from metrics.contracts import AUReading

ROOT = Path(__file__).resolve().parents[3]

Keys = dict[str, set[str] | None]
"""By the place of an object in the JSON, such as ``rows`` or ``runs.metrics.*``, and ``top``; no
keys where they are names of the data, None where another page has them."""

AS_INSTALLED: Final = (
    ("bench check", "check pixel-arith"),
    ("bench data add", "data add folder-per-person --name own --data photographs"),
    ("bench data align", "data align photographs aligned --landmarks eyes.csv"),
    ("bench data check-alignment", "data check-alignment photographs --landmarks eyes.csv"),
    ("bench data scan", "data scan folder-per-person --data photographs"),
    ("bench data show", "data show synthfaces"),
    ("bench data verify", "data verify synthfaces --data photographs"),
    ("bench leaderboard show", "leaderboard show"),
    ("bench list au", "list au"),
    ("bench list au NAME", "list au synth"),
    ("bench list benchmarks", "list benchmarks"),
    ("bench list embedders", "list embedders"),
    ("bench list embedders NAME", "list embedders synth"),
    ("bench list methods", "list methods"),
    ("bench list metrics", "list metrics"),
    ("bench list metrics NAME", "list metrics au_mae"),
    ("bench new dataset", "new dataset my-faces"),
    ("bench new method", "new method my-blend"),
    ("bench weights list", "weights list"),
)
"""What is typed, on what comes with the package and a few photographs."""

ON_MADE_UP_FACES: Final = (
    ("bench run", "run pixel-arith pca-arith"),
    ("bench report", "report"),
    ("bench alpha-search", "alpha-search pixel-arith --refine --tolerance 0.1"),
    ("bench compare", "compare pixel-arith pca-arith"),
    ("bench metrics", "metrics"),
    ("bench groups", "groups --by age"),
    ("bench check-instruments", "check-instruments"),
    ("bench reconstruct", "reconstruct pixel-arith --limit 4"),
    ("bench second-opinion", "second-opinion --au other"),
    ("bench leaderboard add", "leaderboard add RUNS/pixel-arith-* --board before/BOARD"),
    ("bench leaderboard add", "leaderboard add RUNS/p*-arith-* --board after/BOARD"),
    ("bench leaderboard show NAME", "leaderboard show --board after/BOARD"),
    (
        "bench leaderboard show NAME --explain A B",
        "leaderboard show --board after/BOARD --explain pixel-arith copy-source",
    ),
    ("bench leaderboard verify", "leaderboard verify pixel-arith --board after/BOARD --pairs 1"),
    ("bench leaderboard diff", "leaderboard diff before after"),
)

TYPED: Final = (*AS_INSTALLED, *ON_MADE_UP_FACES)

ELSEWHERE: Final = {
    "bench import valenzuela2021",
    "bench import valenzuela2021 --measure",
    # The JSON of others that are typed.
    "bench leaderboard make",
    "bench new embedder",
    "bench new au",
    "bench cache info",
    "bench cache clear",
}


def take_photographs(folder: Path) -> None:
    """Three people in ``photographs``, what is none of them, and their eyes in ``eyes.csv``."""
    eyes = ["file,left_eye_x,left_eye_y,right_eye_x,right_eye_y"]
    for number, name in enumerate(("ada", "bo", "cy")):
        (folder / "photographs" / name).mkdir(parents=True)
        for place, sample in enumerate(("neutral", "happy")):
            picture = Image.new("RGB", (256, 256), (20 * number, 100 * place, 50))
            picture.save(folder / "photographs" / name / f"{sample}.png")
            eyes.append(f"{name}/{sample}.png,95,123,161,123")
    shutil.copy(folder / "photographs" / "ada" / "neutral.png", folder / "photographs" / "a.png")
    (folder / "eyes.csv").write_text("\n".join([*eyes, "a.png,95,123,161,123"]))


def make_up(folder: Path, faces: Path, patch: pytest.MonkeyPatch) -> None:
    """The made-up faces with two ages, and a second AU estimator that reads half as much."""
    dataset = folder / "made-up" / "synthfaces"
    shutil.copytree(faces, dataset)
    card = (dataset / "card.toml").read_text()
    card = card.replace('groups_file = ""\ngroups = []', 'groups_file = "p.csv"\ngroups = ["age"]')
    (dataset / "card.toml").write_text(card)
    people = [f"p{number},{20 + 30 * (number % 2)}" for number in range(10)]
    (dataset / "p.csv").write_text("\n".join(["identity,age", *people]))
    patch.setattr("bench.data.card.dataset_folders", lambda: [folder / "made-up"])
    # Six people in the test part are too few for two groups of the usual size.
    patch.setattr("bench.analysis.statistics.groups.FEWEST_IN_GROUP", 2)
    own: Any = bench.run.instruments.load_au_estimator("made-up")

    class Other(type(own)):  # type: ignore[misc]
        card = replace(own.card, name="other")

        def estimate(self, images: Any) -> AUReading:
            reading = super().estimate(images)
            return AUReading(reading.outcomes, np.float32(0.5) * reading.values[:, ::-1])

    patch.setattr(
        "bench.run.instruments.load_au_estimator",
        lambda spec, *_, **__: Other() if spec == "other" else own,
    )


def run(line: str) -> Result:
    """Types a command; a star stands for the files that it fits, as in a shell."""
    line = line.replace("RUNS", "runs/synthfaces-64").replace("BOARD", "synthfaces-64")
    words = [
        word
        for typed in line.split()
        for word in (
            [str(path) for path in sorted(Path().glob(typed))] if "*" in typed else [typed]
        )
    ]
    return CliRunner().invoke(app, [*words, "--json"])


@pytest.fixture(scope="session")
def documents(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Result]]:
    """What commands print, by their name."""
    folder = tmp_path_factory.mktemp("json")
    found: dict[str, list[Result]] = defaultdict(list)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", [*sys.path])
        for variable in ("BENCH_DATA", "BENCH_DATASETS", "BENCH_LEADERBOARDS", "BENCH_WEIGHTS"):
            patch.delenv(variable, raising=False)
        take_photographs(folder)
        for name, line in AS_INSTALLED:
            found[name].append(run(line))
        make_up(folder, embed(patch), patch)
        for name, line in ON_MADE_UP_FACES:
            found[name].append(run(line))
    return found


def named(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def keys_in(text: str, documented: dict[str, Keys]) -> set[str] | None:
    """The keys that a cell names, or those of the object that it refers to."""
    if text.startswith("as on ["):
        return None
    if same := re.fullmatch(r"as `([^`]+)` of `([^`]+)`", text):
        return documented[same[2]][same[1]]
    found = re.findall(r"`(\w+)`( ±)?", text)
    return {key for name, end in found for key in ([name, f"{name}_interval"] if end else [name])}


def read_section() -> dict[str, Keys]:
    """The keys that the page names, by command."""
    text = (ROOT / "docs" / "results-format.md").read_text(encoding="utf-8")
    documented: dict[str, Keys] = {}
    for part in text.split("\n## The JSON of commands\n")[1].split("\n### ")[1:]:
        heading, _, body = part.partition("\n")
        rows = [line.strip("| ").split(" | ") for line in body.splitlines() if line[:1] == "|"][2:]
        if commands := named(heading):
            keys = {
                place: keys_in(cell, documented)
                for places, cell in rows
                for place in named(places) or ["top"]
            }
            documented |= dict.fromkeys(commands, keys)
            continue
        for commands_cell, cell in rows:
            top, *inner = cell.split("; ")
            keys = {"top": keys_in(top, documented)}
            if same := re.match(r"as `(bench [^`]+)`, and ", top):
                base = documented[same[1]]
                added = set(named(top[same.end() :]))
                keys = {**base, "top": (base["top"] or set()) | added}
            for one in inner:
                places, _, words = one.partition(": ")
                keys |= dict.fromkeys(named(places), keys_in(words, documented))
            documented |= dict.fromkeys(named(commands_cell), keys)
    return documented


DOCUMENTED: Final = read_section()


def is_interval(key: str, value: Any) -> bool:
    if key != "interval" and not key.endswith("_interval"):
        return False
    return value is None or set(value) - {"identities"} == {"low", "high"}


def found_in(value: Any, documented: Keys, place: str = "top") -> Iterator[tuple[str, set[str]]]:
    """Every object in a value, as its place and its keys."""
    if documented.get(place, "unknown") is None:
        return
    if isinstance(value, list):
        for one in value:
            yield from found_in(one, documented, place)
    elif isinstance(value, dict):
        by_data = documented.get(place) == set()
        yield place, set() if by_data else set(value)
        for key, one in value.items():
            inner = "*" if by_data else key
            if by_data or not is_interval(key, one):
                yield from found_in(one, documented, f"{place}.{inner}".removeprefix("top."))


def printed(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


def check(name: str, values: list[Any]) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for place, keys in found_in(values, DOCUMENTED[name]):
        found[place] |= keys
    assert found == {place: keys for place, keys in DOCUMENTED[name].items() if keys is not None}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({name for name, _ in TYPED}))
def test_the_keys_of_a_command_are_those_of_the_page(
    name: str, documents: dict[str, list[Result]]
) -> None:
    values = [printed(result) for result in documents[name]]
    if name == "bench check-instruments":
        values.append(with_truth(values[0]["embedder"]))
    check(name, values)


@pytest.mark.slow
def test_the_sections_of_a_report_have_the_keys_of_the_page(
    documents: dict[str, list[Result]],
) -> None:
    text = (ROOT / "docs" / "results-format.md").read_text(encoding="utf-8")
    table = text.split("\n## The report's JSON\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", table, flags=re.MULTILINE))
    (result,) = documents["bench report"]
    sections = printed(result)["sections"]
    assert len(sections) > 8
    for name, content in sections.items():
        if "the JSON of `bench" not in rows[name].partition(";")[0]:
            assert set(content) <= set(named(rows[name])), name
    # Of one comparison alone there is a section of its own.
    assert set(rows) - set(sections) <= {"comparison"}


def with_truth(card: dict[str, Any]) -> dict[str, Any]:
    """What a check says where the truth is known, which of made-up faces it is not."""
    unit = UnitAgreement("AU01", "inner brow raiser", 0.99, 0.99, Interval(0.9, 1.0, 6), 0.1)
    return InstrumentCheck("b", card, card, (unit,), (), {"dev": 1.0}, ()).to_dict()


@pytest.mark.slow
def test_the_keys_of_an_import_are_those_of_the_page(here: Path, released_tables: None) -> None:
    check("bench import valenzuela2021", [printed(run("import valenzuela2021 DIR"))])


def test_the_keys_of_a_measured_import_are_those_of_the_page() -> None:
    row = AgreementRow("AU01", 1, 1.0, 0.0, 1.0, 1.0)
    measured = Agreement("b", {"embedder": "e"}, {"embedder": "f"}, [row], [row], (), (), 0, ())
    check("bench import valenzuela2021 --measure", [measured.to_dict()])


def test_the_keys_of_the_cache_are_those_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    cache = ArrayCache(tmp_path)
    cache.put("codes", "0" * 64, {"value": np.zeros(3)})
    cache.flush()
    for verb in ("info", "clear"):
        check(f"bench cache {verb}", [printed(run(f"cache {verb}"))])


def commands_with_json(group: Any, name: str = "bench") -> Iterator[str]:
    for word, command in getattr(group, "commands", {}).items():
        yield from commands_with_json(command, f"{name} {word}")
    if any("--json" in parameter.opts for parameter in group.params):
        yield name


def test_the_page_has_every_command_with_json() -> None:
    # Without the arguments and options that stand for another JSON.
    plain = {re.sub(r"( NAME)?( --\w.*)?$", "", name) for name in DOCUMENTED}
    assert plain == set(commands_with_json(typer.main.get_command(app)))
    assert {name for name, _ in TYPED} | ELSEWHERE == DOCUMENTED.keys()
