"""A method and runs of it on dev, for tests of those that make the chunks in other processes."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench import api
from bench.plugins.registry import load_method
from bench.run.execute import Runner
from bench.run.executor import Executor
from bench.run.session import Session

LIMIT, ALPHAS = 60, (0.0, 0.5, 1.0)
"""Of dev: 180 images, which are three chunks."""

METHOD = '''
"""Mixes two faces, and does what a file beside it asks for: so nothing of the run's identity."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import torch

from bench.plugins.contracts import MethodCard

HERE = Path(__file__).parent


class Mixture:
    card = MethodCard(name="mixture", description="mixes two faces")

    def prepare(self, context):
        return {"weights": os.environ.get("MIXTURE_WEIGHTS", "the usual ones")}

    def transfer(self, requests):
        with open(HERE / "calls", "a") as file:
            file.write(f"{os.getpid()} {requests[0].pair.key}\\n")
        threads = [torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS")]
        (HERE / f"threads-{os.getpid()}").write_text(f"{threads}")
        patience = time.monotonic() + 60
        while (HERE / "together").exists() and time.monotonic() < patience:
            if len(list(HERE.glob("threads-*"))) > 1:
                break
            time.sleep(0.05)
        time.sleep(float(os.environ.get("MIXTURE_SECONDS", 0)))
        first = requests[0].pair.key
        if (HERE / "hold").exists():
            (HERE / f"held-{os.getpid()}").touch()
            while (HERE / "hold").exists():
                time.sleep(0.05)
        if (HERE / "deadly").exists() and (HERE / "deadly").read_text() == first:
            os.kill(os.getpid(), signal.SIGKILL)
        if (HERE / "greedy").exists():
            (HERE / "greedy").unlink()
            kept = []
            while True:
                if len(kept) < 100:
                    kept.append(np.ones(2_000_000))
                time.sleep(0.02)
        images = []
        for request in requests:
            a = request.alpha
            mixed = (1 - a) * request.target_reference[0].pixels + a * request.source.pixels
            images.append(np.clip(mixed, 0, 255).astype(np.uint8))
        return np.stack(images)
'''


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., None]:
    return wait_until


def wait_until(is_so: Callable[[], object], what: str, seconds: float = 120.0) -> None:
    """Waits for something that must happen soon, on a machine that may be busy."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"in {seconds:.0f} s it was not so that {what}"
        time.sleep(0.05)


@pytest.fixture
def method(tmp_path: Path) -> Path:
    """A method in a file, in a folder where it looks for what it is to do."""
    folder = tmp_path / "method"
    folder.mkdir()
    (folder / "mixture.py").write_text(METHOD)
    return folder / "mixture.py"


@pytest.fixture(scope="session")
def session() -> Session:
    """Dataset and instruments of this process; workers open their own."""
    settings = api.Settings()
    return api.open_session(settings.load_benchmark().with_alphas(ALPHAS), settings)


@dataclass
class Bench:
    """Does in this process what the command does with one method on dev."""

    session: Session
    method: Path

    def settings(self, out: Path, dask: str | None = None, **others: Any) -> api.Settings:
        return api.Settings(out=out, dask=dask, **{"alphas": ALPHAS, "limit": LIMIT, **others})

    def complete(
        self,
        out: Path,
        dask: str | None = None,
        executor: Executor | None = None,
        **others: Any,
    ) -> Runner:
        """Makes what is missing in a folder of runs, with other processes or without."""
        settings = self.settings(out, dask, **others)
        runner = api.make_runner(self.session, load_method(str(self.method)), settings)
        with contextlib.ExitStack() as stack:
            if executor is None:
                executor = stack.enter_context(api.executor_of(settings))
            api.complete(runner, "dev", settings.alphas, settings.limit, executor)
        return runner

    @staticmethod
    def table(out: Path) -> dict[str, str]:
        """The files of the table by run and name, on disk or in object storage: their SHA-256."""
        kept = [path for name in ("scores", "references") for path in out.glob(f"*/*/{name}/*")]
        return {
            "/".join(path.parts[-3:]): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(kept)
        }

    def calls(self) -> list[tuple[int, str]]:
        """Process and first pair of each call of the method."""
        lines = (self.method.parent / "calls").read_text().splitlines()
        return [(int(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines]

    def held(self) -> list[int]:
        """The processes whose method waits in the middle of a chunk."""
        return [int(path.name.partition("-")[2]) for path in self.method.parent.glob("held-*")]


@pytest.fixture
def bench(session: Session, method: Path) -> Bench:
    return Bench(session, method)
