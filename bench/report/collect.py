"""Gathers what a report shows from a folder of stored runs."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image

from bench.analysis.stored import curve_of, make_board, search_stored
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

    Runs are compared only if they share dataset, split, resolution and instruments; the newest
    run decides which, and a note on the board names those that are left out.

    Args:
        folder: the folder of runs.
        benchmark: its name; None for the only one there.

    Raises:
        BenchError: there are no runs, or runs of several benchmarks and none was named.
    """
    name = _choose_benchmark(folder, benchmark)
    stored = [run.read() for run in list_runs(folder, name) if any(run.folder.glob("scores/*"))]
    tested = [run for run in stored if (run.scores["part"] == "test").any()]
    if not tested:
        raise BenchError(f"{folder / name} has no run on the test part", hint="bench run METHOD")
    newest = max(tested, key=lambda run: str(run.info["created"]))
    runs = [run for run in tested if _comparable(run) == _comparable(newest)]
    pairs = set.intersection(*(_test_pairs(run) for run in runs))
    board = make_board(runs, name, pairs)
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
        card=newest.info["dataset"],
        board=board,
        methods=methods,
        command=shlex.join(["bench", *sys.argv[1:]]),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _choose_benchmark(folder: Path, name: str | None) -> str:
    known = sorted({path.parents[1].name for path in folder.glob("*/*/run.json")})
    if not known:
        raise BenchError(
            f"no runs in {folder}", hint="bench run METHOD --benchmark NAME --data DIR"
        )
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
