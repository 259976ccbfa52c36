"""Real faces at a benchmark's resolution, and ONNX files made by hand."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

SPLIT = Path(__file__).resolve().parents[2] / "datasets" / "london" / "splits" / "v1.csv"

Faces: TypeAlias = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="session")
def faces(london_data: Path) -> Faces:
    """``faces(expression, side=64, part=None, limit=None)`` -> (N, side, side, 3), by identity."""
    with SPLIT.open(encoding="utf-8") as file:
        part_of = {row["target"]: row["part"] for row in csv.DictReader(file)}

    @cache
    def load(
        expression: str, side: int = 64, part: str | None = None, limit: int | None = None
    ) -> NDArray[np.uint8]:
        identities = sorted(i for i in part_of if part in (None, part_of[i]))[:limit]
        frames = []
        for identity in identities:
            path = london_data / "aligned256" / identity / f"{expression}.png"
            picture = Image.open(path).convert("RGB")
            frames.append(np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS)))
        return np.stack(frames)

    return load


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, shape: Sequence[int | str]) -> bytes:
    dimensions = b"".join(
        _bytes(1, _number(1, d) if isinstance(d, int) else _bytes(2, d)) for d in shape
    )
    kind = _number(1, 1) + _bytes(2, dimensions)
    return _bytes(1, name) + _bytes(2, _bytes(1, kind))


@pytest.fixture
def flatten_model(tmp_path: Path) -> Callable[..., Path]:
    """Writes an ONNX file whose "embedding" is its own input, flattened: (N, everything).

    Nodes of the names in ``before`` come first and change nothing.
    """

    def write(
        shape: Sequence[int | str],
        *,
        axis: int = 1,
        name: str = "flatten.onnx",
        before: Sequence[str] = (),
    ) -> Path:
        attribute = _bytes(1, "axis") + _number(3, axis) + _number(20, 2)
        values = ["in", *(f"value{index}" for index in range(len(before)))]
        nodes = b"".join(
            _bytes(1, _bytes(1, a) + _bytes(2, b) + _bytes(3, node) + _bytes(4, "Identity"))
            for a, b, node in zip(values, values[1:], before, strict=False)
        )
        node = (
            _bytes(1, values[-1]) + _bytes(2, "out") + _bytes(3, "last")
            + _bytes(4, "Flatten") + _bytes(5, attribute)
        )  # fmt: skip
        graph = (
            nodes
            + _bytes(1, node)
            + _bytes(2, "graph")
            + _bytes(11, _tensor("in", shape))
            + _bytes(12, _tensor("out", ["rows", "columns"]))
        )
        path = tmp_path / name
        path.write_bytes(_number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 13)))
        return path

    return write
