"""What a worker of a cluster on this machine does first: Dask loads this module into it."""

from __future__ import annotations

import signal
from typing import Any

__all__ = ["dask_setup"]


def dask_setup(worker: Any) -> None:
    """Leaves Ctrl-C to the command, which ends its workers; a terminal sends it to all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
