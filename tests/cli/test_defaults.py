"""A command without options works on the dataset whose images come with the package."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.errors import BenchError

Invoke = Callable[..., str]


@pytest.fixture
def invoke(embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs a command in an empty folder, 80 columns wide; its stdout."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> str:
        result = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=True)
        if result.exception is not None:
            raise result.exception
        return result.stdout

    return run


def test_the_first_command_ends_in_a_table_and_what_to_type_next(
    invoke: Invoke, tmp_path: Path
) -> None:
    text = invoke("run", "pixel-arith")
    assert "synthfaces-64, test part" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    assert text.splitlines()[-6:] == [
        "Next: bench report --html",
        "      bench alpha-search pixel-arith",
        "On photographs (bench data show london tells where to get them):",
        "      bench run pixel-arith --benchmark london --data DIR",
        "On your own faces (docs/add-a-dataset.md tells how):",
        "      bench run pixel-arith --benchmark NAME --data DIR",
    ]
    # What it says works as it stands.
    assert "pixel-arith" in invoke("report", "--html")
    assert (tmp_path / "report.html").is_file()
    parts = sorted(tmp_path.rglob("*.parquet"))
    assert "dev alpha*" in invoke("alpha-search", "pixel-arith")
    assert sorted(tmp_path.rglob("*.parquet")) == parts
    assert "figshare" in invoke("data", "show", "london")


def test_json_is_nothing_but_json(invoke: Invoke) -> None:
    text = invoke("run", "copy-source", "--limit", "3", "--json")
    assert json.loads(text)["benchmark"] == "synthfaces-64"


def test_no_method_is_an_error_that_says_what_to_type(invoke: Invoke) -> None:
    with pytest.raises(BenchError, match="no method was named") as caught:
        invoke("run")
    assert "bench run glow-arith" in str(caught.value)
    assert "bench list methods" in str(caught.value)


def test_the_grid_is_the_benchmark_s(invoke: Invoke) -> None:
    found = json.loads(invoke("alpha-search", "pixel-arith", "--limit", "4", "--json"))
    assert [point["alpha"] for point in found["curve"]] == [0.0, 0.5, 1.0, 1.2]


def test_bench_data_is_for_copies_only(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "london"))
    assert "230 of 230" in invoke("data", "verify", "synthfaces")
    with pytest.raises(BenchError, match=r"no data folder at .*london"):
        invoke("data", "verify", "london")


def test_an_embedded_dataset_needs_no_data_folder(invoke: Invoke, embedded: Path) -> None:
    assert "230 of 230 files are as published" in invoke("data", "verify", "synthfaces")
    shown = invoke("data", "show", "synthfaces").replace("\n", "")
    assert f"images: {embedded}" in shown
    paths = invoke("data", "paths", "synthfaces", "--part", "dev").splitlines()
    assert len(paths) == 4 * 23
    assert all(Path(path).is_file() for path in paths)
    assert {Path(path).parents[1] for path in paths} == {embedded / "images"}


def test_a_copy_is_verified_where_it_is_named(
    invoke: Invoke, embedded: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(embedded, tmp_path / "copy"))
    (copy / "images" / "p3" / "sad.png").unlink()
    found = CliRunner().invoke(app, ["data", "verify", "synthfaces", "--data", str(copy)])
    assert found.exit_code == 1
    assert found.stdout.splitlines() == [
        "images/p3/sad.png is missing", "229 of 230 files are as published",
    ]  # fmt: skip
    assert "230 of 230" in invoke("data", "verify", "synthfaces")


def test_a_dataset_of_others_still_needs_a_copy(invoke: Invoke) -> None:
    for command in (["run", "pixel-arith", "-b"], ["data", "verify"], ["data", "paths"]):
        with pytest.raises(BenchError, match="needs your copy of its images") as caught:
            invoke(*command, "london")
        assert caught.value.hint == "--data DIR; bench data show london tells where to get them"


def test_benchmarks_say_whether_their_images_come_along(invoke: Invoke) -> None:
    rows = json.loads(invoke("list", "benchmarks", "--json"))["rows"]
    assert {row["name"]: row["ships_images"] for row in rows} == {
        "london-64": False, "london-128": False, "london-256": False, "synthfaces-64": True,
    }  # fmt: skip
    lines = invoke("list", "benchmarks").splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
    assert "included" in next(line for line in lines if "synthfaces-64" in line)
    assert "your copy" in next(line for line in lines if "london-64" in line)


@pytest.mark.parametrize(
    ("command", "examples"),
    [
        ("run", ["bench run glow-arith", "bench run ./my_method.py --param strength=0.8"]),
        ("alpha-search", ["bench alpha-search glow-arith"]),
        ("report", ["bench report", "bench report --html"]),
        ("data verify", ["bench data verify synthfaces", "bench data verify london --data DIR"]),
        ("data paths", ["bench data paths synthfaces --part dev"]),
    ],
)
def test_help_shows_examples_the_simplest_first(
    invoke: Invoke, command: str, examples: list[str]
) -> None:
    text = invoke(*command.split(), "--help")
    shown = text[text.index("Example") : text.index("Options ")]
    lines = [line.strip() for line in shown.splitlines()]
    typed = [line for line in lines if line.startswith("bench ")]
    assert typed[0].startswith(examples[0])
    assert all(any(line.startswith(example) for line in typed) for example in examples)
    assert len(typed[0]) == min(map(len, typed))


def test_help_names_the_defaults(invoke: Invoke) -> None:
    text = " ".join(invoke("run", "--help").replace("│", " ").split())
    assert "[default: synthfaces]" in text
    assert "By default the benchmark's." in text
