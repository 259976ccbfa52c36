"""One process at a time writes to a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.run.lock import locked

HOLD = """
import sys
from pathlib import Path
from bench.run.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """A process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    process = hold(tmp_path)
    with pytest.raises(BenchError, match=f"process {process.pid} on .*wait"), locked(tmp_path):
        pass
    process.communicate()
    with locked(tmp_path):
        pass


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    process = hold(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with locked(tmp_path):
        pass


def test_it_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "new"):
        raise ZeroDivisionError
    with locked(tmp_path / "new"):
        pass


def test_what_stands_in_the_file_is_never_trusted(tmp_path: Path) -> None:
    process = hold(tmp_path)
    for text in ("", "{", "[1]", '{"process": "x", "host": 1}'):
        (tmp_path / "run.lock").write_text(text)
        with pytest.raises(BenchError, match="another process writes"), locked(tmp_path):
            pass
    process.communicate()
