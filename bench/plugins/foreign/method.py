"""A method that works in another Python environment, as the harness sees it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.plugins import process, program
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest
from bench.plugins.face_files import FaceFiles, face_row, write_development
from bench.plugins.failures import InvalidOutput
from bench.plugins.foreign.elsewhere import RUNNER, Elsewhere
from bench.plugins.program import Program

__all__ = ["START_TIMEOUT", "TIMEOUT", "ForeignMethod"]

TIMEOUT: Final = "python_timeout"
START_TIMEOUT: Final = "python_start_timeout"

BATCH: Final = 16
"""Images of a call: what is waited for, and made again one by one, if one of them hangs."""


class ForeignMethod:
    """Sends requests to the runner in another environment and reads the arrays that it writes.

    The runner works where bench was called, so that relative paths among the parameters are found.
    It is started anew, and the method prepared anew, after it ended or let the time pass.

    Args:
        where: interpreter and method.
        card: as the class has it.
        values: parameters of the method, and ``python_timeout`` and ``python_start_timeout``.
    """

    card: MethodCard
    works_elsewhere = True
    """What it does to its own process, nobody sees here."""

    def __init__(self, where: Elsewhere, card: MethodCard, values: Mapping[str, Any]) -> None:
        self.card = card
        self._where, self._values = where, dict(values)
        self._timeout: float = self._values.pop(TIMEOUT, 60.0)
        self._start_timeout: float = self._values.pop(START_TIMEOUT, 600.0)
        self._count = 0
        self._neutral: dict[str, Face] = {}

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        """Starts the runner, which prepares the method.

        Returns:
            What the method returns there, the versions of that environment, and the hash of what
            carries images to it and back.

        Raises:
            ValueError: the method cannot be made or prepared.
            OSError, RuntimeError: the runner was not ready.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="bench-python-")).resolve()
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._faces = FaceFiles(self._folder / "faces")
        self._find_neutral = context.neutral
        development = self._folder / "development"
        write_development(development, context)
        told = {
            "dataset": context.dataset,
            "resolution": context.resolution,
            "device": context.device,
            "seed": context.seed,
            "development": str(development),
        }
        values = {k: str(v) if isinstance(v, Path) else v for k, v in self._values.items()}
        greeting = {**self._where.greeting, "parameters": values, "context": told}
        self._program = Program(
            self._where.command, Path.cwd(), greeting,
            timeout=self._timeout, start_timeout=self._start_timeout,
        )  # fmt: skip
        said = self._program.ready
        if said["problem"]:
            raise ValueError(said["problem"])
        self.card = MethodCard(**said["card"])
        environment = {f"environment_{name}": text for name, text in said["environment"].items()}
        return {**said["fingerprint"], **environment, "runner_sha256": _code_sha256()}

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[np.generic]:
        made = [
            self._made(requests[start : start + BATCH]) for start in range(0, len(requests), BATCH)
        ]
        if len(made) == 1:
            return made[0]
        if len({array.dtype for array in made}) > 1:
            raise InvalidOutput("arrays of different types")
        return np.concatenate(made)

    def _made(self, requests: Sequence[TransferRequest]) -> NDArray[np.generic]:
        self._count += 1
        output = self._folder / f"output-{self._count}.npy"
        call = {"id": self._count, **self._call(requests), "output": str(output)}
        try:
            pair = requests[0].pair.key if len(requests) == 1 else ""
            self._program.ask(call, pair, images=len(requests))
            made: NDArray[np.generic] = np.load(output, allow_pickle=False)
        except (EOFError, FileNotFoundError) as error:
            raise InvalidOutput(f"the array cannot be read: {error}") from error
        finally:
            output.unlink(missing_ok=True)
        return made

    def _call(self, requests: Sequence[TransferRequest]) -> dict[str, Any]:
        """Requests as JSON values: each face is listed once, and named by its place."""
        rows: list[dict[str, Any]] = []
        places: dict[tuple[str, str], int] = {}

        def place(face: Face) -> int:
            if face.key not in places:
                places[face.key] = len(rows)
                rows.append(face_row(face, self._faces))
            return places[face.key]

        asked = [
            {
                "pair": asdict(request.pair),
                "alpha": request.alpha,
                "source": place(request.source),
                "source_reference": [place(face) for face in request.source_reference],
                "target_reference": [place(face) for face in request.target_reference],
            }
            for request in requests
        ]
        people = {name for r in requests for name in (r.pair.source, r.pair.target)}
        neutral = {name: place(self._neutral_of(name)) for name in sorted(people)}
        return {"faces": rows, "neutral": neutral, "requests": asked}

    def _neutral_of(self, identity: str) -> Face:
        if identity not in self._neutral:
            self._neutral[identity] = self._find_neutral(identity)
        return self._neutral[identity]


def _code_sha256() -> str:
    digest = hashlib.sha256(RUNNER.read_bytes())
    for module in (process, program):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()
