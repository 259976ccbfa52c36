"""Arrays that a method makes of faces: each face is encoded once, and what is known is bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels
from bench.remembered import Memory, Remembered

if TYPE_CHECKING:
    from bench.plugins.contracts import Face

__all__ = ["ArrayStore", "Encode", "EncodedFaces", "Remember", "in_memory"]

Arrays = list[NDArray[Any]]

Encode = Callable[[Sequence["Face"]], Sequence[NDArray[Any]]]
"""One array of numbers for each face, which depends on the face's pixels alone."""


class Remember(Protocol):
    """How a method asks that what it encodes be remembered; see :class:`MethodContext`."""

    def __call__(
        self, made_by: Mapping[str, str], encode: Encode, *, shared: bool = False
    ) -> Callable[[Sequence[Face]], Arrays]:
        """A function like ``encode`` that calls it for the faces alone that it does not know.

        Args:
            made_by: what decides the arrays, such as ``{"weights_sha256": ...}``.
            encode: makes the arrays.
            shared: whether the method itself, its source file and its parameters decide nothing
                that ``made_by`` does not tell, so that other methods may use the arrays.
        """
        ...


class ArrayStore(Protocol):
    """Keeps arrays for later processes."""

    def get(self, key: str) -> NDArray[Any] | None:
        """The array of a key, or None."""
        ...

    def put(self, key: str, value: NDArray[Any]) -> None:
        """Keeps an array, if there is room."""
        ...


class EncodedFaces:
    """A function like ``encode`` that calls it for the faces alone that it does not know.

    Faces are known by their pixels, not by their names.

    Args:
        encode: makes the arrays.
        memory: where this process remembers them.
        store: where they are kept for others; None for nowhere.
        recipe: what decides the arrays, as a text of which every character counts.
    """

    def __init__(
        self,
        encode: Encode,
        memory: Memory | None = None,
        store: ArrayStore | None = None,
        recipe: str = "",
    ) -> None:
        self._encode, self._store = encode, store
        self._recipe = hashlib.sha256(recipe.encode())
        self._known: Remembered[str, NDArray[Any]] = Remembered(lambda a: a.nbytes, memory)

    def __call__(self, faces: Sequence[Face]) -> Arrays:
        """The array of each face, not to be written into."""
        # Requests share their faces: each is hashed once.
        images = {id(face.pixels): face.pixels for face in faces}
        keys_of = {place: self._key(pixels) for place, pixels in images.items()}
        keys = [keys_of[id(face.pixels)] for face in faces]
        found: dict[str, NDArray[Any]] = {}
        missing: dict[str, Face] = {}
        for key, face in zip(keys, faces, strict=True):
            if key in found or key in missing:
                continue
            value = self._look_up(key)
            if value is None:
                missing[key] = face
            else:
                found[key] = value
        if missing:
            # Copies: a row of a batch would keep the whole batch alive.
            made = [np.array(array) for array in self._encode(list(missing.values()))]
            for key, value in zip(missing, made, strict=True):
                found[key] = value
                self._known.put(key, value)
                if self._store is not None:
                    self._store.put(key, value)
        return [found[key] for key in keys]

    def _look_up(self, key: str) -> NDArray[Any] | None:
        value = self._known.get(key)
        if value is None and self._store is not None:
            value = self._store.get(key)
            if value is not None:
                self._known.put(key, value)
        return value

    def _key(self, pixels: Pixels) -> str:
        digest = self._recipe.copy()
        digest.update(repr((pixels.shape, pixels.dtype.str)).encode())
        digest.update(np.ascontiguousarray(pixels).data)
        return digest.hexdigest()


def in_memory(
    made_by: Mapping[str, str], encode: Encode, *, shared: bool = False
) -> Callable[[Sequence[Face]], Arrays]:
    """Remembers in this process alone: what a method is given where nothing else is offered."""
    return EncodedFaces(encode)
