"""Real schedulers and workers, each a process of its own, that speak over TCP."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class Cluster:
    """A scheduler and its workers.

    Attributes:
        folder: where the processes write what they say.
        port: of the scheduler; the same after it was started again.
    """

    folder: Path
    port: int
    wait_until: Callable[..., None]
    protocol: str = "tcp"
    certificates: Sequence[str] = ()
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    scheduler: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"{self.protocol}://127.0.0.1:{self.port}"

    def start(self, program: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{program}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_scheduler(self) -> None:
        """With one more try for a task whose worker died: a test has no time for three."""
        self.scheduler = self.start(
            "scheduler", "--host", f"{self.protocol}://127.0.0.1", "--port", str(self.port),
            "--no-dashboard", "--dashboard-address", "127.0.0.1:0", *self.certificates,
            DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1",
        )  # fmt: skip
        self.wait_until(self.answers, f"{self.address} answers")

    def start_worker(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        return self.start(
            "worker", self.address, "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1",
            "--local-directory", str(self.folder), *self.certificates, *arguments, **environment,
        )  # fmt: skip

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def said(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))

    def stop(self) -> None:
        """Ends every process that was started, with those that they started."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self.processes:
            process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def clusters(tmp_path: Path, wait_until: Callable[..., None]) -> Iterator[Callable[..., Cluster]]:
    """Starts clusters, which end with the test."""
    started: list[Cluster] = []

    def start(workers: int, *arguments: str, **environment: str) -> Cluster:
        folder = tmp_path / f"cluster-{len(started)}"
        folder.mkdir()
        cluster = Cluster(folder, free_port(), wait_until)
        started.append(cluster)
        cluster.start_scheduler()
        for _ in range(workers):
            cluster.start_worker(*arguments, **environment)
        return cluster

    yield start
    for cluster in started:
        cluster.stop()
