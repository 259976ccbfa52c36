"""Which benchmarks and methods a folder of runs holds."""

from __future__ import annotations

from pathlib import Path

from bench.data.split import Part
from bench.errors import BenchError
from bench.run.store import StoredRun, list_runs
from bench.suggest import did_you_mean

__all__ = ["find_stored", "stored_benchmark"]


def stored_benchmark(folder: Path, name: str | None) -> str:
    """The full name of a benchmark that a folder of runs holds.

    Args:
        folder: the folder of runs.
        name: the full name, or without its resolution; None for the only one there.

    Raises:
        BenchError: there is none, or several and none was named.
    """
    known = sorted({path.parents[1].name for path in folder.glob("*/*/run.json")})
    if not known:
        raise BenchError(f"no runs in {folder}", hint="bench run glow-arith")
    if name is None:
        if len(known) > 1:
            raise BenchError(f"{folder} holds several benchmarks", hint=f"--benchmark {known[0]}")
        return known[0]
    # The alias without a resolution stands for the only benchmark of that dataset.
    matches = [k for k in known if k == name or k.rpartition("-")[0] == name]
    if len(matches) != 1:
        raise BenchError(
            f"{folder} holds no runs of {name!r}{did_you_mean(name, known)}",
            hint=f"there: {', '.join(known)}",
        )
    return matches[0]


def find_stored(folder: Path, benchmark: str, method: str, part: Part | None = None) -> StoredRun:
    """The newest stored run of a method, installed or not.

    Args:
        folder: the folder of runs.
        benchmark: name of the benchmark, with or without its resolution.
        method: its name.
        part: what of it is read; None for all.

    Raises:
        BenchError: there is none.
    """
    name = stored_benchmark(folder, benchmark)
    runs = [run for run in list_runs(folder, name) if any(run.folder.glob("scores/*"))]
    found = [run for run in runs if run.info["method"]["name"] == method]
    if not found:
        known = sorted({run.info["method"]["name"] for run in runs})
        raise BenchError(
            f"{folder / name} holds no run of {method!r}{did_you_mean(method, known)}",
            hint=f"there: {', '.join(known) or 'none with results'}",
        )
    return max(found, key=lambda run: str(run.info["created"])).read(part)
