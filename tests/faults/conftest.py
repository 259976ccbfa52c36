"""Small runs of the real command, which start at once and can be disturbed at any moment.

A process imports all that ``bench run`` imports and then forks for every command: so fifty of them
take a minute, and each is a process of its own that signals reach and that ends as it would.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fingerprints import fingerprints

INSTRUMENTS = '''
"""Reads back what the made-up faces show: embedder and AU estimator."""

import numpy as np

from metrics.cards import InstrumentCard
from metrics.contracts import AUReading
from metrics.plugin import InstrumentPlugin


def card(kind):
    return InstrumentCard(
        name="made-up", kind=kind, version="1", description="", input_size=64, crop="none",
        scale="0..5", weights_name="", weights_sha256="", licence="CC0-1.0", source="tests",
    )


class MadeUpEmbedder:
    card = card("embedder")

    def embed(self, images):
        upper = images[:, :32].mean(axis=-1).reshape(len(images), 2, 16, 8, 8).mean(axis=(2, 4))
        rows = upper.reshape(len(images), -1) - 100.0
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class MadeUpEstimator:
    card = card("au_estimator")
    action_units = ("AU01", "AU06", "AU12")

    def estimate(self, images):
        lower = images[:, 32:, :60].reshape(len(images), 32, 3, 20, 3).mean(axis=(1, 3, 4))
        return AUReading(["ok"] * len(images), ((lower - 100.0) / 10.0).astype(np.float32))


EMBEDDER = InstrumentPlugin(
    name="made-up", kind="embedder", description="reads made-up faces", scale="L2 0..2",
    licence="CC0-1.0", make=lambda path: MadeUpEmbedder(),
)
ESTIMATOR = InstrumentPlugin(
    name="made-up", kind="au_estimator", description="reads made-up faces", scale="0..5",
    licence="CC0-1.0", make=lambda path: MadeUpEstimator(),
)
'''

NURSERY = """
import json, os, sys

# All that the command imports while it works.
import bench.__main__, bench.cli, bench.api, bench.api_alpha, bench.api_checks
import bench.run.execute, bench.run.lock, bench.run.progress, bench.report.terminal.board
import bench.report.terminal.paired, bench.report.floor, bench.analysis.board
import pandas, torch, pyarrow.parquet, scipy.stats, PIL.PngImagePlugin, PIL.WebPImagePlugin

print("ready", flush=True)
for line in sys.stdin:
    told = json.loads(line)
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(told["folder"])
            for number, path in enumerate(("/dev/null", told["stdout"], told["stderr"])):
                file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
                os.dup2(file, number)
                os.close(file)
            exec(told["before"])
            sys.argv = ["bench", *told["arguments"]]
            bench.__main__.main()
            sys.stdout.flush()
            status = 0
        except SystemExit as error:
            sys.stdout.flush()
            status = error.code if isinstance(error.code, int) else 1 if error.code else 0
        except BaseException:
            import traceback
            traceback.print_exc()
            status = 70
        sys.stderr.flush()
        os._exit(status)
    print(pid, flush=True)
    # Until somebody asks, it stays in the list of processes, and no other gets its number.
    sys.stdin.readline()
    print(os.waitpid(pid, 0)[1], flush=True)
