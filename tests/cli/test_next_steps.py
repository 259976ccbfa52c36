"""What ``bench run`` says to type next is a command that parses and means the same run."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from bench.api import Settings
from bench.cli import app
from bench.cli.next_steps import next_steps
from bench.plugins.registry import MethodEntry, load_method

PLUGIN = """
from bench.plugins.contracts import MethodCard

class {name}:
    card = MethodCard("{name}", "made up", has_alpha={has_alpha})
    def __init__(self, strength: float = 1.0): pass
    def prepare(self, context): return {{}}
    def transfer(self, requests): return None
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[..., str]:
    def write(name: str, has_alpha: bool = True) -> str:
        path = tmp_path / f"{name}.py"
        path.write_text(PLUGIN.format(name=name, has_alpha=has_alpha))
        return str(path)

    return write


def commands(lines: list[str]) -> list[list[str]]:
    """The words of the commands among the lines."""
    starts = ("Next: ", "      ")
    return [shlex.split(line[6:])[1:] for line in lines if line.startswith(starts)]


def found(*names: str) -> dict[str, MethodEntry]:
    """Methods by what was typed."""
    return {name: load_method(name) for name in names}


def parsed(words: list[str]) -> dict[str, Any]:
    """The values that a command would be called with."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands[words[0]].make_context(words[0], words[1:]).params)


def test_without_options_the_commands_have_none(embedded: Path) -> None:
    lines = next_steps(found("glow-arith", "pixel-arith"), Settings(), "")
    assert commands(lines) == [
        ["report", "--html"],
        ["alpha-search", "glow-arith"],
        ["run", "glow-arith", "--benchmark", "london", "--data", "DIR"],
        ["run", "glow-arith", "--benchmark", "NAME", "--data", "DIR"],
    ]
    assert max(map(len, lines)) <= 80


def test_the_options_that_were_typed_are_in_the_commands(
    embedded: Path, tmp_path: Path, plugin: Callable[..., str]
) -> None:
    data, out = tmp_path / "my faces", tmp_path / "my runs"
    settings = Settings(
        "london-128", data, out=out, alphas=(0.0, 0.5, 1.0), limit=20, device="cuda",
        embedder="e.onnx", au_estimator="a.task", parameters={"strength": "0.8"}, seed=3,
        source_aus="labels",
    )  # fmt: skip
    mine = plugin("mine")
    report, search = commands(next_steps(found(mine), settings, "0:1:0.5"))
    assert parsed(report) | {"html": True} == parsed(report)
    assert (parsed(report)["benchmark"], parsed(report)["runs"]) == ("london-128", out)
    assert parsed(search) == parsed(["alpha-search", mine]) | {
        "benchmark": "london-128", "data": data, "out": out, "alphas": "0:1:0.5", "limit": 20,
        "device": "cuda", "embedder": "e.onnx", "au": "a.task", "source_aus": "labels",
        "param": ["strength=0.8"], "seed": 3,
    }  # fmt: skip


def test_photographs_are_proposed_after_drawings_only(embedded: Path, tmp_path: Path) -> None:
    on_drawings = commands(next_steps(found("pixel-arith"), Settings(out=tmp_path), ""))
    assert [parsed(words)["benchmark"] for words in on_drawings[-2:]] == ["london", "NAME"]
    assert [parsed(words)["out"] for words in on_drawings[-2:]] == [tmp_path, tmp_path]
    on_photographs = commands(next_steps(found("pixel-arith"), Settings("london", tmp_path), ""))
    assert [words[0] for words in on_photographs] == ["report", "alpha-search"]


def test_alpha_is_searched_for_a_method_that_has_one(
    embedded: Path, plugin: Callable[..., str]
) -> None:
    rigid, mine = plugin("rigid", has_alpha=False), plugin("mine")
    assert ["alpha-search", mine] in commands(next_steps(found(rigid, mine), Settings(), ""))
    only_rigid = commands(next_steps(found(rigid), Settings(), ""))
    assert [words[0] for words in only_rigid] == ["report", "run", "run"]


def test_a_parameter_goes_to_the_method_that_has_it(
    embedded: Path, plugin: Callable[..., str]
) -> None:
    settings = Settings(parameters={"strength": "0.8", "model": "m.safetensors"})
    (_, search, run, _) = commands(next_steps(found(plugin("mine"), "glow-arith"), settings, ""))
    assert parsed(search)["param"] == parsed(run)["param"] == ["strength=0.8"]


def test_the_report_is_told_the_benchmark_where_there_are_several(
    embedded: Path, tmp_path: Path
) -> None:
    for benchmark in ("london-64", "synthfaces-64"):
        (tmp_path / benchmark / "m-00000000").mkdir(parents=True)
        (tmp_path / benchmark / "m-00000000" / "run.json").write_text("{}")
        lines = next_steps(found("pixel-arith"), Settings(out=tmp_path), "")
    assert parsed(commands(lines)[0])["benchmark"] == "synthfaces"
