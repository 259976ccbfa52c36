"""What a process remembers: bounded by bytes, the least recently used is forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final, Generic, TypeVar

__all__ = ["DEFAULT_BYTES", "Memory", "Remembered"]

DEFAULT_BYTES: Final = 512 << 20
"""Of everything that one command remembers of images: 5,000 latents of 64 pixels a side."""

OVERHEAD: Final = 500
"""Bytes that a value takes beside its own: its key, and its place in two tables."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memory:
    """Room for values, which several :class:`Remembered` share; any number of threads.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        self._lock = Lock()
        self._limit, self._bytes = limit, 0
        self._values: OrderedDict[tuple[object, Hashable], tuple[Any, int]] = OrderedDict()

    @property
    def limit(self) -> int:
        """Bytes that all values may take together."""
        return self._limit

    @property
    def bytes(self) -> int:
        """Bytes that they take now."""
        return self._bytes

    def resize(self, limit: int) -> None:
        """Another limit, from now on."""
        with self._lock:
            self._limit = limit
            self._forget()

    def get(self, key: tuple[object, Hashable]) -> Any:
        """The value of a key; None if it was forgotten or never known."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: tuple[object, Hashable], value: object, size: int) -> None:
        """Remembers a value, if it is not larger than the whole room."""
        with self._lock:
            known = self._values.pop(key, None)
            self._bytes -= known[1] if known else 0
            size += OVERHEAD
            if size <= self._limit:
                self._values[key] = value, size
                self._bytes += size
            self._forget()

    def _forget(self) -> None:
        while self._bytes > self._limit:
            _, (_, size) = self._values.popitem(last=False)
            self._bytes -= size


class Remembered(Generic[Key, Value]):
    """Values of one kind, none of them None.

    Args:
        size: bytes of a value.
        memory: where they are, with those of other kinds; by default a room of their own.
    """

    def __init__(self, size: Callable[[Value], int], memory: Memory | None = None) -> None:
        self._size = size
        self._memory = Memory() if memory is None else memory
        self._owner = object()

    def get(self, key: Key) -> Value | None:
        """The value of a key; None if it was forgotten or never known."""
        value: Value | None = self._memory.get((self._owner, key))
        return value

    def put(self, key: Key, value: Value) -> None:
        """Remembers a value as long as there is room."""
        self._memory.put((self._owner, key), value, self._size(value))
