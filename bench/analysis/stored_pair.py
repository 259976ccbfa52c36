"""The two stored runs that a user wants to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.analysis.comparable import made_alike
from bench.analysis.found import stored_benchmark
from bench.analysis.paired import compare_entries
from bench.analysis.paired_values import PairedMethods
from bench.analysis.sealed import noted_reading
from bench.analysis.stored import entry_of, ranked_part
from bench.analysis.terms import mean_real_niqe
from bench.errors import BenchError
from bench.run.labels import method_label
from bench.run.store import RunFolder, StoredRun, list_runs
from bench.suggest import did_you_mean

__all__ = ["compare_stored"]


def compare_stored(folder: Path, benchmark: str | None, first: str, second: str) -> PairedMethods:
    """Paired differences of two stored runs on the ranked part, and notes that it was read.

    Args:
        folder: the folder of runs.
        benchmark: its name; None for the only one there.
        first, second: a method with its parameters, such as ``glow-arith precision=bf16``, for
            its newest run; or the name of a run's folder.

    Raises:
        BenchError: a name that no run has, the same run twice, or two runs that cannot be
            compared; the hint is what to type.
    """
    name = stored_benchmark(folder, benchmark)
    stored = [run for run in list_runs(folder, name) if any(run.folder.glob("scores/*"))]
    runs = [_find(wanted, stored, name) for wanted in (first, second)]
    one, other = runs
    if one.run_id == other.run_id:
        raise BenchError(f"{first!r} and {second!r} are one run", hint="name two methods")
    if not made_alike(one, other):
        raise BenchError(
            f"{one.run_id} and {other.run_id} were made with other data or instruments and cannot "
            "be compared",
            hint=f"bench run {one.method} {other.method} --benchmark {name}",
        )
    part = ranked_part(runs)
    entries = [entry_of(run, part) for run in runs]
    pairs = [set(entry.terms.loc[entry.terms["kind"] == "cross", "pair"]) for entry in entries]
    if pairs[0].isdisjoint(pairs[1]):
        raise BenchError(
            f"{one.run_id} and {other.run_id} have no pair in common",
            hint=f"bench run {one.method} {other.method} --benchmark {name}",
        )
    references = max((run.references for run in runs), key=len)
    found = compare_entries(
        *entries, benchmark=name, part=part, niqe_real=mean_real_niqe(references, part)
    )
    notes = [
        *found.notes,
        *(
            f"{run.run_id} has {len(own)} pairs, of which both have {found.pairs}."
            for run, own in zip(runs, pairs, strict=True)
            if len(own) > found.pairs
        ),
    ]
    return replace(found, notes=(*notes, *noted_reading(folder, name, runs)))


def _find(wanted: str, stored: Sequence[RunFolder], benchmark: str) -> StoredRun:
    """The run of that name, or the newest one with that label that has rows to compare."""
    labels = {run.folder.name: _label(run) for run in stored}
    named = [run for run in stored if wanted in (run.folder.name, labels[run.folder.name])]
    if not named:
        known = sorted({*labels.values()})
        raise BenchError(
            f"there is no stored run of {wanted!r} on {benchmark}"
            f"{did_you_mean(wanted, [*known, *labels])}",
            hint=f"there: {', '.join(known)}" if known else f"bench run {wanted}",
        )
    newest_first = sorted(named, key=lambda run: str(run.info["created"]), reverse=True)
    for run in newest_first:
        read = run.read()
        if (read.scores["part"] == ranked_part([read])).any():
            return read
    raise BenchError(
        f"{wanted!r} has no stored rows on the test part of {benchmark}",
        hint=f"bench run {newest_first[0].info['method']['name']} --benchmark {benchmark}",
    )


def _label(run: RunFolder) -> str:
    return method_label(run.info["method"]["name"], run.info["identity"]["parts"]["parameters"])
