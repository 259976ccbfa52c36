"""The stored runs that a user names, and the pairs that they share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.analysis.comparable import comparable_runs
from bench.analysis.stored import ranked_part
from bench.data.split import Part
from bench.errors import BenchError
from bench.run.store import StoredRun, list_runs
from bench.suggest import did_you_mean

__all__ = ["common_pairs", "select_runs", "selected_runs"]


def selected_runs(
    folder: Path, benchmark: str, methods: Sequence[str] = ()
) -> tuple[list[StoredRun], list[str]]:
    """The newest stored runs of some methods, and a note for each that is left out.

    Arguments and errors as for ``select_runs``.

    Args:
        folder: the folder of runs.
        benchmark: its full name.
    """
    stored = [
        run.read() for run in list_runs(folder, benchmark) if any(run.folder.glob("scores/*"))
    ]
    return select_runs(stored, benchmark, methods)


def select_runs(
    stored: Sequence[StoredRun], benchmark: str, methods: Sequence[str] = ()
) -> tuple[list[StoredRun], list[str]]:
    """Those of some methods, one run for each variant, that can stand beside each other.

    Args:
        stored: runs of one benchmark.
        benchmark: its full name.
        methods: names, which stand for all variants, or labels such as
            ``glow-arith precision=bf16``; empty for all that are stored.

    Raises:
        BenchError: one of them has no run; the hint is the command to type.
    """
    part = ranked_part(stored)
    ranked = [run for run in stored if (run.scores["part"] == part).any()]
    known = {name for run in ranked for name in (run.method, run.label)}
    for method in methods:
        if method not in known:
            there = ", ".join(sorted({run.label for run in ranked}))
            raise BenchError(
                f"there is no stored run of {method!r} on {benchmark}{did_you_mean(method, known)}",
                hint=f"there: {there}" if there else f"bench run {method} --benchmark {benchmark}",
            )
    wanted = [run for run in ranked if not methods or {run.method, run.label} & set(methods)]
    return comparable_runs(wanted, searched=part == "test")


def common_pairs(runs: Sequence[StoredRun], part: Part) -> set[str]:
    """The keys of the pairs that all runs have.

    Raises:
        BenchError: there is none.
    """
    tables = (run.scores[run.scores["part"] == part] for run in runs)
    sets = (set(rows["source"] + "/" + rows["sample"] + ">" + rows["target"]) for rows in tables)
    if pairs := set.intersection(*sets):
        return pairs
    names = ", ".join(run.run_id for run in runs)
    raise BenchError(f"these runs have no pair in common: {names}", hint="bench run all of them")
