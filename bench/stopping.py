"""How a command ends that is told to: by Ctrl-C, or by SIGTERM of a scheduler or the system.

An exception is raised wherever the command is. It is none of those that libraries treat in ways of
their own; where one is lost all the same, because a library turns it into another or drops it, the
command stops before it writes anything more.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any, Final

__all__ = ["Stopped", "has_been_told", "heed", "report", "stop_if_told", "unheed"]

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """The user pressed Ctrl-C, or the system asked the process to end."""


class _Told:
    """Which signal came first; 0 for none."""

    number = 0


def heed() -> None:
    """From now on the signals raise :class:`Stopped`, in the main thread of the process.

    An interrupt that is ignored, as of what a script starts in the background, stays ignored.
    """
    sys.unraisablehook = _unraisable
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def unheed() -> None:
    """The command has ended: a signal ends what is left of the process, without a word."""
    for number in SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_DFL)


def has_been_told() -> bool:
    """Whether the process was told to stop."""
    return bool(_Told.number)


def stop_if_told() -> None:
    """To be called before something is kept that was computed.

    Raises:
        Stopped: the process was told to stop, and something went on all the same.
    """
    if _Told.number:
        raise Stopped


def report() -> int:
    """Says on stderr that the command has stopped, and how to go on; the exit status for that."""
    from bench.command_line import command_line

    print(f"stopped; to go on, type it again: {command_line()}", file=sys.stderr)
    return 128 + _Told.number


def _stop(number: int, frame: FrameType | None) -> None:
    _Told.number = _Told.number or number
    raise Stopped


def _unraisable(problem: Any) -> None:
    """What cannot be raised where it happens is shown, but for being told to stop."""
    if not issubclass(problem.exc_type, Stopped):
        sys.__unraisablehook__(problem)
