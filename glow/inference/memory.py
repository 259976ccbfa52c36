"""Memory that is free but not yet given back."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

__all__ = ["return_freed_memory"]


def return_freed_memory() -> None:
    """Gives freed memory back to the system, where the C library has a call for it (glibc).

    Folding leaves holes between the weights that stay, up to a fifth of them; by itself the
    library gives back the end of its heap alone.
    """
    if trim := _malloc_trim():
        trim(0)


@cache
def _malloc_trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
