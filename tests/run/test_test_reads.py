"""What is noted of commands that opened the test part."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.run import test_reads as reads

BENCHMARK = "toy-64"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / BENCHMARK).mkdir()
    return tmp_path


def test_commands_and_variants_are_counted_by_method(runs: Path) -> None:
    assert reads.count_test_reads(runs, BENCHMARK) == {}
    first, second = "glow-arith-00000001", "glow-arith-00000002"
    reads.note_test_read(runs, BENCHMARK, {first: "glow-arith"}, "bench run glow-arith")
    both = {first: "glow-arith", second: "glow-arith precision=bf16", "mine-00000003": "mine"}
    reads.note_test_read(runs, BENCHMARK, both, "bench report")
    reads.note_test_read(runs, BENCHMARK, {first: "glow-arith"}, "bench report")
    assert reads.count_test_reads(runs, BENCHMARK) == {
        "glow-arith": reads.TestReads(reads=3, variants=2),
        "mine": reads.TestReads(reads=1, variants=1),
    }
    assert reads.count_test_reads(runs, "other-64") == {}


def test_each_command_is_one_line_that_says_what_it_was(runs: Path) -> None:
    read = {"glow-arith (released)-0cadbabc": "glow-arith (released)"}
    for command in ("bench report", "bench report --html"):
        reads.note_test_read(runs, BENCHMARK, read, command)
    lines = [json.loads(line) for line in (runs / BENCHMARK / reads.FILE).read_text().splitlines()]
    assert [line["command"] for line in lines] == ["bench report", "bench report --html"]
    assert all(line["read"] == read for line in lines)
    assert list(reads.count_test_reads(runs, BENCHMARK)) == ["glow-arith (released)"]


def test_a_place_that_cannot_be_written_to_is_no_error(runs: Path) -> None:
    (runs / BENCHMARK / reads.FILE).mkdir()
    reads.note_test_read(runs, BENCHMARK, {"m-00000000": "m"}, "bench report")
    reads.note_test_read(runs, "nowhere-64", {"m-00000000": "m"}, "bench report")
    assert reads.count_test_reads(runs, BENCHMARK) == {}


def test_a_damaged_line_counts_as_none(runs: Path) -> None:
    reads.note_test_read(runs, BENCHMARK, {"m-00000000": "m"}, "bench report")
    with (runs / BENCHMARK / reads.FILE).open("a") as file:
        file.write('{"read": {"m-0000\n[1]\n{"read": 3}\n\n')
    reads.note_test_read(runs, BENCHMARK, {"m-00000000": "m"}, "bench report")
    assert reads.count_test_reads(runs, BENCHMARK) == {"m": reads.TestReads(2, 1)}
