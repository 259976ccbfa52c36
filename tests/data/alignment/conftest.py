"""Pictures without people, whose faces a made-up source knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.errors import BenchError
from metrics.faces.finder import POINTS, Face

Write: TypeAlias = Callable[..., Path]

FIVE = np.array([(60.0, 80.0), (100.0, 84.0), (82.0, 100.0), (66.0, 122.0), (96.0, 124.0)])


def made_up(points: NDArray[np.float64], confidence: float | None = 0.99) -> Face:
    left, top = np.nanmin(points, axis=0)
    right, bottom = np.nanmax(points, axis=0)
    return Face(points, (float(left), float(top), float(right), float(bottom)), confidence)


class MadeUpSource:
    """Says what it was told of each file, and one face of all others; remembers what it saw."""

    name = "made-up"

    def __init__(
        self, told: dict[str, list[Face]] | None = None, points: Sequence[str] = POINTS
    ) -> None:
        self.told = told or {}
        self.points = tuple(points)
        self.seen: dict[str, NDArray[np.uint8]] = {}

    def faces(self, file: str, picture: NDArray[np.uint8]) -> list[Face]:
        self.seen[file] = picture
        if file.startswith("unknown"):
            raise BenchError("nobody told me")
        return self.told.get(file, [made_up(FIVE)])


@pytest.fixture
def source() -> type[MadeUpSource]:
    return MadeUpSource


@pytest.fixture
def face() -> Callable[..., Face]:
    return made_up


@pytest.fixture
def five() -> NDArray[np.float64]:
    """Five points of a face in a picture of 160x200."""
    return FIVE


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write("a/b.jpg", size=(160, 200), mode="RGB")`` -> its path below ``src``."""

    def save(name: str, size: tuple[int, int] = (160, 200), mode: str = "RGB") -> Path:
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        width, height = size
        across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
        pixels = np.stack([across, down, 255 - across], axis=-1).astype(np.uint8)
        Image.fromarray(pixels).convert(mode).save(path)
        return path

    return save
