"""How many threads a process computes with, where several share the cores of a machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

__all__ = ["THREAD_VARIABLES", "limited_threads", "own_threads", "threads_for"]

THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""How the libraries that compute are told how many threads to start, when they are loaded."""


def threads_for(workers: int) -> int:
    """Threads of each of so many processes, so that all together are no more than cores."""
    share = max(1, cores() // workers)
    told = os.environ.get(THREAD_VARIABLES[0], "")
    return min(share, int(told)) if told.isdigit() and int(told) else share


def cores() -> int:
    """Of the machine, that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Libraries that are loaded inside, here and in processes that are started, use so many."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def own_threads(threads: int) -> Iterator[None]:
    """PyTorch computes with so many in this process."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
