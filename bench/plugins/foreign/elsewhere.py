"""A method's place in a process of its own, and what is said of it there.

The process works in another Python environment (``--python``) or in this one (``--isolate``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from bench.plugins.foreign.limits import Limits
from bench.plugins.process import LineProcess, ProcessEnded

__all__ = ["RUNNER", "CannotLoad", "Elsewhere", "is_elsewhere", "place_here", "place_of"]

RUNNER: Final = Path(__file__).with_name("runner.py")

USUAL: Final = Limits()

NEEDS: Final = "Python 3.9 or later, with numpy and Pillow"


class CannotLoad(Exception):
    """The environment works, and the method cannot be imported in it; the message says why."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A method in a process of its own.

    Attributes:
        python: the interpreter, absolute; links are kept, as they tell an environment.
        method: an absolute file, or ``MODULE:CLASS``.
        limits: what it may take.
        is_here: whether its environment is this one: it then finds what can be imported here, and
            may ask for all that a method may ask for that works in the process of bench.
    """

    python: Path
    method: str
    limits: Limits = USUAL
    is_here: bool = False

    @property
    def command(self) -> list[str]:
        """Starts the runner there.

        In another environment without the variables of this one (``-E``), which may name its
        packages; and without byte code beside the method's file (``-B``).
        """
        flags = ["-B"] if self.is_here else ["-E", "-B"]
        return [str(self.python), *flags, str(RUNNER)]

    @property
    def variables(self) -> dict[str, str]:
        """Variables that the runner is to have: as many threads as here, so the same rounding."""
        torch = sys.modules.get("torch")
        if not self.is_here or torch is None:
            return {}
        return {"OMP_NUM_THREADS": str(torch.get_num_threads())}

    @property
    def greeting(self) -> dict[str, Any]:
        """What the runner is told first.

        A file can import what lies in its folder, a module what lies where bench was called.
        """
        is_file = self.method.endswith(".py")
        folder = Path(self.method).parent if is_file else Path.cwd()
        told: dict[str, Any] = {"method": self.method, "folder": str(folder)}
        if self.limits.memory_mib is not None:
            told["memory_mib"] = self.limits.memory_mib
        if self.is_here:
            told |= {"path": sys.path, "timeout": self.limits.timeout}
        return told

    def describe(self) -> Mapping[str, Any]:
        """What the runner says of the method before it has a context.

        Raises:
            CannotLoad: the method cannot be imported there.
            BenchError: the environment does not work, or lacks numpy or Pillow.
        """
        try:
            with closing(LineProcess(self.command, Path.cwd(), self.variables)) as process:
                line = process.exchange(json.dumps(self.greeting), self.limits.start_timeout)
                answer = json.loads(line)
            if not isinstance(answer, dict) or not isinstance(answer.get("ready"), bool):
                raise ValueError("it does not answer as Python does")
        except (OSError, ProcessEnded, ValueError, RecursionError) as error:
            if self.is_here:
                raise CannotLoad(f"while it is imported, {error}") from error
            raise BenchError(f"{self.python} cannot run a method: {error}", hint=NEEDS) from error
        if answer["ready"]:
            return answer
        if answer.get("lacking"):
            raise BenchError(
                f"{self.python} cannot run a method: {answer['message']}",
                hint=f"{self.python} -m pip install numpy pillow",
            )
        raise CannotLoad(answer["message"])


def is_elsewhere(name: str) -> bool:
    """Whether ``--python`` is for a method of this name: ``FILE.py`` or ``MODULE:CLASS``."""
    return name.endswith(".py") or re.fullmatch(r"[\w.]+:\w+", name) is not None


def place_here(method: str, limits: Limits) -> Elsewhere:
    """The place of a method in a process of its own, in this environment.

    Args:
        method: a file that is there, or ``MODULE:CLASS``.
        limits: what it may take.

    Raises:
        BenchError: there are no such processes on this system.
    """
    if sys.platform == "win32":
        raise BenchError(
            "--isolate needs Linux or macOS: Windows has no process groups and limits like theirs",
            hint="leave it out, or use the Windows Subsystem for Linux",
        )
    path = str(Path(method).absolute()) if method.endswith(".py") else method
    return Elsewhere(Path(sys.executable), path, limits, is_here=True)


def place_of(name: str, python: Path, limits: Limits | None = None) -> Elsewhere:
    """The place of a method in another environment.

    Args:
        name: ``FILE.py`` or ``MODULE:CLASS``.
        python: path of an interpreter, or the name of one on the path.
        limits: what it may take; None for what is usual.

    Raises:
        BenchError: the name is neither, or there is no such file or interpreter.
    """
    if not is_elsewhere(name):
        raise BenchError(
            f"--python runs a file or a class, and {name!r} is neither",
            hint="FILE.py, or MODULE:CLASS that can be imported there",
        )
    found = shutil.which(python) if python.name == str(python) else str(python)
    interpreter = Path(found or python).absolute()
    if not (interpreter.is_file() and os.access(interpreter, os.X_OK)):
        inside = interpreter / "bin" / "python"
        hint = f"--python {inside}" if inside.exists() else "python -m venv DIR: DIR/bin/python"
        raise BenchError(f"no Python interpreter at {interpreter}", hint=hint)
    if name.endswith(".py"):
        if not Path(name).is_file():
            raise BenchError(f"no method file at {name}")
        name = str(Path(name).absolute())
    return Elsewhere(interpreter, name, limits or USUAL)
