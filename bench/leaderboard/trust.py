"""What a stranger's entry may make this machine do: run installed methods, and nothing else.

Entries come from anybody, and ``bench leaderboard verify`` runs what they name. A method's file, a
parameter that is a command line, or an instrument's path would run a stranger's code.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from bench.errors import BenchError
from bench.plugins.registry import MethodEntry, load_method

__all__ = ["check_parameters", "installed_method", "plain_name"]

NAME = re.compile(r"[\w+-]+")
WORD = re.compile(r"[\w.+-]*")


def installed_method(name: str) -> MethodEntry:
    """The installed method of a name; never a file, which ``load_method`` would run.

    Raises:
        BenchError: no method of that name is installed.
    """
    if not NAME.fullmatch(name):
        raise BenchError(f"no method called {name!r} is installed")
    return load_method(name)


def plain_name(name: str | None) -> str | None:
    """The name of an instrument; None for one with a path, which could name a program."""
    return name if name is not None and NAME.fullmatch(name) else None


def check_parameters(method: MethodEntry, parameters: Mapping[str, str]) -> None:
    """Refuses parameters that could name a file or a program of this machine.

    Numbers cannot. A text cannot if it is one word without a slash, and here is no file and no
    command of that name.

    Args:
        method: which has the parameters.
        parameters: as an entry says.

    Raises:
        BenchError: a parameter could.
    """
    for name, text in parameters.items():
        declared = method.parameters().get(name)
        is_text = declared is None or declared.default is None or isinstance(declared.default, str)
        harmless = WORD.fullmatch(text) and not shutil.which(text) and not Path(text).exists()
        if is_text and text and not harmless:
            raise BenchError(
                f"parameter {name} of {method.name} is {text!r}, which may name a program or a "
                "file of this machine: an entry is not trusted with that",
                hint="read its entry.json; if you trust it, add --trust",
            )
