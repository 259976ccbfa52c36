"""``bench import valenzuela2021`` and the commands that it says to type next."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def bench(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=300, cwd=cwd,
        env={**os.environ, "COLUMNS": "80", "BENCH_DATA": "elsewhere"},
    )  # fmt: skip


def test_the_commands_that_are_printed_work_as_they_stand(tree: Any, tmp_path: Path) -> None:
    result = bench("import", "valenzuela2021", "release", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Gain" not in result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 80
    lines = [line[6:] for line in result.stdout.splitlines() if line[6:].startswith("bench ")]
    assert len(lines) == 2
    for line in lines:
        _, *words = shlex.split(line)
        followed = bench(*words, cwd=tmp_path)
        assert followed.returncode == 0, followed.stderr
        assert "glow-arith" in followed.stdout
    assert (tmp_path / "report.html").is_file()
    # The folder's name holds a space and parentheses.
    (run,) = (tmp_path / "runs" / "valenzuela2021-256").glob("glow-arith (released)-*")
    info = json.loads((run / "run.json").read_text())
    assert info["command"] == "bench import valenzuela2021 release"
    assert info["dataset"]["licence"] == "CC BY-NC-ND 3.0"


def test_json_is_all_that_stands_on_stdout(tree: Any, tmp_path: Path) -> None:
    result = bench("import", "valenzuela2021", "release", "--out", "x y", "--json", cwd=tmp_path)
    values = json.loads(result.stdout)
    assert values["method"] == "glow-arith (released)"
    assert values["targets"] == ["ada", "bo", "cy"]
    words = ["alpha-search", values["method"], "-b", "valenzuela2021", "-o", "x y", "--json"]
    search = json.loads(bench(*words, cwd=tmp_path).stdout)
    assert search["benchmark"] == "valenzuela2021-256"
    assert search["dev_alpha"] == 0.4
    board = json.loads(bench("report", "--runs", "x y", "--json", cwd=tmp_path).stdout)
    assert board["part"] == "dev"
    row = next(row for row in board["rows"] if row["method"] == values["method"])
    assert row["alpha_by_target"] == {"ada": 0.5, "bo": 0.4, "cy": 0.4}


def test_a_fault_is_one_line_with_file_and_line(tree: Any, tmp_path: Path) -> None:
    path = tree.quality / "AUs_expression1.csv"
    number = tree.replace(path, "['bo_0.3.csv', ", "['bo_0.3.csv' ")
    result = bench("import", "valenzuela2021", "release", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: release/evaluation/quality/AUs_expression1.csv:")
    assert f"AUs_expression1.csv:{number}: " in line
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "words", [["--measure"], ["--measure", "--au", "x"], ["--embedder", "x", "--au", "x"]]
)
def test_measuring_takes_both_instruments(tree: Any, tmp_path: Path, words: list[str]) -> None:
    result = bench("import", "valenzuela2021", "release", *words, cwd=tmp_path)
    assert result.returncode == 1
    assert "--measure needs --embedder and --au" in result.stderr


def test_help_shows_examples(tmp_path: Path) -> None:
    result = bench("import", "valenzuela2021", "--help", cwd=tmp_path)
    assert "bench import valenzuela2021 DIR" in result.stdout
    assert "--measure" in result.stdout
