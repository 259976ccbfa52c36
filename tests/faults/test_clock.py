"""A clock that is wrong, or goes back while a run works: what is stored is the same."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import Nursery, Undisturbed, arguments, results, until

BACKWARDS = """
import datetime, itertools, sys, time

hours = itertools.count()

def now():
    # An hour earlier whenever it is asked.
    return {start} - 3600.0 * next(hours)

class Backwards(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(now(), tz)

time.time, time.time_ns = now, lambda: int(now() * 1e9)
for name, module in list(sys.modules.items()):
    if name.partition(".")[0] in ("bench", "metrics", "glow") and hasattr(module, "datetime"):
        module.datetime = Backwards
"""


@pytest.mark.slow
def test_with_a_clock_that_goes_back_a_run_that_was_killed_ends_the_same(
    nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    killed = nursery.start(*arguments(out), before=BACKWARDS.format(start=2_000_000_000))
    until(lambda: len(list(out.rglob("part-*"))) >= 3)
    killed.send(signal.SIGKILL)
    killed.wait()
    # What is there is from the future, as it would be if the clock had been set back since.
    for stored in out.rglob("*"):
        os.utime(stored, (4e9, 4e9))
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("part-*.parquet")}
    again = nursery.run(*arguments(out), before=BACKWARDS.format(start=1_000_000_000))
    assert "Traceback" not in again.stderr
    assert results(out) == undisturbed.results
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())
    created = [json.loads(path.read_text())["created"] for path in out.rglob("run.json")]
    assert {text[:4] for text in created} == {"2001", "2033"}
