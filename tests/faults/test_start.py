"""A command that is told to stop while it starts, imports included, ends with one line."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

MOMENTS = 8

TOLD = """
import os
import bench.stopping as stopping

heed = stopping.heed

def heed_and_say():
    heed()
    os.write(1, b"heeds\\n")

stopping.heed = heed_and_say
from bench.__main__ import main
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_can_be_stopped_at_any_moment(
    made_up_datasets: Path, tmp_path: Path, number: signal.Signals
) -> None:
    moments = random.Random(number)
    environment = {**os.environ, "BENCH_DATASETS": str(made_up_datasets)}
    arguments = ["run", "glow-arith", "--limit", "1", "--out", str(tmp_path / "runs")]
    for _ in range(MOMENTS):
        process = subprocess.Popen(
            [sys.executable, "-c", TOLD, *arguments],
            cwd=tmp_path, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # What is started in the background of a shell ignores interrupts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "heeds\n"
        time.sleep(moments.uniform(0.0, 1.5))
        process.send_signal(number)
        _, stderr = process.communicate()
        assert stderr == f"stopped; to go on, type it again: bench {' '.join(arguments)}\n"
        assert process.returncode == 128 + number


def test_the_command_and_the_module_start_in_the_same_place() -> None:
    from importlib.metadata import entry_points
    from tomllib import loads

    root = Path(__file__).resolve().parents[2]
    scripts = loads((root / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"bench": "bench.__main__:main"}
    assert entry_points(group="console_scripts", name="bench")
