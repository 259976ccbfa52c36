"""Gathers what a report shows from a folder of stored runs."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image

from bench.analysis.stored import curve_of, make_board, search_command, search_stored
from bench.data.images import Pixels
from bench.errors import BenchError
from bench.report.contents import Cell, ReportInput, ReportMethod, Strip
from bench.run.store import StoredRun, list_runs
from bench.suggest import did_you_mean

__all__ = ["collect_report"]

ROLES = {
    "source": "source",
    "source-neutral": "source, neutral",
    "target-neutral": "target, neutral",
}


def collect_report(folder: Path, benchmark: str | None) -> ReportInput:
    """Reads the runs of a benchmark and scores them on the test pairs that all of them have.

    Notes on the board name every run that is left out and why: other data or instruments than the
    newest run, an older run of the same method and parameters, or no alpha chosen on dev.

    Args:
        folder: the folder of runs.
        benchmark: its name; None for the only one there.

    Raises:
        BenchError: there are no runs, runs of several benchmarks and none was named, or none that
            can be ranked.
    """
    name = _choose_benchmark(folder, benchmark)
    stored = [run.read() for run in list_runs(folder, name) if any(run.folder.glob("scores/*"))]
    tested = [run for run in stored if _test_pairs(run)]
    if not tested:
        raise BenchError(f"{folder / name} has no run on the test part", hint="bench run METHOD")
    runs, notes = _rankable(tested)
    pairs = set.intersection(*(_test_pairs(run) for run in runs))
    if not pairs:
        names = ", ".join(run.run_id for run in runs)
        raise BenchError(f"these runs have no test pair in common: {names}", hint="--runs DIR")
    counted = " (self pairs included)" if any(_has_self_pairs(run) for run in runs) else ""
    notes += [
        f"{run.run_id} has {len(_test_pairs(run))} pairs; the board has the {len(pairs)} that all "
        f"runs have{counted}."
        for run in runs
        if len(_test_pairs(run)) > len(pairs)
    ]
    board = make_board(runs, name, pairs)
    board = replace(board, notes=(*board.notes, *notes))
    by_id = {run.run_id: run for run in runs}
    methods = []
    for row in board.rows:
        run = by_id[row.run_id]
        methods.append(
            ReportMethod(
                row=row,
                curve=curve_of(run, "test", pairs) if run.has_alpha else None,
                search=search_stored(run) if run.has_alpha else None,
                strips=_strips(run) if run.has_alpha else [],
                info=run.info,
            )
        )
    return ReportInput(
        benchmark=name,
        card=max(runs, key=_age).info["dataset"],
        board=board,
        methods=methods,
        command=shlex.join(["bench", *sys.argv[1:]]),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _rankable(tested: Sequence[StoredRun]) -> tuple[list[StoredRun], list[str]]:
    """The runs that can stand on one board, by name, and a note for each that cannot."""
    newest_first = sorted(tested, key=_age, reverse=True)
    runs: dict[str, StoredRun] = {}
    notes = []
    for run in newest_first:
        if _comparable(run) != _comparable(newest_first[0]):
            notes.append(f"{run.run_id} is left out: made with other data or instruments.")
        elif run.has_alpha and not (run.scores["part"] == "dev").any():
            notes.append(
                f"{run.run_id} is left out: no alpha was chosen on dev ({search_command(run)})."
            )
        elif _variant(run) in runs:
            notes.append(f"{run.run_id} is left out: {runs[_variant(run)].run_id} is newer.")
        else:
            runs[_variant(run)] = run
    if not runs:
        raise BenchError("no run can be ranked: " + " ".join(notes), hint="bench run METHOD")
    return sorted(runs.values(), key=lambda run: run.run_id), notes


def _age(run: StoredRun) -> str:
    return str(run.info["created"])


def _variant(run: StoredRun) -> str:
    """Method, parameters and seed: what a user calls the same method, whatever the code's age."""
    parts = run.info["identity"]["parts"]
    return json.dumps([parts["method"], parts["parameters"], parts["seed"]])


def _choose_benchmark(folder: Path, name: str | None) -> str:
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


def _comparable(run: StoredRun) -> str:
    """What two runs must share to stand on one board."""
    parts = run.info["identity"]["parts"]
    shared = ("dataset", "manifest_sha256", "split_sha256", "resolution", "instruments")
    return json.dumps({name: parts[name] for name in shared}, sort_keys=True)


def _test_pairs(run: StoredRun) -> set[str]:
    rows = run.scores[run.scores["part"] == "test"]
    return set(rows["source"] + "/" + rows["sample"] + ">" + rows["target"])


def _has_self_pairs(run: StoredRun) -> bool:
    return bool((run.scores["kind"] == "self").any())


def _strips(run: StoredRun) -> list[Strip]:
    """One strip for each pair whose pictures were stored, over alpha in steps of about 0.1."""
    strips = []
    for folder in sorted((run.folder / "images" / "test").glob("*/")):
        if not (folder / "source.png").exists():
            continue
        source, sample, target = (unquote(part) for part in folder.name.split(" "))
        cells = [Cell(_read(folder / f"{role}.png"), label) for role, label in ROLES.items()]
        cells += [
            Cell(_read(folder / f"{alpha:.3f}.png"), f"alpha {alpha:.1f}")
            for alpha in _tenths(folder)
        ]
        strips.append(Strip(f"{source}, {sample}, to {target}", cells))
    return strips


def _tenths(folder: Path) -> Sequence[float]:
    stored = [float(path.stem) for path in folder.glob("[0-9-]*.png")]
    tenths = [alpha for alpha in stored if abs(alpha * 10 - round(alpha * 10)) < 1e-6]
    return sorted(tenths or stored)


def _read(path: Path) -> Pixels | None:
    if not path.is_file():
        return None
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))
