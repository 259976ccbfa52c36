from __future__ import annotations

import dataclasses
import itertools
import shutil
import struct
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from bench.data.card import DatasetCard, load_card
from bench.data.manifest import ManifestEntry, read_manifest, write_manifest


@pytest.fixture
def london() -> DatasetCard:
    return load_card("london")


@pytest.fixture
def handful(
    london: DatasetCard, london_data: Path, tmp_path: Path
) -> tuple[DatasetCard, Path, list[ManifestEntry]]:
    """A card of four of london's photographs, a copy of them to spoil, and their list."""
    entries = read_manifest(london.manifest)[:4]
    card = dataclasses.replace(london, folder=tmp_path / "card")
    card.folder.mkdir()
    write_manifest(card.manifest, entries)
    data = tmp_path / "data"
    for entry in entries:
        (data / entry.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(london_data / entry.path, data / entry.path)
    return card, data, entries


@pytest.fixture
def make_png() -> Callable[..., bytes]:
    """Writes a PNG by hand: of any bit depth and any claimed size, with any pixel data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    def make(width: int, height: int, *, bits: int, colour_type: int, pixels: bytes) -> bytes:
        header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
        body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
        return b"\x89PNG\r\n\x1a\n" + body

    return make


MakeImages = Callable[..., Path]


@pytest.fixture
def make_images(tmp_path: Path) -> MakeImages:
    """Writes small pictures, each of another colour, under the given names; their folder."""
    colours = itertools.count()

    def make(paths: Iterable[str], folder: str = "copy", side: int = 16) -> Path:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        for path in paths:
            number = next(colours)
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            colour = (number % 256, number // 256, 90)
            Image.new("RGB", (side, side), colour).save(file, format="PNG")
        return root

    return make


@pytest.fixture
def write_files() -> Callable[[Path, dict[str, str]], None]:
    """Writes text files below a folder."""

    def write(folder: Path, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write
