"""How often the sealed test part was opened: one line per command that read test rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["TestReads", "count_test_reads", "note_test_read"]

FILE = "test-reads.jsonl"


@dataclass(frozen=True, slots=True)
class TestReads:
    """How often the test rows of one method were read.

    Attributes:
        reads: commands that read them.
        variants: runs of that method, told apart by everything that decides the numbers, whose
            test rows were read: who reports the best of many has seen as many answers.
    """

    reads: int
    variants: int


def note_test_read(runs: Path, benchmark: str, read: Mapping[str, str], command: str) -> None:
    """Appends that a command read test rows; a place that cannot be written to is no error.

    Args:
        runs: the folder of runs.
        benchmark: full name of the benchmark.
        read: label of the method, its parameters included, by run id.
        command: what was typed.
    """
    line = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "read": dict(read),
    }
    text = json.dumps(line, ensure_ascii=False) + "\n"
    with suppress(OSError), (runs / benchmark / FILE).open("a", encoding="utf-8") as file:
        file.write(text)


def count_test_reads(runs: Path, benchmark: str) -> dict[str, TestReads]:
    """What was noted of each method, by its name; a damaged line counts as none."""
    reads: dict[str, int] = {}
    variants: dict[str, set[str]] = {}
    for run_ids in _noted(runs / benchmark / FILE):
        named = {run_id: run_id.rpartition("-")[0] for run_id in run_ids}
        for name in set(named.values()):
            reads[name] = reads.get(name, 0) + 1
        for run_id, name in named.items():
            variants.setdefault(name, set()).add(run_id)
    return {name: TestReads(reads[name], len(variants[name])) for name in sorted(reads)}


def _noted(path: Path) -> list[list[str]]:
    """The run ids of every line."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [run_ids for line in lines if (run_ids := _run_ids(line))]


def _run_ids(line: str) -> list[str]:
    try:
        values: Any = json.loads(line)
    except (ValueError, RecursionError):
        return []
    read = values.get("read") if isinstance(values, dict) else None
    return list(read) if isinstance(read, dict) else []
