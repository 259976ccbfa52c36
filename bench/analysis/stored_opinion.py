"""A second opinion from stored runs: which belong together, and at which alpha."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from bench.analysis.comparable import age
from bench.analysis.entries import as_entry
from bench.analysis.leave_one_out import rows_at
from bench.analysis.opinion import Judgement, second_opinion
from bench.analysis.opinion_values import Opinion
from bench.analysis.ranking import BoardEntry
from bench.analysis.selected import common_pairs, select_runs
from bench.analysis.stored import entry_of, ranked_part
from bench.analysis.stored_terms import on_grid, terms_of
from bench.analysis.terms import mean_real_niqe
from bench.data.split import Part
from bench.errors import BenchError
from bench.run.store import StoredRun, list_runs

__all__ = [
    "entries_of",
    "first_runs",
    "imported_opinion",
    "instrument_names",
    "instruments_of",
    "opinion_of_runs",
    "read_runs",
]


Instruments = tuple[str, str]
"""Names of an embedder and an AU estimator."""


def instrument_names(embedder: str, au_estimator: str) -> Instruments:
    """Names of instruments as they are typed, without the file that may follow a name."""
    return embedder.partition(":")[0], au_estimator.partition(":")[0]


def instruments_of(run: StoredRun) -> Instruments:
    """Of the instruments that measured a run."""
    cards = run.info["instruments"]
    return str(cards["embedder"]["name"]), str(cards["au_estimator"]["name"])


def first_runs(
    stored: Sequence[StoredRun], benchmark: str, methods: Sequence[str], names: Instruments
) -> list[StoredRun]:
    """The newest run of each method, and of every anchor, that some instruments measured.

    Args:
        stored: all runs of a benchmark.
        benchmark: its full name.
        methods: names or labels; empty for all.
        names: of the instruments.

    Raises:
        BenchError: a method has no such run.
    """
    measured = [run for run in stored if instruments_of(run) == names]
    if not measured:
        raise BenchError(
            f"no stored run of {benchmark} was measured by {names[0]} and {names[1]}",
            hint=f"bench run {shlex.join(methods) or 'METHOD'} --benchmark {benchmark}",
        )
    anchors = {run.method for run in measured if run.is_anchor}
    runs, _ = select_runs(measured, benchmark, [*methods, *anchors] if methods else ())
    newest = {run.label: run for run in sorted(runs, key=age)}
    return [newest[label] for label in sorted(newest)]


def entries_of(runs: Sequence[StoredRun]) -> list[BoardEntry]:
    """Each run at the alpha that was chosen under its own instruments, on the pairs of all."""
    part = ranked_part(runs)
    pairs = common_pairs(runs, part)
    return [entry_of(run, part, pairs) for run in runs]


def opinion_of_runs(
    first: Sequence[StoredRun],
    entries: Sequence[BoardEntry],
    second: Sequence[StoredRun],
    *,
    benchmark: str,
    notes: Sequence[str] = (),
) -> Opinion:
    """The opinion of the instruments of other runs of the same outputs.

    Args:
        first: the runs under whose instruments alphas were chosen.
        entries: ``entries_of`` these.
        second: runs of the same methods with those alphas.
        benchmark: its name.
        notes: what a reader must know of how the outputs were made.

    Raises:
        BenchError: the runs have no pair in common that both pairs of instruments could read.
    """
    part = ranked_part(first)
    again = {run.label: run for run in second}
    judged = [
        _at_same_alpha(again[run.label], entry, part)
        for run, entry in zip(first, entries, strict=True)
    ]
    judgements = [_judgement(first, entries, part), _judgement(second, judged, part)]
    try:
        return second_opinion(*judgements, benchmark=benchmark, part=part, notes=notes)
    except ValueError as error:
        raise BenchError(f"no second opinion on {benchmark}: {error}") from error


def imported_opinion(
    out: Path, benchmark: str, methods: Sequence[str], names: Instruments
) -> Opinion:
    """The second opinion on imported measurements, of which both pairs are stored already.

    Args:
        out: the folder of runs.
        benchmark: full name of the benchmark with the first instruments.
        methods: names; empty for all.
        names: of the second embedder and AU estimator.

    Raises:
        BenchError: no stored benchmark has the same outputs, measured by these.
    """
    stored = read_runs(out, benchmark)
    first = first_runs(stored, benchmark, methods, instruments_of(max(stored, key=age)))
    dataset = _dataset(first[0])
    others = [
        run
        for folder in sorted(path.name for path in out.iterdir() if path.is_dir())
        for run in (read_runs(out, folder) if folder != benchmark else [])
        if _dataset(run) == dataset and instruments_of(run) == names
    ]
    again = {run.label: run for run in sorted(others, key=age)}
    if lacking := [run.label for run in first if run.label not in again]:
        raise BenchError(
            f"{names[0]} and {names[1]} did not measure {', '.join(lacking)} of {benchmark}",
            hint=f"bench import {dataset[0]} DIR --measure --embedder {names[0]} --au {names[1]}",
        )
    second = [again[run.label] for run in first]
    return opinion_of_runs(first, entries_of(first), second, benchmark=benchmark)


def read_runs(out: Path, benchmark: str) -> list[StoredRun]:
    """All stored runs of a benchmark that have results."""
    return [run.read() for run in list_runs(out, benchmark) if any(run.folder.glob("scores/*"))]


def _dataset(run: StoredRun) -> tuple[str, str]:
    parts = run.info["identity"]["parts"]
    return str(parts["dataset"]), str(parts["manifest_sha256"])


def _judgement(runs: Sequence[StoredRun], entries: Sequence[BoardEntry], part: Part) -> Judgement:
    references = max((run.references for run in runs), key=len)
    return Judgement(*instruments_of(runs[0]), tuple(entries), mean_real_niqe(references, part))


def _at_same_alpha(run: StoredRun, first: BoardEntry, part: Part) -> BoardEntry:
    """A run at the alpha, or at each target's alpha, that was chosen under other instruments."""
    terms = terms_of(run, part, set(first.terms["pair"]))
    if first.alpha_by_target:
        terms = rows_at(terms, first.alpha_by_target)
    elif first.alpha is not None:
        terms = on_grid(terms, [first.alpha])
    return as_entry(
        run,
        terms,
        alpha=first.alpha,
        alpha_protocol=first.alpha_protocol,
        alpha_by_target=first.alpha_by_target,
    )
