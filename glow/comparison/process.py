"""The other end of a worker: starts it, asks it, ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

from glow.comparison.cells import Task
from glow.comparison.flops import matrix_weights
from glow.comparison.measure import ContestantError, Direction
from glow.comparison.memory import available_mib

__all__ = ["Ready", "Worker"]

_PROCESS_MIB = 600.0
_COPIES = 2.0
_COPIES_OF_COMPILED = 3.0


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says after it has made its flow, encoded and decoded once.

    Attributes:
        peak_mib: largest resident memory of the process, imports included.
        model_mib: resident memory before the first call, with imports and weights.
        round_trip: largest difference of an image value, in [0, 1], to its decoded latents.
    """

    peak_mib: float
    model_mib: float
    round_trip: float


class Worker:
    """A running ``glow.comparison.worker``; use it in a ``with`` block.

    Raises:
        ContestantError: the flow could not be made or does not run here.
    """

    def __init__(self, task: Task) -> None:
        _check_memory(task)
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "glow.comparison.worker", task.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, **_ONE_THREAD},
        )
        try:
            self.ready = Ready(**self._receive())
        except BaseException:
            self.close()
            raise

    def call(self, direction: Direction) -> float:
        """Processor seconds of one ``encode`` or ``decode`` of the batch.

        Raises:
            ContestantError: the call failed or the process has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{direction}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ContestantError(self._why_ended()) from None
        return float(self._receive()["seconds"])

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ContestantError(self._why_ended())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ContestantError(answer["error"])
        return answer

    def _why_ended(self) -> str:
        status = self._process.wait()
        if status < 0:
            return f"its process was ended by signal {-status}; 9 is often a lack of memory"
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1] if lines else f"its process ended with status {status}"


_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Else the compiler keeps processes of its own.
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
}


def _check_memory(task: Task) -> None:
    """Better no number than a machine that runs out of memory."""
    copies = _COPIES_OF_COMPILED if task.contestant.compiled else _COPIES
    weights_mib = matrix_weights(task.cell.config_of(task.contestant)) * 4 / 2**20
    needed, free = _PROCESS_MIB + copies * weights_mib, available_mib()
    if free is not None and free < needed:
        raise ContestantError(
            f"needs about {needed:.0f} MiB beside the others, {free:.0f} MiB are free; compare "
            "fewer at once"
        )
