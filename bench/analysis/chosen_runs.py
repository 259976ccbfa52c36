"""The runs that a user names for a board of their own: by folder, run id, label or method."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bench.analysis.comparable import age, made_alike
from bench.analysis.stored import ranked_part, search_command
from bench.errors import BenchError
from bench.run.labels import method_label
from bench.run.store import RunFolder, StoredRun
from bench.suggest import did_you_mean

__all__ = ["chosen_runs", "place_of_runs", "runs_to_read"]


def place_of_runs(
    names: Sequence[str], folder: Path, benchmark: str | None
) -> tuple[Path, str | None, list[str]]:
    """Where named runs are: the folder of a run says which benchmark and which folder of runs.

    Args:
        names: folders of runs, run ids, labels or methods.
        folder: of runs, where no name is a folder.
        benchmark: as it was typed; None for the only one.

    Returns:
        The folder of runs, the benchmark, and the names with run ids for folders.

    Raises:
        BenchError: folders of several benchmarks or places.
    """
    found: dict[tuple[Path, str], str] = {}
    short = []
    for name in names:
        # Not of pathlib, which raises at a name that no file could have.
        if not os.path.isfile(os.path.join(name, "run.json")):
            short.append(name)
            continue
        place = Path(name).resolve()
        found.setdefault((place.parents[1], place.parent.name), name)
        short.append(place.name)
    if not found:
        return folder, benchmark, short
    if len(found) > 1:
        one, other, *_ = found.values()
        raise BenchError(
            f"{one} and {other} are runs of different benchmarks or folders of runs",
            hint="results of different benchmarks are never ranked together",
        )
    (runs, own), name = next(iter(found.items()))
    if benchmark is not None and benchmark not in (own, own.rpartition("-")[0]):
        raise BenchError(f"{name} is a run of {own}, not of {benchmark}", hint=f"--benchmark {own}")
    # As it was typed where that is the same place, so that commands stay short.
    return (folder if folder.resolve() == runs else runs), own, short


def runs_to_read(folders: Sequence[RunFolder], names: Sequence[str]) -> Sequence[RunFolder]:
    """Those that ``chosen_runs`` can choose from: no other has to be read.

    All where there are no names, and where nothing has one of them, so that the error can tell
    what there is.
    """
    called = {
        folder: {
            folder.folder.name,
            folder.info["method"]["name"],
            method_label(
                folder.info["method"]["name"], folder.info["identity"]["parts"]["parameters"]
            ),
        }
        for folder in folders
    }
    wanted = set(names)
    if not wanted or not wanted <= set().union(*called.values()):
        return folders
    return [
        folder
        for folder in folders
        if called[folder] & wanted or folder.info["method"]["is_anchor"]
    ]


def chosen_runs(
    stored: Sequence[StoredRun], names: Sequence[str], benchmark: str
) -> list[StoredRun]:
    """The named runs and, beside them, the newest run of each anchor that can stand there.

    A run id means that run; a label, such as ``glow-arith precision=bf16``, its newest run; the
    name of a method that is no label, the newest run of each of its variants.

    Args:
        stored: runs of one benchmark.
        names: what was typed, at least one.
        benchmark: its full name.

    Raises:
        BenchError: a name that no run has, runs of other data or instruments than the others, or
            one without rows to rank it by; the hint is what to type.
    """
    part = ranked_part(stored)
    ranked = [run for run in stored if (run.scores["part"] == part).any()]
    newest_first = sorted(ranked, key=age, reverse=True)
    chosen: dict[str, StoredRun] = {}
    for name in names:
        for run in _named(name, newest_first, benchmark):
            chosen[run.run_id] = run
    first = next(iter(chosen.values()))
    for run in chosen.values():
        if not made_alike(first, run):
            raise BenchError(
                f"{first.run_id} and {run.run_id} were made with other data or instruments and "
                "cannot be compared",
                hint=f"bench run {first.method} {run.method} --benchmark {benchmark}",
            )
        if part == "test" and run.has_alpha and not (run.scores["part"] == "dev").any():
            raise BenchError(
                f"{run.run_id} cannot be ranked: no alpha was chosen on dev",
                hint=search_command(run),
            )
    known = {run.label for run in chosen.values()}
    for run in newest_first:
        if run.is_anchor and run.label not in known and made_alike(first, run):
            known.add(run.label)
            chosen[run.run_id] = run
    return sorted(chosen.values(), key=lambda run: run.run_id)


def _named(name: str, newest_first: Sequence[StoredRun], benchmark: str) -> list[StoredRun]:
    """The runs that one name means."""
    if by_id := [run for run in newest_first if run.run_id == name]:
        return by_id
    if by_label := [run for run in newest_first if run.label == name]:
        return by_label[:1]
    variants: dict[str, StoredRun] = {}
    for run in newest_first:
        if run.method == name:
            variants.setdefault(run.label, run)
    if variants:
        return list(variants.values())
    known = sorted({run.label for run in newest_first})
    raise BenchError(
        f"there is no stored run of {name!r} on {benchmark}"
        f"{did_you_mean(name, [*known, *(run.run_id for run in newest_first)])}",
        hint=f"there: {', '.join(known)}" if known else f"bench run {name}",
    )
