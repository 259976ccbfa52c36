"""A sheet of pictures: originals above what methods made of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.data.card import DatasetCard
from bench.data.images import Pixels
from bench.errors import BenchError
from bench.run.files import write_atomically
from bench.run.reconstruct import Reconstructions

__all__ = ["check_sheet", "reconstruction_sheet", "write_sheet"]

_MOST_COLUMNS = 12
_SMALLEST_SIDE = 128
_GAP = 4
_LINE = 16
_LABELS = 120


def reconstruction_sheet(made: Sequence[Reconstructions]) -> NDArray[np.uint8]:
    """A row of originals and below it one row for each method, (H, W, 3).

    The columns are spread evenly over the images, and the last is the one that the first method
    does worst, where its metrics tell one. An image that failed is grey.

    Args:
        made: of the same faces, at least one method.
    """
    faces = made[0].faces
    columns, worst = _columns(made[0])
    side = max(_SMALLEST_SIDE, faces[0].pixels.shape[0])
    width = _LABELS + len(columns) * (side + _GAP)
    sheet = Image.new("RGB", (width, _LINE + (1 + len(made)) * (side + _GAP)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    rows: list[tuple[str, Sequence[Pixels | None]]] = [("original", [f.pixels for f in faces])]
    rows += [(one.method, one.images) for one in made]
    for place, column in enumerate(columns):
        left = _LABELS + place * (side + _GAP)
        name = f"{faces[column].identity}/{faces[column].sample}"
        pen.text((left, 2), name + ", worst" * (column == worst), "black", font)
        for row, (_, images) in enumerate(rows):
            top = _LINE + row * (side + _GAP)
            sheet.paste(_picture(images[column], side), (left, top))
    for row, (label, _) in enumerate(rows):
        pen.text((2, _LINE + row * (side + _GAP) + side // 2), label, "black", font)
    return np.asarray(sheet)


def check_sheet(path: Path, card: DatasetCard) -> None:
    """Refuses a sheet that must not or cannot be written.

    Raises:
        BenchError: the dataset's licence does not let its images be shown, or the name does not
            end in ``.png``.
    """
    if not card.may_show_images:
        raise BenchError(
            f"the licence of {card.name} does not let its images be shown", hint="no --pictures"
        )
    if path.suffix.lower() != ".png":
        raise BenchError(f"pictures are written as PNG, and {path} is no .png")


def write_sheet(path: Path, sheet: NDArray[np.uint8]) -> None:
    """Writes a sheet as PNG.

    Raises:
        BenchError: the place is not writable.
    """
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format="PNG")
    write_atomically(path, buffer.getvalue(), wait_for_disk=False)


def _columns(made: Reconstructions) -> tuple[list[int], int | None]:
    """Which images are shown, and which of them is the worst if one is."""
    count = min(_MOST_COLUMNS, len(made.faces))
    chosen = np.unique(np.linspace(0, len(made.faces) - 1, count).round().astype(int)).tolist()
    error = made.values.get("psnr")
    columns = [int(column) for column in chosen]
    if error is None or not np.isfinite(error).any():
        return columns, None
    worst = int(np.nanargmin(error))
    return [*[c for c in columns if c != worst][: _MOST_COLUMNS - 1], worst], worst


def _picture(pixels: Pixels | None, side: int) -> Image.Image:
    if pixels is None:
        return Image.new("RGB", (side, side), "grey")
    # Whole pixels stay what they are, so that a reader sees what the method made.
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)
