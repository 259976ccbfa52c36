"""A run that is killed goes on and ends with the table of an undisturbed one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from bench.run.store import list_runs


def command(data: Path, out: Path) -> list[str]:
    arguments = ["run", "pixel-arith", "--benchmark", "london", "--data", str(data)]
    options = ["--out", str(out), "--limit", "60", "--alphas", "0,0.2,0.4,0.6,0.8,1", "--json"]
    return [sys.executable, "-m", "bench", *arguments, *options]


def table(out: Path) -> pd.DataFrame:
    runs = [folder.read() for folder in list_runs(out, "london-64")]
    scores = pd.concat([run.scores.assign(method=run.method) for run in runs], ignore_index=True)
    return scores.assign(embedding=[tuple(e) for e in scores["embedding"]])


@pytest.mark.slow
def test_killed_and_started_again_ends_with_the_same_table(
    london_data: Path, weights_dir: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    undisturbed = subprocess.run(command(london_data, whole), capture_output=True, check=True)
    for parts_before_the_kill in (1, 4):
        process = subprocess.Popen(
            command(london_data, broken), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(broken.rglob("part-*.parquet"))) >= parts_before_the_kill:
                break
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in broken.rglob("part-*.parquet")}
    assert before
    resumed = subprocess.run(command(london_data, broken), capture_output=True, check=True)
    # What was there is not computed again.
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    pd.testing.assert_frame_equal(table(whole), table(broken))
    assert b'"rows"' in resumed.stdout
    assert len(resumed.stdout) == pytest.approx(len(undisturbed.stdout), abs=200)
