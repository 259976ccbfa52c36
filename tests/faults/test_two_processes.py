"""Two commands on one folder of runs: one works, the other says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import Nursery, Undisturbed, arguments, leftovers, results, until

PATIENT = """
import time
from pathlib import Path

import numpy as np
from bench.plugins.contracts import MethodCard


class Patient:
    card = MethodCard("patient", "waits until it may go on")

    def __init__(self, flag: str = "") -> None:
        self._flag = Path(flag)

    def prepare(self, context):
        return {}

    def transfer(self, requests):
        self._flag.with_suffix(".works").touch()
        while not self._flag.exists():
            time.sleep(0.01)
        return np.stack([request.source.pixels for request in requests])
"""


def started(nursery: Nursery, *words: str) -> subprocess.Popen[str]:
    """The same command in another process, from its first line on."""
    datasets = nursery.datasets
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *words],
        cwd=nursery.folder, env={**os.environ, "BENCH_DATASETS": str(datasets)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_the_second_is_told_which_process_works_and_the_first_is_not_disturbed(
    nursery: Nursery, tmp_path: Path
) -> None:
    method, flag, out = tmp_path / "patient.py", tmp_path / "flag", tmp_path / "runs"
    method.write_text(PATIENT)
    words = arguments(out, "--param", f"flag={flag}", method=str(method))
    first = started(nursery, *words)
    try:
        until(flag.with_suffix(".works").exists)
        second = nursery.start(*words)
        assert second.wait() == 1
        (line,) = [line for line in second.stderr.splitlines() if line.startswith("error: ")]
        assert re.search(rf"another process writes to .*: process {first.pid} on \S+", line)
        assert "wait until it has ended, or choose another --out" in line
    finally:
        flag.touch()
        _, stderr = first.communicate()
    assert first.returncode == 0, stderr
    alone = tmp_path / "alone"
    nursery.run(*[word.replace(str(out), str(alone)) for word in words])
    assert results(out) == results(alone)
    # What is done is read while another process works.
    nursery.run(*words)


@pytest.mark.slow
def test_of_three_that_start_at_once_each_works_or_says_so(
    nursery: Nursery, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    processes = [started(nursery, *arguments(out)) for _ in range(3)]
    ended = [(process, *process.communicate()) for process in processes]
    assert any(process.returncode == 0 for process, _, _ in ended)
    for process, _, stderr in ended:
        assert process.returncode == 0 or "another process writes to" in stderr
        assert "Traceback" not in stderr
    assert results(out) == undisturbed.results
    assert leftovers(out) == []
