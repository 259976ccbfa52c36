"""Runs that are killed or told to stop at any moment go on, and end with the same files."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Nursery, Undisturbed, arguments, leftovers, results

KILLS = 50
INTERRUPTS = 15

SHORTEST = 0.3
"""Seconds within which no run is done."""


def numbers(board: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a board, without how fast they were made."""
    speed = {"images_per_second", "peak_memory_mib"}
    return [{k: v for k, v in row.items() if k not in speed} for row in board["rows"]]


@pytest.mark.slow
def test_killed_at_50_moments_a_run_ends_with_the_same_bytes(
    nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    moments, longest = random.Random(9), 0.7 * undisturbed.seconds
    killed = finished = 0
    while killed < KILLS:
        out = tmp_path / str(finished)
        # One run is killed again and again, until it comes to its end before the next kill.
        while True:
            command = nursery.start(*arguments(out))
            moment = moments.uniform(0.0, longest)
            time.sleep(moment)
            command.send(signal.SIGKILL)
            status = command.wait()
            if status == 0:  # a machine that had much else to do has less now
                longest = max(moment, SHORTEST)
            if status == 0 or killed == KILLS:
                break
            assert status == 128 + signal.SIGKILL
            killed += 1
        again = nursery.run(*arguments(out))
        assert results(out) == undisturbed.results
        assert numbers(json.loads(again.stdout)) == numbers(undisturbed.printed)
        finished += 1
    assert finished >= 2


AT_THE_END = """
import os, signal
from pathlib import Path

from bench.run import files

replace = os.replace

def killed(partial, path):
    if Path(path).name == "run.json" and '"timings"' in Path(partial).read_text():
        os.kill(os.getpid(), signal.SIGKILL)
    replace(partial, path)

files.os.replace = killed
"""


@pytest.mark.slow
def test_killed_after_its_last_row_a_run_leaves_nothing_half_written(
    nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    killed = nursery.start(*arguments(tmp_path), before=AT_THE_END)
    assert killed.wait() == 128 + signal.SIGKILL
    (left,) = leftovers(tmp_path)
    assert left.name.startswith("run.json")
    rows = list(left.parent.glob("scores/part-*.parquet"))
    assert rows
    nursery.run(*arguments(tmp_path))
    assert results(tmp_path) == undisturbed.results
    assert "timings" in json.loads((left.parent / "run.json").read_text())
    assert sorted(left.parent.glob("scores/part-*.parquet")) == sorted(rows)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_at_any_moment_it_says_how_to_go_on(
    nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path, number: signal.Signals
) -> None:
    moments, longest = random.Random(number), 0.7 * undisturbed.seconds
    stopped = 0
    out = tmp_path / "0"
    while stopped < INTERRUPTS:
        command = nursery.start(*arguments(out))
        moment = moments.uniform(0.0, longest)
        time.sleep(moment)
        command.send(number)
        status = command.wait()
        assert "Traceback" not in command.stderr
        assert leftovers(out) == []
        kept = results(out)
        assert all(undisturbed.results[name] == content for name, content in kept.items())
        if status == 0:  # it was done, or as good as
            assert results(out) == undisturbed.results
            out = tmp_path / str(int(out.name) + 1)
            longest = max(moment, SHORTEST)
            continue
        assert status == 128 + number
        stopped += 1
        # After its last word, or before its first, a process just ends.
        if said := [line for line in command.stderr.splitlines() if line.startswith("stopped")]:
            assert said == [f"stopped; to go on, type it again: bench {' '.join(arguments(out))}"]
            assert command.stdout == ""
    nursery.run(*arguments(out))
    assert results(out) == undisturbed.results
