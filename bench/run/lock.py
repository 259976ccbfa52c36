"""One process at a time writes to a run.

The lock is the system's own (flock, or the lock of a byte on Windows): it ends with its process,
however that ends, and a clock that is wrong does not matter.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from bench.errors import BenchError
from bench.run.files import disk_errors, is_object_storage, remove_partials

__all__ = ["locked"]

NAME: Final = "run.lock"

WITHOUT_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""Of a file system that has none, as of some network mounts: there nothing is held either."""

if sys.platform == "win32":
    import msvcrt

    _FAR: Final = 1 << 30
    """Beyond the text, which others may read meanwhile."""

    def _take(file: IO[str]) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
else:
    import fcntl

    def _take(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a run's folder, which is made if it is not there.

    What a killed process has left half-written is removed.

    Object storage has no locks: there nothing is held. Two processes compute the same files then,
    and each row counts once all the same.

    Raises:
        BenchError: another process holds it, or the folder is not writable.
    """
    if is_object_storage(folder):
        yield
        return
    path = folder / NAME
    with disk_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    with file:
        try:
            _take(file)
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                raise BenchError(
                    f"another process writes to {folder}{_holder(path)}",
                    hint="wait until it has ended, or choose another --out",
                ) from error
        # Whoever left these was killed while it wrote them: nobody else writes here now.
        remove_partials(folder)
        _sign(file)
        yield


def _sign(file: IO[str]) -> None:
    """Says who holds the lock; where the disk is full, nobody is told."""
    text = json.dumps({"process": os.getpid(), "host": socket.gethostname()})
    with suppress(OSError):
        os.ftruncate(file.fileno(), 0)
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        os.write(file.fileno(), text.encode())


def _holder(path: Path) -> str:
    """Who wrote itself into the lock's file: ``: process 12 on host``."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        values = json.loads(text)
        return f": process {int(values['process'])} on {str(values['host'])[:80]}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
