"""Which command the workers compute for, said in the run's folder.

A small file with a random text: a worker that reads the text of its command there sees the same
folder as the command, and one that no longer does stops after the chunk that it makes. So workers
stop when the command ends, and where two commands use one folder in object storage, which has no
locks, the later one goes on alone.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.run.files import opened, write_atomically

__all__ = ["claimed", "is_claimed", "sees_claim"]

NAME: Final = "workers.json"


@contextmanager
def claimed(folder: Path) -> Iterator[str]:
    """Claims a run's folder for the workers of this process; what is yielded, they look for.

    Raises:
        BenchError: the folder is not writable.
    """
    token = uuid.uuid4().hex
    text = json.dumps({"token": token, "process": os.getpid(), "host": socket.gethostname()})
    path = folder / NAME
    write_atomically(path, text.encode(), wait_for_disk=False)
    try:
        yield token
    finally:
        # A claim that is left behind harms nobody: the next command writes its own.
        with suppress(BenchError, OSError):
            if is_claimed(folder, token):
                path.unlink(missing_ok=True)


def is_claimed(folder: Path, token: str) -> bool:
    """Whether the folder is claimed, here and now, by that command.

    Raises:
        BenchError: object storage cannot be reached.
    """
    path = folder / NAME
    try:
        with opened(path):
            text = path.read_bytes() if path.exists() else b""
        return bool(json.loads(text)["token"] == token)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def sees_claim(folder: Path, token: str, patience: float) -> bool:
    """The same, given time to appear: network file systems show late what others wrote.

    Args:
        folder: of the run.
        token: what the claim must say.
        patience: seconds.

    Raises:
        BenchError: object storage cannot be reached.
    """
    deadline = time.monotonic() + patience
    while not is_claimed(folder, token):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
