"""The anchors of a board: references that every board shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bench.analysis.comparable import age
from bench.errors import BenchError
from bench.leaderboard.basis import measured_with
from bench.plugins.registry import MethodEntry, list_methods
from bench.run.store import RunFolder, StoredRun

__all__ = ["anchors_beside", "built_in_methods"]

PACKAGE = "expression-transfer-bench"


def built_in_methods() -> list[MethodEntry]:
    """The methods that come with the package and belong on its boards, by name.

    Raises:
        BenchError: one of them cannot be loaded.
    """
    entries = [entry for entry in list_methods() if entry.origin.partition(" ")[0] == PACKAGE]
    for entry in entries:
        if entry.problem:
            raise BenchError(f"method {entry.name!r} cannot be loaded: {entry.problem}")
    return [entry for entry in entries if entry.card and entry.card.on_boards]


def anchors_beside(runs: Sequence[StoredRun], present: Collection[str]) -> list[StoredRun]:
    """Runs of the anchors that a board lacks, from the folders of the runs that are added.

    Args:
        runs: of one benchmark; some may be of anchors.
        present: names of the methods that the board has.

    Raises:
        BenchError: a missing anchor has no run there with the same data and instruments.
    """
    here = {*present, *(run.method for run in runs)}
    lacking = [e.name for e in built_in_methods() if e.card and e.card.is_anchor]
    lacking = [name for name in lacking if name not in here]
    if not lacking:
        return []
    wanted = measured_with(runs[0])
    beside = [
        folder.read()
        for parent in dict.fromkeys(run.folder.resolve().parent for run in runs)
        for folder in map(RunFolder, sorted(path.parent for path in parent.glob("*/run.json")))
        if folder.info["method"]["name"] in lacking and any(folder.folder.glob("scores/*"))
    ]
    found = {run.method: run for run in sorted(beside, key=age) if measured_with(run) == wanted}
    if absent := [name for name in lacking if name not in found]:
        benchmark = runs[0].info["benchmark"]
        raise BenchError(
            f"the board lacks the anchors {', '.join(absent)}, and no runs of them with the same "
            f"data and instruments stand beside {runs[0].run_id}",
            hint=f"bench run {' '.join(absent)} --benchmark {benchmark}, then add again",
        )
    return list(found.values())
