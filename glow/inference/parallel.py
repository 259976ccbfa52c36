"""Parts of a batch side by side: one processor thread for each, instead of all for each product.

The products of a small flow are too short to be shared between threads: much of the time goes
into waiting for one another, and nearly all of it where something else runs on the machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

__all__ = ["map_parts"]

Result = TypeVar("Result")


def map_parts(
    function: Callable[[slice], Result], count: int, device: torch.device
) -> list[Result]:
    """Applies a function to all parts of a batch, in inference mode.

    On a processor the parts run on as many threads as PyTorch may use (``torch.set_num_threads``).
    On other devices, or with one thread or one image, there is one part.

    Args:
        function: takes the images of a part.
        count: images of the batch.
        device: where the function computes.

    Returns:
        The results in the order of the images.
    """
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    if threads == 1 or count == 1:
        return [_inferring(function, slice(0, count))]
    size = -(-count // threads)
    parts = [slice(start, min(start + size, count)) for start in range(0, count, size)]
    return list(_workers(threads).map(lambda part: _inferring(function, part), parts))


@torch.inference_mode()
def _inferring(function: Callable[[slice], Result], part: slice) -> Result:
    return function(part)


@cache
def _workers(threads: int) -> ThreadPoolExecutor:
    """Threads that do not share their own products."""
    everyone = Barrier(threads)

    def alone() -> None:
        # A thread takes over the common number when it is first asked, and would do so later.
        torch.get_num_threads()
        torch.set_num_threads(1)
        everyone.wait()

    pool = ThreadPoolExecutor(threads, thread_name_prefix="glow")
    # Each waits for all others, so each of the threads takes one.
    for done in [pool.submit(alone) for _ in range(threads)]:
        done.result()
    # The number is a thread's own, but threads to come would take over what was last set anywhere.
    torch.set_num_threads(threads)
    return pool


if hasattr(os, "register_at_fork"):
    # A forked process has the memory of its parent, but none of its threads.
    os.register_at_fork(after_in_child=_workers.cache_clear)
