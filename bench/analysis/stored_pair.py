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
from bench.analysis.stored_terms import terms_of
from bench.analysis.terms import mean_real_niqe
from bench.analysis.tolerance import compare_runs
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
            its newest run; the name of a run's folder; or the path of one, of another folder of
            runs too. Two runs of the very same method, as of two machines, are also compared row
            by row, within the tolerance of ``bench.analysis.tolerance``.

    Raises:
        BenchError: a name that no run has, the same run twice, or two runs that cannot be
            compared; the hint is what to type.
    """
    given = {wanted: found for wanted in (first, second) if (found := _at(wanted))}
    if benchmark is None and given:
        name = str(next(iter(given.values())).info["benchmark"])
    else:
        name = stored_benchmark(folder, benchmark)
    stored = [run for run in list_runs(folder, name) if any(run.folder.glob("scores/*"))]
    runs = [
        _with_rows(wanted, [given[wanted]] if wanted in given else _named(wanted, stored, name))
        for wanted in (first, second)
    ]
    one, other = runs
    if one.folder.resolve() == other.folder.resolve():
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
    compared = compare_entries(
        *entries, benchmark=name, part=part, niqe_real=mean_real_niqe(references, part)
    )
    notes = [
        *compared.notes,
        *(
            f"{run.run_id} has {len(own)} pairs, of which both have {compared.pairs}."
            for run, own in zip(runs, pairs, strict=True)
            if len(own) > compared.pairs
        ),
    ]
    places: dict[Path, list[StoredRun]] = {}
    for run in runs:
        places.setdefault(run.folder.parents[1], []).append(run)
    for place, read in places.items():
        notes += noted_reading(place, name, read)
    agreement = None
    if one.info["identity"]["hash"] == other.info["identity"]["hash"]:
        agreement = compare_runs(terms_of(one, part), terms_of(other, part))
    return replace(compared, notes=tuple(dict.fromkeys(notes)), agreement=agreement)


def _at(wanted: str) -> RunFolder | None:
    """The run at a path; None if there is none."""
    path = Path(wanted).absolute()
    return RunFolder(path) if (path / "run.json").is_file() else None


def _named(wanted: str, stored: Sequence[RunFolder], benchmark: str) -> list[RunFolder]:
    """The runs of that name or that label."""
    labels = {run.folder.name: _label(run) for run in stored}
    named = [run for run in stored if wanted in (run.folder.name, labels[run.folder.name])]
    if not named:
        known = sorted({*labels.values()})
        raise BenchError(
            f"there is no stored run of {wanted!r} on {benchmark}"
            f"{did_you_mean(wanted, [*known, *labels])}",
            hint=f"there: {', '.join(known)}" if known else f"bench run {wanted}",
        )
    return named


def _with_rows(wanted: str, named: Sequence[RunFolder]) -> StoredRun:
    """The newest of the runs that has rows to compare."""
    newest_first = sorted(named, key=lambda run: str(run.info["created"]), reverse=True)
    for run in newest_first:
        read = run.read()
        if (read.scores["part"] == ranked_part([read])).any():
            return read
    benchmark = newest_first[0].info["benchmark"]
    raise BenchError(
        f"{wanted!r} has no stored rows on the test part of {benchmark}",
        hint=f"bench run {newest_first[0].info['method']['name']} --benchmark {benchmark}",
    )


def _label(run: RunFolder) -> str:
    return method_label(run.info["method"]["name"], run.info["identity"]["parts"]["parameters"])
