"""What every method gains over doing nothing on each group of people, and how far groups differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from bench.analysis.found import stored_benchmark
from bench.analysis.group_values import NEUTRAL, GroupReport, GroupResult
from bench.analysis.people_groups import GroupVariable, people_groups
from bench.analysis.ranking import BoardEntry
from bench.analysis.sealed import noted_reading
from bench.analysis.selected import common_pairs, selected_runs
from bench.analysis.statistics.groups import score_groups
from bench.analysis.statistics.holm import holm
from bench.analysis.statistics.identity_scores import Side
from bench.analysis.statistics.quantities import QUANTITIES
from bench.analysis.stored import entry_of, ranked_part
from bench.analysis.terms import mean_real_niqe
from bench.data.benchmark import card_of
from bench.data.card import DatasetCard
from bench.errors import BenchError
from bench.run.store import StoredRun
from bench.suggest import did_you_mean

__all__ = ["SCORES", "group_report", "stored_groups"]

SCORES: Final = ("expression_skill", "identity_retention")


def stored_groups(
    folder: Path,
    benchmark: str | None,
    methods: Sequence[str] = (),
    *,
    data: Path | None = None,
    names: Sequence[str] = (),
    sides: Sequence[Side] = ("target",),
    scores: Sequence[str] = SCORES,
) -> GroupReport:
    """The group report of stored runs; notes that their test rows were read.

    Args:
        folder: the folder of runs.
        benchmark: its name; None for the only one there.
        methods: names or labels of methods; empty for all that are stored.
        data: the user's copy of the dataset, for the table that says who belongs to which group.
        names: variables; empty for all on the dataset's card.
        sides, scores: as in ``group_report``.

    Raises:
        BenchError: a run or the groups are missing, or there is no such score.
    """
    name = stored_benchmark(folder, benchmark)
    for score in scores:
        if score not in QUANTITIES:
            raise BenchError(
                f"there is no score {score!r}{did_you_mean(score, QUANTITIES)}",
                hint=f"there: {', '.join(QUANTITIES)}",
            )
    variables = people_groups(_card(name), data, names)
    wanted = [*methods, NEUTRAL] if methods else []
    runs, notes = selected_runs(folder, name, wanted)
    report = group_report(runs, variables, benchmark=name, sides=sides, scores=scores, notes=notes)
    return replace(report, notes=(*report.notes, *noted_reading(folder, name, runs)))


def group_report(
    runs: Sequence[StoredRun],
    variables: Sequence[GroupVariable],
    *,
    benchmark: str,
    sides: Sequence[Side] = ("target",),
    scores: Sequence[str] = SCORES,
    notes: Sequence[str] = (),
) -> GroupReport:
    """Scores runs on every group, each at its dev alpha*, on the pairs that all of them have.

    Args:
        runs: of one benchmark and the same instruments, ``target-neutral`` among them.
        variables: what tells the groups apart.
        benchmark: its name.
        sides: whose group counts, the target's or the source's.
        scores: of ``QUANTITIES``.
        notes: what a reader must know of the choice of runs.

    Raises:
        BenchError: ``target-neutral`` is not among the runs, or no pair is common to them.
    """
    if all(run.method != NEUTRAL for run in runs):
        raise BenchError(
            f"groups are compared with {NEUTRAL}, which has no stored run on {benchmark}",
            hint=f"bench run {NEUTRAL} --benchmark {benchmark}",
        )
    part = ranked_part(runs)
    pairs = common_pairs(runs, part)
    entries = [entry_of(run, part, pairs) for run in runs]
    niqe_real = mean_real_niqe(max((run.references for run in runs), key=len), part)
    neutral = next(entry for entry in entries if entry.method == NEUTRAL)
    entries = sorted(
        (entry for entry in entries if entry is not neutral),
        key=lambda entry: (entry.is_anchor, entry.label),
    )
    results = [
        _result(entry, neutral, variable, niqe_real, side=side, score=score)
        for variable in variables
        for side in sides
        for entry in entries
        for score in scores
    ]
    results, looks = _adjusted(results)
    return GroupReport(
        benchmark=benchmark,
        part=part,
        variables=tuple(variables),
        pairs=int((neutral.terms["kind"] == "cross").sum()),
        results=tuple(results),
        looks=looks[False],
        anchor_looks=looks[True],
        notes=tuple(notes),
    )


def _card(benchmark: str) -> DatasetCard:
    try:
        return card_of(benchmark)
    except BenchError as error:
        raise BenchError(
            f"{benchmark} has no dataset card here, so nothing tells who belongs to which group",
            hint="docs/add-a-dataset.md; with a card: bench list benchmarks",
        ) from error


def _result(
    entry: BoardEntry,
    neutral: BoardEntry,
    variable: GroupVariable,
    niqe_real: float,
    *,
    side: Side,
    score: str,
) -> GroupResult:
    found = score_groups(
        entry.terms, neutral.terms, variable.members, niqe_real=niqe_real, score=score, by=side
    )
    rows = sorted(found.rows, key=lambda row: variable.order.index(row.group))
    return GroupResult(
        method=entry.method,
        label=entry.label,
        is_anchor=entry.is_anchor,
        alpha=entry.alpha,
        variable=variable.name,
        found=replace(found, rows=tuple(rows)),
        p_adjusted=np.nan,
    )


def _adjusted(results: Sequence[GroupResult]) -> tuple[list[GroupResult], dict[bool, int]]:
    """The results with Holm's correction, of methods and of anchors apart, and how many looks."""
    p_values = np.array([r.found.gap.p_value if r.found.gap else np.nan for r in results])
    anchors = np.array([result.is_anchor for result in results], dtype=bool)
    adjusted, looks = np.full(len(results), np.nan), {}
    for is_anchor in (False, True):
        family = anchors == is_anchor
        adjusted[family] = holm(p_values[family])
        looks[is_anchor] = int(np.isfinite(p_values[family]).sum())
    changed = [
        replace(result, p_adjusted=float(value))
        for result, value in zip(results, adjusted, strict=True)
    ]
    return changed, looks
