"""Gathers what a report shows from a folder of stored runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench.analysis.chosen_runs import chosen_runs, place_of_runs, runs_to_read
from bench.analysis.comparable import age, comparable_runs
from bench.analysis.found import stored_benchmark
from bench.analysis.light_runs import References, read_light
from bench.analysis.sealed import noted_reading
from bench.analysis.stored import (
    curve_of,
    make_board,
    ranked_part,
    search_stored,
)
from bench.arguments import given_data
from bench.command_line import command_line
from bench.data.split import Part
from bench.errors import BenchError
from bench.report.contents import ReportInput, ReportMethod
from bench.report.floor import floor_of_board
from bench.run.store import StoredRun, list_runs

__all__ = ["collect_report"]


def collect_report(
    folder: Path,
    benchmark: str | None,
    data: Path | None = None,
    runs: Sequence[str] = (),
) -> ReportInput:
    """Reads the runs of a benchmark and scores them on the test pairs that all of them have.

    Of a benchmark without a test part, on its open pairs. Notes on the board name every run that
    is left out and why: other data or instruments than the newest run, an older run of the same
    method and parameters, or no alpha chosen on dev.

    Args:
        folder: the folder of runs.
        benchmark: its name; None for the only one there.
        data: the user's copy of the dataset, if it is at hand; by default ``$BENCH_DATA``.
        runs: the only ones, beside the anchors: folders, run ids, labels such as
            ``glow-arith precision=bf16``, or methods; empty for all.

    Raises:
        BenchError: there are no runs, runs of several benchmarks and none was named, none that
            can be ranked, or a name that none has.
    """
    folder, benchmark, wanted = place_of_runs(runs, folder, benchmark)
    name = stored_benchmark(folder, benchmark)
    folders = [run for run in list_runs(folder, name) if any(run.folder.glob("scores/*"))]
    references: References = {}
    stored = [read_light(run, references) for run in runs_to_read(folders, wanted)]
    part = ranked_part(stored)
    tested = [run for run in stored if _pairs(run, part)]
    if not tested:
        raise BenchError(f"{folder / name} has no run on the test part", hint="bench run METHOD")
    chosen, notes = (
        comparable_runs(tested) if not wanted else (chosen_runs(tested, wanted, name), [])
    )
    pairs = set.intersection(*(_pairs(run, part) for run in chosen))
    if not pairs:
        names = ", ".join(run.run_id for run in chosen)
        raise BenchError(f"these runs have no test pair in common: {names}", hint="--runs DIR")
    counted = " (self pairs included)" if any(_has_self_pairs(run) for run in chosen) else ""
    notes += [
        f"{run.run_id} has {len(_pairs(run, part))} pairs; the board has the {len(pairs)} that all "
        f"runs have{counted}."
        for run in chosen
        if len(_pairs(run, part)) > len(pairs)
    ]
    notes += noted_reading(folder, name, chosen)
    board = make_board(chosen, name, pairs)
    board = replace(board, notes=(*board.notes, *notes))
    by_id = {run.run_id: run for run in chosen}
    methods = []
    for row in board.rows:
        run = by_id[row.run_id]
        curve = curve_of(run, part, pairs) if run.has_alpha else None
        methods.append(
            ReportMethod(
                row=row,
                curve=curve,
                search=None if curve is None else search_stored(run, alphas=sorted(curve["alpha"])),
                info=run.info,
                run=run,
            )
        )
    return ReportInput(
        benchmark=name,
        card=max(chosen, key=age).info["dataset"],
        board=board,
        methods=methods,
        command=command_line(),
        floor=floor_of_board(folder, board),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        pairs=frozenset(pairs),
        folder=folder,
        data=given_data(data, name),
    )


def _pairs(run: StoredRun, part: Part) -> set[str]:
    rows = run.scores.loc[run.scores["part"] == part, ["source", "sample", "target"]]
    rows = rows.drop_duplicates()
    return set(rows["source"] + "/" + rows["sample"] + ">" + rows["target"])


def _has_self_pairs(run: StoredRun) -> bool:
    return bool((run.scores["kind"] == "self").any())
