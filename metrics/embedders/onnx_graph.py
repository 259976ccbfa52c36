"""A look into an ONNX file, without the onnx package: names of nodes, and weights elsewhere.

An ONNX file is a protocol buffer (onnx/onnx.proto): field 7 of the model is the graph, field 1 of
the graph is a node, repeated in the order of the file, and field 3 of a node is its name. Field 5
of the graph is a tensor of weights, and field 13 of a tensor says in which other file it is.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["first_node_names", "has_external_data"]

_GRAPH: Final = 7
_NODE: Final = 1
_NAME: Final = 3
_TENSOR: Final = 5
_EXTERNAL: Final = 13
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

Span = tuple[int, int]
"""First byte of a field's content and the byte after it."""


def first_node_names(path: Path, count: int) -> list[str]:
    """Names of the first ``count`` nodes, fewer where there are not so many or none can be read."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _names(data, count)


def has_external_data(path: Path) -> bool:
    """Whether a tensor of weights of the graph says that it is in another file."""
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return any(
            True
            for graph in _fields(data, (0, len(data)), _GRAPH)
            for tensor in _fields(data, graph, _TENSOR)
            for _ in _fields(data, tensor, _EXTERNAL)
        )


def _names(data: mmap.mmap, count: int) -> list[str]:
    names: list[str] = []
    for graph in _fields(data, (0, len(data)), _GRAPH):
        for node in _fields(data, graph, _NODE):
            if len(names) == count:
                return names
            name = next(_fields(data, node, _NAME), (0, 0))
            names.append(data[slice(*name)].decode("utf-8", "replace"))
    return names


def _fields(data: mmap.mmap, span: Span, number: int) -> Iterator[Span]:
    """The contents of each length-delimited field of that number."""
    position, end = span
    while position < end:
        key, position = _varint(data, position, end)
        kind = key & 7
        if kind == _VARINT:
            _, position = _varint(data, position, end)
        elif kind == _LENGTH:
            length, position = _varint(data, position, end)
            if key >> 3 == number and position + length <= end:
                yield position, position + length
            position += length
        elif kind in {_FIXED32, _FIXED64}:
            position += 4 if kind == _FIXED32 else 8
        else:
            return


def _varint(data: mmap.mmap, position: int, end: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and the position after it."""
    value = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, position