"""


@dataclass
class Command:
    """A command that was started."""

    pid: int
    status: Callable[[], int]
    stdout_path: Path
    stderr_path: Path

    def wait(self) -> int:
        """Its exit status as a shell shows it: 128 more than the number of a signal."""
        status = os.waitstatus_to_exitcode(self.status())
        return 128 - status if status < 0 else status

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    @property
    def stdout(self) -> str:
        return self.stdout_path.read_text()

    @property
    def stderr(self) -> str:
        return self.stderr_path.read_text()


class Nursery:
    """Starts commands, one at a time, in a folder.

    Args:
        folder: where they are typed.
        datasets: ``$BENCH_DATASETS``.

    Attributes:
        folder, datasets: the same.
    """

    def __init__(self, folder: Path, datasets: Path) -> None:
        self.folder, self.datasets = folder, datasets
        (folder / "instruments.py").write_text(INSTRUMENTS)
        environment = {**os.environ, "BENCH_DATASETS": str(datasets), "OMP_NUM_THREADS": "1"}
        environment |= {"XDG_CACHE_HOME": str(folder / "cache"), "COLUMNS": "200"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment,
            # What is started in the background of a shell ignores interrupts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        self._running: Command | None = None
        assert self._answer() == "ready"

    def start(self, *arguments: str | Path, before: str = "") -> Command:
        """Starts ``bench`` with arguments; ``before`` is Python that its process does first."""
        streams = [self.folder / "stdout.txt", self.folder / "stderr.txt"]
        told = {
            "folder": str(self.folder), "arguments": [str(one) for one in arguments],
            "stdout": str(streams[0]), "stderr": str(streams[1]), "before": before,
        }  # fmt: skip
        if self._running is not None:  # a test has failed
            self._running.send(signal.SIGKILL)
            self._running.wait()
        self._tell(json.dumps(told))
        pid = int(self._answer())
        assert pid > 1
        self._running = Command(pid, self._status, *streams)
        return self._running

    def run(self, *arguments: str | Path, before: str = "") -> Command:
        """The same, ended well."""
        command = self.start(*arguments, before=before)
        status = command.wait()
        assert status == 0, command.stderr
        return command

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _status(self) -> int:
        self._tell("")
        self._running = None
        return int(self._answer())

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="session")
def nursery(made_up_datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    if not hasattr(os, "fork"):
        pytest.skip("needs a system that forks")
    nursery = Nursery(tmp_path_factory.mktemp("commands"), made_up_datasets)
    yield nursery
    nursery.close()


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing happened to.

    Attributes:
        folder: of runs.
        results: SHA-256 of its files.
        printed: the board.
        seconds: how long it took.
    """

    folder: Path
    results: dict[str, str]
    printed: dict[str, Any]
    seconds: float

    def sizes(self, where: str = "") -> dict[str, int]:
        """Of its files, bytes; only of those with a word in their place."""
        return {n: (self.folder / n).stat().st_size for n in self.results if where in n}


@pytest.fixture(scope="session")
def undisturbed(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The run of ``arguments``, made once more than needed so that its time is the usual one."""
    out = tmp_path_factory.mktemp("undisturbed")
    for place in "ab":
        started = time.monotonic()
        command = nursery.run(*arguments(out / place))
        seconds = time.monotonic() - started
    assert results(out / "a") == results(out / "b")
    assert sum("/scores/" in name for name in results(out / "a")) > 10
    return Undisturbed(out / "a", results(out / "a"), json.loads(command.stdout), seconds)


ALPHAS = ",".join(f"{place / 40:g}" for place in range(41))


def arguments(out: Path, *more: str, method: str = "pixel-arith") -> list[str]:
    """A run of some twenty chunks, of the method and the anchors."""
    return [
        "run", method, "--out", str(out), "--embedder", "instruments.py", "--au", "instruments.py",
        "--alphas", ALPHAS, "--alpha", "0.5", "--json", *more,
    ]  # fmt: skip


NOT_COMPARED = frozenset({"run.json", "run.lock", "timings.jsonl", "test-reads.jsonl"})
"""When, where and how fast it was: what is not a result."""


def results(out: Path) -> dict[str, str]:
    """All files of all runs, tables and pictures, by run and name: their SHA-256."""
    files = (path for path in out.rglob("*") if path.is_file() and path.name not in NOT_COMPARED)
    return fingerprints(files, out)


def leftovers(out: Path) -> list[Path]:
    return [path for path in out.rglob("*") if path.name.endswith(".partial")]


def until(happened: Callable[[], object], seconds: float = 120.0) -> None:
    """Waits for something that happens soon on an idle machine."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.005)
