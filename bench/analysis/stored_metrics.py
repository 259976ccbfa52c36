"""The stored runs that a user asks the metrics of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.analysis.comparable import comparable_runs
from bench.analysis.found import stored_benchmark
from bench.analysis.measures import metric_table
from bench.analysis.metric_values import MetricTable
from bench.analysis.sealed import noted_reading
from bench.analysis.stored import ranked_part
from bench.errors import BenchError
from bench.run.store import StoredRun, list_runs

__all__ = ["stored_metrics"]


def stored_metrics(
    folder: Path, benchmark: str | None, methods: Sequence[str], alpha: float | None = None
) -> MetricTable:
    """All metrics of the newest stored runs of some methods, on the pairs that all of them have.

    Args:
        folder: the folder of runs.
        benchmark: its name; None for the only one there.
        methods: names; empty for all that are stored.
        alpha: measure at this alpha instead of the one chosen on dev.

    Raises:
        BenchError: a method has no run, or none at that alpha; the hint is the command to type.
    """
    name = stored_benchmark(folder, benchmark)
    stored = [run.read() for run in list_runs(folder, name) if any(run.folder.glob("scores/*"))]
    part = ranked_part(stored)
    tested = [run for run in stored if (run.scores["part"] == part).any()]
    known = sorted({run.method for run in tested})
    for method in methods:
        if method not in known:
            raise BenchError(
                f"{folder / name} holds no run of {method!r} on {part}, but of "
                f"{', '.join(known) or 'no method'}",
                hint=f"bench run {method} --benchmark {name}",
            )
    wanted = [run for run in tested if not methods or run.method in methods]
    runs, notes = comparable_runs(wanted, searched=alpha is None and part == "test")
    if methods:
        runs.sort(key=lambda run: list(methods).index(run.method))
    pairs = set.intersection(*(_pairs(run, part) for run in runs))
    if not pairs:
        names = ", ".join(run.run_id for run in runs)
        raise BenchError(f"these runs have no pair in common: {names}", hint="one method at a time")
    notes += [
        f"{run.run_id} has {len(_pairs(run, part))} pairs; the metrics are of the {len(pairs)} "
        "that all of these runs have."
        for run in runs
        if len(_pairs(run, part)) > len(pairs)
    ]
    notes += noted_reading(folder, name, runs)
    return metric_table(runs, name, pairs, alpha=alpha, notes=notes)


def _pairs(run: StoredRun, part: str) -> set[str]:
    rows = run.scores[run.scores["part"] == part]
    return set(rows["source"] + "/" + rows["sample"] + ">" + rows["target"])
