"""Gathers what a report shows from a folder of stored runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from PIL import Image

from bench.analysis.comparable import age, comparable_runs
from bench.analysis.found import stored_benchmark
from bench.analysis.sealed import noted_reading
from bench.analysis.stored import (
    curve_of,
    make_board,
    ranked_part,
    search_stored,
)
from bench.command_line import command_line
from bench.data.images import Pixels
from bench.data.split import Part
from bench.errors import BenchError
from bench.report.contents import Cell, ReportInput, ReportMethod, Strip
from bench.report.floor import floor_of_board
from bench.run.store import StoredRun, list_runs

__all__ = ["collect_report"]

ROLES = {
    "source": "source",
    "source-neutral": "source, neutral",
    "target-neutral": "target, neutral",
}


def collect_report(folder: Path, benchmark: str | None) -> ReportInput:
    """Reads the runs of a benchmark and scores them on the test pairs that all of them have.

    Of a benchmark without a test part, on its open pairs. Notes on the board name every run that
    is left out and why: other data or instruments than the newest run, an older run of the same
    method and parameters, or no alpha chosen on dev.

    Args:
        folder: the folder of runs.
        benchmark: its name; None for the only one there.

    Raises:
        BenchError: there are no runs, runs of several benchmarks and none was named, or none that
            can be ranked.
    """
    name = stored_benchmark(folder, benchmark)
    stored = [run.read() for run in list_runs(folder, name) if any(run.folder.glob("scores/*"))]
    part = ranked_part(stored)
    tested = [run for run in stored if _pairs(run, part)]
    if not tested:
        raise BenchError(f"{folder / name} has no run on the test part", hint="bench run METHOD")
    runs, notes = comparable_runs(tested)
    pairs = set.intersection(*(_pairs(run, part) for run in runs))
    if not pairs:
        names = ", ".join(run.run_id for run in runs)
        raise BenchError(f"these runs have no test pair in common: {names}", hint="--runs DIR")
    counted = " (self pairs included)" if any(_has_self_pairs(run) for run in runs) else ""
    notes += [
        f"{run.run_id} has {len(_pairs(run, part))} pairs; the board has the {len(pairs)} that all "
        f"runs have{counted}."
        for run in runs
        if len(_pairs(run, part)) > len(pairs)
    ]
    notes += noted_reading(folder, name, runs)
    board = make_board(runs, name, pairs)
    board = replace(board, notes=(*board.notes, *notes))
    by_id = {run.run_id: run for run in runs}
    methods = []
    for row in board.rows:
        run = by_id[row.run_id]
        curve = curve_of(run, part, pairs) if run.has_alpha else None
        methods.append(
            ReportMethod(
                row=row,
                curve=curve,
                search=None if curve is None else search_stored(run, alphas=sorted(curve["alpha"])),
                strips=_strips(run, part) if run.has_alpha else [],
                info=run.info,
            )
        )
    return ReportInput(
        benchmark=name,
        card=max(runs, key=age).info["dataset"],
        board=board,
        methods=methods,
        command=command_line(),
        floor=floor_of_board(folder, board),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _pairs(run: StoredRun, part: Part) -> set[str]:
    rows = run.scores[run.scores["part"] == part]
    return set(rows["source"] + "/" + rows["sample"] + ">" + rows["target"])


def _has_self_pairs(run: StoredRun) -> bool:
    return bool((run.scores["kind"] == "self").any())


def _strips(run: StoredRun, part: Part) -> list[Strip]:
    """One strip for each pair whose pictures were stored, over alpha in steps of about 0.1."""
    strips = []
    for folder in sorted((run.folder / "images" / part).glob("*/")):
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
