"""Runs become entries of a board, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.analysis.sealed import noted_reading
from bench.data.benchmark import Benchmark, card_of, load_benchmark
from bench.errors import BenchError
from bench.leaderboard.adding import (
    Candidate,
    agreed_basis,
    candidate_of,
    check_own_instruments,
)
from bench.leaderboard.anchors import anchors_beside
from bench.leaderboard.basis import BASIS_FILE, Basis, read_basis, write_basis
from bench.leaderboard.drafts import entry_of
from bench.leaderboard.entry import SCORES_FILE, list_entries, write_entry
from bench.leaderboard.results import Added
from bench.run.store import StoredRun
from bench.run.test_reads import TestReads, count_test_reads

__all__ = ["publish_runs"]


def publish_runs(runs: Sequence[StoredRun], board: Path, *, published: bool) -> list[Added]:
    """Writes runs of one benchmark to its board, and the board if there is none.

    Nothing is written before every run was checked. Anchors that the board lacks come from beside
    the runs.

    Args:
        runs: of one benchmark.
        board: the board's folder.
        published: whether the board is named after its benchmark, so that it must have the
            benchmark's own instruments.

    Raises:
        BenchError: a run is refused, an entry on the board is damaged, or an anchor is missing.
    """
    benchmark = _benchmark_of(runs[0])
    if published:
        for run in runs:
            check_own_instruments(run, benchmark)
    present = {entry.name: entry.method for entry in list_entries(board)}
    before = read_basis(board) if (board / BASIS_FILE).is_file() else None
    candidates: dict[str, Candidate] = {}
    # The runs that were named come first: what is wrong with them matters more than what stands
    # beside them.
    basis = _accept(runs, benchmark, before, candidates)
    basis = _accept(anchors_beside(runs, present.values()), benchmark, basis, candidates)
    if basis is None:
        return []
    reads = _counted_reads([candidate.run for candidate in candidates.values()])
    entries = [
        entry_of(candidate, basis, board, reads.get(candidate.run.method))
        for candidate in candidates.values()
    ]
    if before is None or set(before.niqe_real) != set(basis.niqe_real):
        write_basis(board, basis)
    asked = {run.folder for run in runs}
    return [
        Added(
            label=entry.label,
            benchmark=basis.benchmark,
            folder=(folder := write_entry(board, entry.info, entry.scores).folder),
            replaced=entry.name in present,
            asked=candidates[entry.name].run.folder in asked,
            size=(folder / SCORES_FILE).stat().st_size,
        )
        for entry in entries
    ]


def _accept(
    runs: Sequence[StoredRun],
    benchmark: Benchmark,
    basis: Basis | None,
    candidates: dict[str, Candidate],
) -> Basis | None:
    """Checks runs and puts them among the candidates by name; what the board then shares."""
    for run in runs:
        candidate = candidate_of(run, benchmark)
        basis = agreed_basis(candidate, basis)
        if candidate.name in candidates:
            raise BenchError(
                f"{candidates[candidate.name].run.run_id} and {run.run_id} would be the same "
                f"entry, {candidate.name}",
                hint="name one of them",
            )
        candidates[candidate.name] = candidate
    return basis


def _counted_reads(runs: Sequence[StoredRun]) -> dict[str, TestReads]:
    """By method, how often test rows were read in the folder of runs; this reading counts."""
    reads: dict[str, TestReads] = {}
    by_place: dict[Path, list[StoredRun]] = {}
    for run in runs:
        by_place.setdefault(run.folder.resolve().parents[1], []).append(run)
    for place, own in by_place.items():
        benchmark = str(own[0].info["benchmark"])
        noted_reading(place, benchmark, own)
        counted = count_test_reads(place, benchmark)
        reads |= {run.method: counted[run.method] for run in own if run.method in counted}
    return reads


def _benchmark_of(run: StoredRun) -> Benchmark:
    name = str(run.info["benchmark"])
    try:
        card_of(name)
    except BenchError as error:
        raise BenchError(
            f"{run.run_id} is of {name}, which has no dataset card here: nothing says which pairs "
            "it must have",
            hint="bench list benchmarks",
        ) from error
    return load_benchmark(name)
