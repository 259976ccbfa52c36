"""``bench groups`` as a user types it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import api
from bench.cli import app
from bench.errors import BenchError


def bench(*words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def commands_that_read(text: str) -> int:
    found = re.search(r"read by (\d+) commands? with pixel-arith", " ".join(text.split()))
    assert found is not None
    return int(found[1])


@pytest.fixture(scope="module")
def runs(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api.run(["pixel-arith"], api.Settings(out=out))
    return out


@pytest.fixture
def grouped(embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The made-up dataset with a table of people: five of the test part are old."""
    folder = tmp_path / "synthfaces"
    folder.mkdir()
    for name in ("files.csv", "splits"):
        (folder / name).symlink_to(embedded / name)
    card = (embedded / "card.toml").read_text()
    card = card.replace(
        'groups_file = ""\ngroups = []', 'groups_file = "people.csv"\ngroups = ["age"]'
    )
    (folder / "card.toml").write_text(card)
    split = (embedded / "splits" / "v1.csv").read_text().splitlines()[1:]
    test = sorted({line.split(",")[1] for line in split if line.startswith("test")})
    people = {f"p{number}": "20" for number in range(10)} | dict.fromkeys(test[:5], "41")
    (folder / "people.csv").write_text(
        "identity,age\n" + "".join(f"{name},{age}\n" for name, age in people.items())
    )
    monkeypatch.setattr("bench.data.card.dataset_folders", lambda: [tmp_path])
    return folder


def test_groups_of_stored_runs(runs: Path, grouped: Path) -> None:
    values = json.loads(bench("groups", "--runs", runs, "--json"))
    reads = commands_that_read(" ".join(values["notes"]))
    labels = {result["label"] for result in values["results"]}
    assert labels == {"pixel-arith", *api.ANCHORS} - {"target-neutral"}
    groups = {row["group"]: row for row in values["results"][0]["groups"]}
    assert groups["41"]["identities"] == 5
    assert groups["41"]["gain"] is not None
    assert "1 identity, fewer than 5" in groups["20"]["withheld"]
    text = bench("groups", "pixel-arith", "--runs", runs, "--side", "source", "--by", "age")
    assert "gain by age of the source" in text
    assert "copy-source" not in text
    assert commands_that_read(text) == reads + 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--by", "hair"], "no group 'hair'.*age"),
        (["--score", "beauty"], "no score 'beauty'.*expression_skill"),
        (["glow-arith"], "no stored run of 'glow-arith' on synthfaces-64"),
    ],
)
def test_what_there_is_not_is_named(
    runs: Path, grouped: Path, words: list[str], message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        bench("groups", *words, "--runs", runs)


def test_a_dataset_without_groups_says_how_a_card_names_them(runs: Path, embedded: Path) -> None:
    with pytest.raises(BenchError, match=r"names no groups of people.*groups_file"):
        bench("groups", "--runs", runs)


def test_a_benchmark_without_a_card_has_no_groups(
    runs: Path, embedded: Path, tmp_path: Path
) -> None:
    shutil.copytree(runs, tmp_path / "runs")
    (tmp_path / "runs" / "synthfaces-64").rename(tmp_path / "runs" / "imported-64")
    with pytest.raises(BenchError, match="imported-64 has no dataset card here"):
        bench("groups", "--runs", tmp_path / "runs")


def test_help_has_examples() -> None:
    text = " ".join(bench("groups", "--help").split())
    assert "Examples" in text
    assert "bench groups --benchmark london --data DIR" in text
