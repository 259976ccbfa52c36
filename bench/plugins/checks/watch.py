"""What a plugin does to files and to the network, seen by an audit hook of Python.

What a library in C or another process does is not seen. An audit hook stays until the process ends:
watch where a process does nothing else.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

__all__ = ["Watch"]

WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

CHANGES: Final = {
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
}
"""Event -> where among its arguments the path of a change is, and the folder it is relative to."""

NETWORK: Final = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")


class Watch:
    """Notes what happens while a plugin works.

    Args:
        own: the folder in which it may write.
        off_limits: files that it may not open, as resolved paths.

    Attributes:
        written: paths outside of ``own`` that were written, made, moved or removed.
        connections: what was asked of the network.
        read: files that are off limits and were opened.
    """

    def __init__(self, own: Path, off_limits: Collection[str] = ()) -> None:
        self._own = os.path.realpath(own)
        self._off_limits = frozenset(off_limits)
        self._is_working = False
        self._aside = threading.local()
        self.written: dict[str, None] = {}
        self.connections: dict[str, None] = {}
        self.read: dict[str, None] = {}
        sys.addaudithook(self._hear)

    @contextmanager
    def plugin(self) -> Iterator[None]:
        """The plugin works, in whatever threads."""
        self._is_working = True
        try:
            yield
        finally:
            self._is_working = False

    @contextmanager
    def harness(self) -> Iterator[None]:
        """The plugin asked the harness, which works in this thread meanwhile."""
        before = getattr(self._aside, "is_harness", False)
        self._aside.is_harness = True
        try:
            yield
        finally:
            self._aside.is_harness = before

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_working or getattr(self._aside, "is_harness", False):
            return
        if event == "open":
            self._hear_open(*arguments)
        elif event in CHANGES:
            for place, folder in CHANGES[event]:
                path = _resolved(arguments[place], None if folder is None else arguments[folder])
                # A folder that is there is not made: mkdir(exist_ok=True) asks all the same.
                if path is not None and not (event == "os.mkdir" and os.path.isdir(path)):
                    self._note_write(path)
        elif event in NETWORK and (asked := _asked(event, arguments)):
            self.connections[asked] = None

    def _hear_open(self, path: Any, mode: str | None, flags: int) -> None:
        resolved = _resolved(path)
        if resolved is None:
            return
        if flags & WRITING:
            self._note_write(resolved)
        elif resolved in self._off_limits:
            self.read[resolved] = None

    def _note_write(self, path: str) -> None:
        if not path.startswith((self._own + os.sep, "/dev/", "/proc/self/")) and path != self._own:
            self.written[path] = None


def _resolved(path: Any, folder: int | None = None) -> str | None:
    """The path without links; None for an open file, or where it cannot be told."""
    if isinstance(path, int) or path is None:
        return None
    try:
        text = os.fsdecode(path)
        if folder is not None and folder >= 0 and not os.path.isabs(text):
            text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
        return os.path.realpath(text)
    except (OSError, TypeError, ValueError):
        return None


def _asked(event: str, arguments: tuple[Any, ...]) -> str:
    """Whom the network was asked for; empty for a socket of this machine's file system."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        return f"the name {arguments[0]}" if arguments[0] is not None else ""
    address = arguments[1]
    return f"{address[0]}:{address[1]}" if isinstance(address, tuple) else ""
