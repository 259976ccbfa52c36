"""Stored runs beside the entries of a board: where they would stand, before anybody adds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.analysis.comparable import age
from bench.analysis.ranking import BoardEntry
from bench.analysis.sealed import noted_reading
from bench.data.benchmark import load_benchmark
from bench.errors import BenchError
from bench.leaderboard.adding import agreed_basis, candidate_of
from bench.leaderboard.basis import Basis
from bench.leaderboard.contents import board_entry
from bench.leaderboard.drafts import draft_of
from bench.leaderboard.entry import Entry
from bench.run.store import list_runs

__all__ = ["local_entries"]


def local_entries(
    runs: Path, entries: Sequence[Entry], basis: Basis
) -> tuple[list[BoardEntry], list[str]]:
    """The stored runs of a board's benchmark as they would be ranked, called ``NAME (local)``.

    Anchors, and runs that the board was made from, stand there already and are left out. Of a
    method with the same parameters the newest counts.

    Args:
        runs: a folder of runs.
        entries: of the board.
        basis: of the board.

    Returns:
        The runs, and a note for each that cannot be added and why.

    Raises:
        BenchError: there is no run of the benchmark.
    """
    stored = [
        run.read()
        for run in list_runs(runs, basis.benchmark)
        if any(run.folder.glob("scores/*")) and not run.info["method"]["is_anchor"]
    ]
    if not stored:
        raise BenchError(
            f"{runs} holds no run of a method on {basis.benchmark}",
            hint=f"bench run METHOD --benchmark {basis.benchmark}",
        )
    benchmark = load_benchmark(basis.benchmark)
    published = {entry.info["identity"]["hash"]: entry.label for entry in entries}
    found, notes = {}, []
    for run in sorted(stored, key=age):
        if label := published.get(run.info["identity"]["hash"]):
            notes.append(f"{run.run_id} is the run that {label} on the board was made from.")
            continue
        try:
            candidate = candidate_of(run, benchmark)
            agreed_basis(candidate, basis)
        except BenchError as error:
            notes.append(f"{run.run_id} cannot stand on this board: {error}.")
            continue
        found[candidate.name] = candidate
    notes += noted_reading(runs, basis.benchmark, [found[name].run for name in found])
    ranked = [board_entry(draft_of(found[name], runs), basis) for name in sorted(found)]
    return [replace(entry, method=f"{entry.method} (local)") for entry in ranked], notes
