"""Where progress is shown: on stderr, in a notebook's cell, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["showing_progress", "stderr_console", "warn"]

_SHOWN: ContextVar[bool] = ContextVar("shown", default=True)


def stderr_console() -> Console:
    """A console for progress bars and status lines."""
    from rich.console import Console

    if not _SHOWN.get():
        return Console(stderr=True, quiet=True, force_jupyter=False)
    console = Console(stderr=True)
    if console.is_jupyter and find_spec("ipywidgets") is None:
        # Bars cannot move there: rich would warn at every step, or write what a terminal reads.
        return Console(stderr=True, force_jupyter=False, force_terminal=False)
    return console


def warn(message: str) -> None:
    """Says on stderr what went wrong and was mended, or may surprise."""
    console = stderr_console()
    console.print(f"warning: {message}", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def showing_progress(shown: bool) -> Iterator[None]:
    """Consoles that are made inside show progress, or stay silent."""
    token = _SHOWN.set(shown)
    try:
        yield
    finally:
        _SHOWN.reset(token)
