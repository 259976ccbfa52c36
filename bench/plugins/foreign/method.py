"""A method that works in a process of its own, as the harness sees it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.data.split import Pair
from bench.plugins import process, program
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest
from bench.plugins.entries import one_line
from bench.plugins.face_files import FaceFiles, face_row, write_development
from bench.plugins.failures import InvalidOutput
from bench.plugins.foreign.elsewhere import RUNNER, Elsewhere
from bench.plugins.program import Program

__all__ = ["START_TIMEOUT", "TIMEOUT", "ForeignMethod", "ReconstructingMethod"]

TIMEOUT: Final = "python_timeout"
START_TIMEOUT: Final = "python_start_timeout"

BATCH: Final = 16
"""Images of a call in another environment, where a hanging call is waited for longer."""


class ForeignMethod:
    """Sends requests to the runner in a process of its own and reads the arrays that it writes.

    The runner works where bench was called, so that relative paths among the parameters are found.
    It is started anew, and the method prepared anew, after it ended or let the time pass.

    Args:
        where: interpreter, method and limits.
        card: as the class has it.
        values: parameters of the method and, in another environment, ``python_timeout`` and
            ``python_start_timeout``.
    """

    card: MethodCard
    works_elsewhere = True
    """What it does to its own process, nobody sees here."""

    def __init__(self, where: Elsewhere, card: MethodCard, values: Mapping[str, Any]) -> None:
        self.card = card
        self._where, self._values = where, dict(values)
        limits = where.limits
        self._timeout: float = self._values.pop(TIMEOUT, limits.timeout)
        self._start_timeout: float = self._values.pop(START_TIMEOUT, limits.start_timeout)
        self._count = 0
        self._neutral: dict[str, Face] = {}

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        """Starts the runner, which prepares the method.

        Returns:
            What the method returns there; of another environment also its versions, and the hash
            of what carries images to it and back.

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
        told: dict[str, Any] = {
            "dataset": context.dataset,
            "resolution": context.resolution,
            "device": context.device,
            "seed": context.seed,
            "development": str(development),
        }
        greeting = {**self._where.greeting, "folder_of_bench": str(self._folder)}
        asked = None
        if self._where.is_here:
            told["landmark_scheme"] = context.landmark_scheme
            told["landmark_source"] = context.landmark_source
            asked = Answers(context, self._faces).answer
        values = {k: str(v) if isinstance(v, Path) else v for k, v in self._values.items()}
        self._program = Program(
            self._where.command, Path.cwd(), {**greeting, "parameters": values, "context": told},
            timeout=self._timeout, start_timeout=self._start_timeout,
            who=f"method {self.card.name!r}", asked=asked, variables=self._where.variables,
        )  # fmt: skip
        said = self._program.ready
        if said["problem"]:
            raise ValueError(said["problem"])
        self.card = MethodCard(**said["card"])
        if self._where.is_here:
            return dict(said["fingerprint"])
        environment = {f"environment_{name}": text for name, text in said["environment"].items()}
        return {**said["fingerprint"], **environment, "runner_sha256": _code_sha256()}

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[np.generic]:
        batch = len(requests) if self._where.is_here else BATCH
        made = [
            self._made(self._call(asked), len(asked), asked[0].pair.key)
            for start in range(0, len(requests), batch)
            if (asked := requests[start : start + batch])
        ]
        if len(made) == 1:
            return made[0]
        if len({array.dtype for array in made}) > 1:
            raise InvalidOutput("arrays of different types")
        return np.concatenate(made)

    def _made(self, call: Mapping[str, Any], images: int, first: str) -> NDArray[np.generic]:
        self._count += 1
        output = self._folder / f"output-{self._count}.npy"
        try:
            answer = self._program.ask(
                {"id": self._count, **call, "output": str(output)},
                first if images == 1 else "",
                images,
            )
            if "returned" in answer:
                # For the harness to refuse, with the words that it has for it.
                made: NDArray[np.generic] = _like(answer)
                return made
            made = np.load(output, allow_pickle=False)
        except (EOFError, FileNotFoundError) as error:
            # Without the path, which is another one in every run: what is stored is not.
            raise InvalidOutput("it wrote no array that can be read") from error
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
        neutral = {}
        if not self._where.is_here:  # where it can ask
            people = {name for r in requests for name in (r.pair.source, r.pair.target)}
            neutral = {name: place(self._neutral_of(name)) for name in sorted(people)}
        return {"faces": rows, "neutral": neutral, "requests": asked}

    def _neutral_of(self, identity: str) -> Face:
        if identity not in self._neutral:
            self._neutral[identity] = self._find_neutral(identity)
        return self._neutral[identity]


class ReconstructingMethod(ForeignMethod):
    """The same of a method that can encode faces and decode them again."""

    def reconstruct(self, faces: Sequence[Face]) -> NDArray[np.generic]:
        rows = [face_row(face, self._faces) for face in faces]
        call = {"faces": rows, "neutral": {}, "reconstruct": True}
        return self._made(call, len(faces), f"reconstruct {faces[0].key}")


class Answers:
    """Answers what a method asks of its context, which bench alone knows.

    Args:
        context: what a method learns in the process of bench.
        files: where faces are written.
    """

    def __init__(self, context: MethodContext, files: FaceFiles) -> None:
        self._context, self._files = context, files
        self._development: dict[tuple[str, str], Face] = {}

    def answer(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """``{"answer": ...}``, or an ``error`` that the method is to see.

        Args:
            question: ``ask``, a name of the context's, and ``of``, its arguments.
        """
        context = self._context
        known: dict[str, Callable[..., Any]] = {
            "neutral": lambda identity: self._row(context.neutral(identity)),
            "look_up": lambda identity, expression: self._row(
                context.look_up(identity, expression)
            ),
            "stranger": lambda pair: self._row(context.stranger(Pair(**pair))),
            "landmarks": self._landmarks,
        }
        try:
            return {"answer": known[question["ask"]](*question["of"])}
        except (LookupError, TypeError, ValueError) as error:
            return {"error": one_line(error)}

    def _row(self, face: Face | None) -> dict[str, Any] | None:
        return None if face is None else face_row(face, self._files)

    def _landmarks(self, keys: Sequence[Sequence[str]]) -> list[Any]:
        faces = [self._face(identity, sample) for identity, sample in keys]
        found = self._context.landmarks(faces)
        return [None if points is None else points.tolist() for points in found]

    def _face(self, identity: str, sample: str) -> Face:
        """A face that it was given.

        Raises:
            KeyError: it was given no such face.
        """
        if (identity, sample) in self._files.written:
            return self._files.written[identity, sample]
        if not self._development:
            self._development = {face.key: face for face in self._context.development()}
        return self._development[identity, sample]


def _like(answer: Mapping[str, Any]) -> Any:
    """Something like what a method returned that is no array of numbers."""
    if "shape" in answer:
        return np.empty(tuple(answer["shape"]), dtype=object)
    return type(str(answer["returned"]), (), {})()


def _code_sha256() -> str:
    digest = hashlib.sha256(RUNNER.read_bytes())
    for module in (process, program):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()
