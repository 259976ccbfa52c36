"""A method's place in another Python environment, and what that environment says of it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from bench.plugins.process import LineProcess, ProcessEnded

__all__ = ["RUNNER", "CannotLoad", "Elsewhere", "is_elsewhere", "place_of"]

RUNNER: Final = Path(__file__).with_name("runner.py")

NEEDS: Final = "Python 3.9 or later, with numpy and Pillow"

SECONDS: Final = 600.0
"""Until a method is imported: a large library may lie on a slow disk."""


class CannotLoad(Exception):
    """The environment works, and the method cannot be imported in it; the message says why."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A method in another environment.

    Attributes:
        python: its interpreter, absolute; links are kept, as they tell an environment.
        method: an absolute file, or ``MODULE:CLASS``.
    """

    python: Path
    method: str

    @property
    def command(self) -> list[str]:
        """Starts the runner there.

        Without the variables of this environment (``-E``), which may name its packages, and
        without byte code beside the method's file (``-B``).
        """
        return [str(self.python), "-E", "-B", str(RUNNER)]

    @property
    def greeting(self) -> dict[str, Any]:
        """What the runner is told first.

        A file can import what lies in its folder, a module what lies where bench was called.
        """
        is_file = self.method.endswith(".py")
        folder = Path(self.method).parent if is_file else Path.cwd()
        return {"method": self.method, "folder": str(folder)}

    def describe(self) -> Mapping[str, Any]:
        """What the runner says of the method before it has a context.

        Raises:
            CannotLoad: the method cannot be imported there.
            BenchError: the environment does not work, or lacks numpy or Pillow.
        """
        try:
            with closing(LineProcess(self.command, Path.cwd())) as process:
                answer = json.loads(process.exchange(json.dumps(self.greeting), SECONDS))
            if not isinstance(answer, dict) or not isinstance(answer.get("ready"), bool):
                raise ValueError("it does not answer as Python does")
        except (OSError, ProcessEnded, ValueError) as error:
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


def place_of(name: str, python: Path) -> Elsewhere:
    """The place of a method.

    Args:
        name: ``FILE.py`` or ``MODULE:CLASS``.
        python: path of an interpreter, or the name of one on the path.

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
    return Elsewhere(interpreter, name)
