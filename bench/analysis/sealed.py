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
    alike: dict[tuple[int, int], list[str]] = {}
    for name in names:
        alike.setdefault((counts[name].reads, counts[name].variants), []).append(name)
    said = [
        f"{_many(reads, 'command')} with {_listed(of_these)} "
        f"({_many(variants, 'variant')}{' each' if len(of_these) > 1 else ''})"
        for (reads, variants), of_these in alike.items()
    ]
    return [f"The test part has been read by {', by '.join(said)}."]


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
