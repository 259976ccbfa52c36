"""The command that is recorded with results: what was typed, or what a call stands for."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["command_line", "standing_for"]

_STANDS_FOR: ContextVar[str | None] = ContextVar("command", default=None)


def command_line() -> str:
    """The command as one line for a shell."""
    return _STANDS_FOR.get() or shlex.join(["bench", *sys.argv[1:]])


@contextmanager
def standing_for(command: str) -> Iterator[None]:
    """What runs inside is recorded under this command, whatever program it runs in."""
    token = _STANDS_FOR.set(command)
    try:
        yield
    finally:
        _STANDS_FOR.reset(token)
