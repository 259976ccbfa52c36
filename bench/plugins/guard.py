"""What a plugin does to the process that it works in, undone: what it prints, what it seeds.

Results go to stdout, so what a plugin prints there goes to stderr. The global random generators
are seeded for every call by what is asked for, and are afterwards as they were: a plugin that draws
from them makes the same images again, and one that seeds them changes nothing for anybody else.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, Final

__all__ = ["guarded", "results_apart"]


class _Output:
    """Standard output turned into standard error, by the first of all threads that ask for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking = 0
        self._saved: int | None = None
        self._redirection: redirect_stdout[Any] | None = None

    def turn(self) -> None:
        with self._lock:
            self._asking += 1
            if self._asking > 1:
                return
            _flush()
            self._redirection = redirect_stdout(sys.stderr)
            self._redirection.__enter__()
            with suppress(OSError):  # one of them is closed: nothing can be mixed
                saved = os.dup(1)
                try:
                    os.dup2(2, 1)
                except OSError:
                    os.close(saved)
                else:
                    self._saved = saved

    def turn_back(self) -> None:
        with self._lock:
            self._asking -= 1
            if self._asking:
                return
            _flush()
            if self._redirection is not None:
                self._redirection.__exit__(None, None, None)
                self._redirection = None
            if self._saved is not None:
                os.dup2(self._saved, 1)
                os.close(self._saved)
                self._saved = None


_OUTPUT: Final = _Output()


@contextmanager
def results_apart() -> Iterator[None]:
    """What is printed inside, by whatever means, goes to stderr."""
    _OUTPUT.turn()
    try:
        yield
    finally:
        _OUTPUT.turn_back()


@contextmanager
def guarded(seed: int, *asked: object) -> Iterator[None]:
    """A plugin works inside.

    Args:
        seed: of the run.
        asked: what it is asked for; the global generators begin with this and the seed.
    """
    before = _states()
    _seed(int.from_bytes(hashlib.sha256(repr((seed, *asked)).encode()).digest()[:4]))
    try:
        with results_apart():
            yield
    finally:
        _restore(before)


def _flush() -> None:
    """Empties the buffers of Python and of the C library."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)


def _states() -> dict[str, Any]:
    """Those of the generators that somebody has imported: else there is nothing to look after."""
    states: dict[str, Any] = {"random": random.getstate()}
    if "numpy" in sys.modules:
        states["numpy"] = sys.modules["numpy"].random.get_state()
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        states["torch"] = torch.get_rng_state()
        if torch.cuda.is_initialized():
            states["cuda"] = torch.cuda.get_rng_state_all()
    return states


def _seed(number: int) -> None:
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number)
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        # Not torch.manual_seed, which remembers every call until a GPU is used.
        torch.default_generator.manual_seed(number)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(number)


def _restore(states: dict[str, Any]) -> None:
    random.setstate(states["random"])
    if "numpy" in states:
        sys.modules["numpy"].random.set_state(states["numpy"])
    if "torch" in states:
        sys.modules["torch"].set_rng_state(states["torch"])
    if "cuda" in states:
        sys.modules["torch"].cuda.set_rng_state_all(states["cuda"])
