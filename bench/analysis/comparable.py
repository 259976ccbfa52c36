"""Which stored runs can stand beside each other."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bench.analysis.stored import search_command
from bench.errors import BenchError
from bench.run.store import StoredRun

__all__ = ["age", "comparable_runs", "made_alike"]


def comparable_runs(
    tested: Sequence[StoredRun], *, searched: bool = True
) -> tuple[list[StoredRun], list[str]]:
    """The runs that can stand beside each other, by name, and a note for each that cannot.

    Args:
        tested: the runs.
        searched: whether a method with alpha must have rows to choose it on.

    Raises:
        BenchError: there is none.
    """
    newest_first = sorted(tested, key=age, reverse=True)
    runs: dict[str, StoredRun] = {}
    notes = []
    for run in newest_first:
        if _comparable(run) != _comparable(newest_first[0]):
            notes.append(f"{run.run_id} is left out: made with other data or instruments.")
        elif searched and run.has_alpha and not (run.scores["part"] == "dev").any():
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


def made_alike(first: StoredRun, second: StoredRun) -> bool:
    """Whether two runs were made with the same data and instruments."""
    return _comparable(first) == _comparable(second)


def age(run: StoredRun) -> str:
    """When the run was made, in an order that sorts."""
    return str(run.info["created"])


def _variant(run: StoredRun) -> str:
    """Method, parameters and seed: what a user calls the same method, whatever the code's age."""
    parts = run.info["identity"]["parts"]
    return json.dumps([parts["method"], parts["parameters"], parts["seed"]])


def _comparable(run: StoredRun) -> str:
    """What two runs must share to stand on one board."""
    parts = run.info["identity"]["parts"]
    shared = ("dataset", "manifest_sha256", "split_sha256", "resolution", "instruments")
    labels = ("source_aus", "labels_sha256")
    values = {**{n: parts[n] for n in shared}, **{n: parts.get(n) for n in labels}}
    return json.dumps(values, sort_keys=True)
