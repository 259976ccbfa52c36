"""Second opinions on the runs of a board, from measurements that are stored already."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from bench.analysis.comparable import age
from bench.analysis.light_runs import References, read_light
from bench.analysis.opinion_values import Opinion
from bench.analysis.ranking import BoardEntry
from bench.analysis.stored import entry_of, ranked_part
from bench.analysis.stored_opinion import Instruments, instruments_of, opinion_of_runs
from bench.errors import BenchError
from bench.run.store import StoredRun, list_runs

__all__ = ["SECOND", "stored_opinions"]

SECOND = "second-opinion"
"""Folder below the folder of runs where ``bench second-opinion`` stores what it measured."""

SAME_OUTPUTS = (
    "Of the first runs and of these the code of the methods, their parameters, weights, data and "
    "seed are recorded to be the same."
)


def stored_opinions(
    folder: Path, benchmark: str, runs: Sequence[StoredRun], pairs: Collection[str]
) -> tuple[list[Opinion], list[str]]:
    """What other instruments said of the outputs of some runs, one opinion for each pair of them.

    Counted are second runs of the very same method, parameters, weights, data and seed, at the
    alpha that was chosen under the first instruments.

    Args:
        folder: of runs.
        benchmark: full name.
        runs: of the board.
        pairs: keys of the pairs of the board.

    Returns:
        The opinions, and a sentence for each pair of instruments whose measurements cannot be
        used.
    """
    references: References = {}
    again: dict[Instruments, dict[str, StoredRun]] = {}
    notes = []
    for found in list_runs(folder / SECOND, benchmark):
        if not any(found.folder.glob("scores/*")):
            continue
        try:
            run = read_light(found, references)
        except BenchError as error:
            notes.append(f"A second opinion cannot be read: {error.message}.")
            continue
        newest = again.setdefault(instruments_of(run), {})
        if run.label not in newest or age(run) > age(newest[run.label]):
            newest[run.label] = run
    if not again:
        return [], notes
    part = ranked_part(runs)
    labels = [run.label for run in runs]
    # Runs of one method that differ in their seed share a label: nobody could tell them apart.
    runs = [run for run in runs if labels.count(run.label) == 1]
    entries = {run.label: entry_of(run, part, pairs) for run in runs}
    opinions = []
    for instruments, second in sorted(again.items()):
        both = [run for run in runs if _is_again(run, second.get(run.label), entries[run.label])]
        name = f"{instruments[0]} and {instruments[1]}"
        if all(run.is_anchor for run in both):
            notes.append(
                f"{name} measured other outputs than those of this board: methods, weights or "
                "alphas have changed since."
            )
            continue
        try:
            opinions.append(
                opinion_of_runs(
                    both,
                    [entries[run.label] for run in both],
                    [second[run.label] for run in both],
                    benchmark=benchmark,
                    notes=[SAME_OUTPUTS],
                )
            )
        except BenchError as error:
            notes.append(f"{name}: {error.message}.")
    return opinions, notes


def _is_again(first: StoredRun, second: StoredRun | None, entry: BoardEntry) -> bool:
    """Whether a second run holds the outputs of the first one that stand on the board."""
    if second is None or _made_from(first) != _made_from(second):
        return False
    alphas = {round(value, 6) for value in second.scores["alpha"].dropna().unique()}
    wanted = {*entry.alpha_by_target.values(), *([] if entry.alpha is None else [entry.alpha])}
    return {round(alpha, 6) for alpha in wanted} <= alphas


def _made_from(run: StoredRun) -> dict[str, Any]:
    parts = dict(run.info["identity"]["parts"])
    parts.pop("instruments", None)
    return parts
