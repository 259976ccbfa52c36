"""Ctrl-C ends a run with one line that says how to go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.slow
def test_an_interrupt_is_one_line_and_the_run_goes_on(
    london_data: Path, weights_dir: Path, tmp_path: Path
) -> None:
    options = ["--benchmark", "london", "--data", str(london_data), "--out", str(tmp_path)]
    arguments = ["run", "pixel-arith", *options, "--limit", "40", "--alphas", "0,0.5,1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "BENCH_WEIGHTS": str(weights_dir)},
        # As in a terminal: what a script starts in the background ignores interrupts, and so
        # would all that the tests start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("part-*.parquet")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    said = [line for line in stderr.splitlines() if "pixel-arith on" not in line]
    assert len(said) == 1
    start, _, command = said[0].partition(": ")
    assert start.startswith("stopped")
    assert command.split() == ["bench", *arguments]
    # Whole files only, and the same command completes them.
    assert list(tmp_path.rglob("*.partial")) == []
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("part-*.parquet")}
    again = subprocess.run(
        [sys.executable, "-m", "bench", *arguments], capture_output=True, check=False, text=True
    )
    assert again.returncode == 0, again.stderr
    assert all(path.stat().st_mtime_ns == then for path, then in kept.items())
