"""Any program as a method: it reads requests as JSON lines and writes images.

It is first told, on one line of its standard input::

    {"bench": 1, "dataset": "london", "resolution": 64, "device": "cpu", "seed": 0,
     "development": "/folder/of/dev/faces"}

and answers on one line of its standard output, once its weights are loaded::

    {"ready": true, "name": "my-gan", "version": "1.2", "has_alpha": true}

Then it answers one request after the other, until its standard input ends::

    {"id": 1, "alpha": 0.5, "resolution": 64, "source": "/a.png",
     "source_reference": ["/b.png"], "target_reference": ["/c.png"], "output": "/d.png"}
    {"id": 1, "status": "ok"}
    {"id": 1, "status": "error", "message": "no face found"}

The image is written to ``output``. An error may say ``"outcome": "timeout"`` or
``"invalid_output"``; else it is a ``method_error``.

The development folder holds ``faces.jsonl``, a line for each image: path, identity, sample,
expression and is_neutral.
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np

from bench.data.images import Pixels, check_image, read_image
from bench.methods.fingerprint import code_sha256
from bench.plugins import process, program
from bench.plugins.contracts import MethodCard, MethodContext, TransferRequest
from bench.plugins.face_files import FaceFiles, write_development
from bench.plugins.failures import InvalidOutput
from bench.plugins.parameters import Bounds
from bench.plugins.program import Program

__all__ = ["Command"]


class Command:
    """A program that is started once and asked for one image after the other.

    It runs in a temporary folder of its own. There lie, as PNG at the benchmark's resolution and
    under numbers, all images that it is given, and there it writes its own. Files and folders that
    the command line names, also behind the ``=`` of an option, are made absolute before, and what
    is in them is part of the run's identity; for anything else the program tells its version.

    Args:
        program: the command line, such as ``python my_program.py --weights my.pt``; no shell.
        timeout: seconds for an image; one that takes longer has the outcome ``timeout``.
        start_timeout: seconds until the program must be ready.
    """

    works_elsewhere = True
    """What the program does to itself, nobody sees here."""

    card = MethodCard(
        "command", "a program in any language: --param program='COMMAND LINE'", on_boards=False
    )

    def __init__(
        self,
        program: str = "",
        timeout: Annotated[float, Bounds(0)] = 60.0,
        start_timeout: Annotated[float, Bounds(0)] = 600.0,
    ) -> None:
        if not min(timeout, start_timeout) > 0.0:
            raise ValueError("timeout and start_timeout are seconds above 0")
        self._words, self._files = _command_line(program)
        self._timeout, self._start_timeout = timeout, start_timeout
        self._count = 0
        self._known: dict[tuple[str, float], Pixels | Exception] = {}

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self._folder = Path(tempfile.mkdtemp(prefix="bench-command-")).resolve()
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._resolution = context.resolution
        self._faces = FaceFiles(self._folder / "faces")
        development = self._folder / "development"
        write_development(development, context)
        greeting = {
            "dataset": context.dataset,
            "resolution": context.resolution,
            "device": context.device,
            "seed": context.seed,
            "development": str(development),
        }
        self._program = Program(
            self._words, self._folder, greeting,
            timeout=self._timeout, start_timeout=self._start_timeout,
        )  # fmt: skip
        said = self._program.card
        shown = f"{said.name} {said.version}".strip()
        self.card = replace(self.card, description=f"a program: {shown}", has_alpha=said.has_alpha)
        return {
            "program_name": said.name,
            "program_version": said.version,
            "program_files_sha256": _sha256(self._files),
            "protocol_sha256": code_sha256(process, program),
        }

    def transfer(self, requests: Sequence[TransferRequest]) -> Pixels:
        answers = [self._answer(request) for request in requests]
        images = [answer for answer in answers if not isinstance(answer, Exception)]
        if len(images) == len(answers):
            return np.stack(images)
        if len(answers) > 1:
            # The samples of a failed call are asked for again, one by one; the program is not.
            self._known = dict(zip(map(_key, requests), answers, strict=True))
        raise next(answer for answer in answers if isinstance(answer, Exception))

    def _answer(self, request: TransferRequest) -> Pixels | Exception:
        known = self._known.pop(_key(request), None)
        if known is not None:
            return known
        try:
            return self._ask(request)
        except (OSError, RuntimeError, ValueError) as error:
            return error

    def _ask(self, request: TransferRequest) -> Pixels:
        self._count += 1
        wanted = self._folder / f"output-{self._count}.png"
        self._program.ask(
            {
                "id": self._count,
                "alpha": request.alpha,
                "resolution": self._resolution,
                "source": self._faces.path(request.source),
                "source_reference": [self._faces.path(face) for face in request.source_reference],
                "target_reference": [self._faces.path(face) for face in request.target_reference],
                "output": str(wanted),
            },
            request.pair.key,
        )
        try:
            if problem := check_image(wanted, self._resolution):
                raise InvalidOutput(f"the image that it wrote {problem}")
            return read_image(wanted)
        finally:
            wanted.unlink(missing_ok=True)


def _command_line(text: str) -> tuple[list[str], list[Path]]:
    """The words of a command line, with paths made absolute; and the files that they name.

    A path is a word, or what follows the ``=`` of an option, that is there: a file, or a folder,
    which stands for all files in it.

    Raises:
        ValueError: it has no word, or a quotation without an end.
    """
    try:
        program, *arguments = shlex.split(text)
    except ValueError as error:
        if text.strip():
            raise ValueError(f"program={text!r} is no command line: {error}") from error
        raise ValueError("it needs --param program='python my_program.py'") from error
    words, files = [], []
    for place, word in enumerate((program, *arguments)):
        option, equals, value = word.rpartition("=") if word.startswith("-") else ("", "", word)
        # As in a shell, a program without a slash is looked for on the path.
        path = None if place == 0 and "/" not in word else _existing(value)
        words.append(word if path is None else f"{option}{equals}{path}")
        files += [] if path is None else _files_of(path)
    return words, files


def _existing(word: str) -> Path | None:
    """The absolute path that a word names; None if it names none."""
    try:
        return Path(word).absolute() if word and Path(word).exists() else None
    except OSError:  # longer than a name may be, or in a folder that is not ours to read
        return None


def _files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())


def _key(request: TransferRequest) -> tuple[str, float]:
    return request.pair.key, request.alpha


def _sha256(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
