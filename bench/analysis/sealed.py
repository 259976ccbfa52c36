"""How often the test part was opened, said wherever its numbers stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.command_line import command_line
from bench.run.store import StoredRun
from bench.run.test_reads import count_test_reads, note_test_read

__all__ = ["noted_reading"]


def noted_reading(folder: Path, benchmark: str, runs: Sequence[StoredRun]) -> list[str]:
    """Notes that this command has read the test rows of these runs; the sentence that says so.

    Args:
        folder: the folder of runs.
        benchmark: full name of the benchmark.
        runs: the runs whose test rows were read; anchors, which have nothing to choose, do not
            count.

    Returns:
        One sentence for all methods, this command counted; none where nothing could be noted, or
        where the benchmark has no test part.
    """
    read = {
        run.run_id: run.label
        for run in runs
        if not run.is_anchor and (run.scores["part"] == "test").any()
    }
    if not read:
        return []
    note_test_read(folder, benchmark, read, command_line())
    counts = count_test_reads(folder, benchmark)
    names = sorted({run.method for run in runs if run.run_id in read} & set(counts))
    if not names:
        return []
    said = [
        f"{_many(counts[name].reads, 'command')} with {name} "
        f"({_many(counts[name].variants, 'variant')})"
        for name in names
    ]
    return [f"The test part has been read by {', by '.join(said)}."]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
