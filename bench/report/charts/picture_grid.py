"""Pictures in rows and columns as one drawing, for files that stand alone."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bench.data.images import FORMATS
from bench.report.charts import svg
from bench.report.charts.labels import shorten, text_width

__all__ = ["GridCell", "GridRow", "picture_grid"]

_GAP, _HEAD, _LINE, _TEXT = 4.0, 20.0, 13.0, 11.0
_WIDEST_LABEL = 100.0
_LARGEST = 112.0
_NOTE = 14.0


@dataclass(frozen=True, slots=True)
class GridCell:
    """A picture: its file, what it shows, and a word below it; without a file, why."""

    path: Path | None
    says: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class GridRow:
    """Cells side by side; None leaves a place empty."""

    label: str
    cells: Sequence[GridCell | None]


def picture_grid(
    columns: Sequence[str],
    rows: Sequence[GridRow],
    description: str,
    width: float,
    most_pixels: int = 256,
) -> svg.Element:
    """Pictures below the names of their columns and beside the names of their rows.

    Args:
        columns: names, one for each cell of a row.
        rows: all as long as ``columns``.
        description: the text for screen readers.
        width: of the drawing in its units; pictures are square and at most 112 units wide.
        most_pixels: a picture with a longer side is made smaller.
    """
    widest = max((text_width(row.label, _TEXT) for row in rows), default=0.0)
    left = min(widest * 1.05 + 6, _WIDEST_LABEL)
    side = min((width - left) / max(len(columns), 1) - _GAP, _LARGEST)
    noted = [any(cell is not None and cell.note for cell in row.cells) for row in rows]
    heights = [side + _GAP + _NOTE * has_note for has_note in noted]
    heads = [_wrapped(name, side, 2) for name in columns]
    top = _HEAD + _LINE * (max(map(len, heads), default=1) - 1)
    root = svg.drawing(width, top + sum(heights), description)
    for place, lines in enumerate(heads):
        x = left + place * (side + _GAP) + side / 2
        for above, line in enumerate(reversed(lines)):
            svg.add(root, "text", "tick middle", line, x=x, y=top - 7 - _LINE * above)
    for row, height in zip(rows, heights, strict=True):
        _row_label(root, row.label, top + side / 2, left)
        for place, cell in enumerate(row.cells):
            if cell is not None:
                _cell(root, cell, left + place * (side + _GAP), top, side, most_pixels)
        top += height
    return root


def _row_label(root: svg.Element, label: str, middle: float, width: float) -> None:
    lines = _wrapped(label, width - 4, 3)
    first = middle - _LINE * (len(lines) - 1) / 2 + 4
    for place, line in enumerate(lines):
        svg.add(root, "text", "tick", line, x=0, y=first + place * _LINE)


def _cell(
    root: svg.Element, cell: GridCell, x: float, y: float, side: float, most_pixels: int
) -> None:
    uri = None if cell.path is None else _png_uri(cell.path, most_pixels)
    if uri is None:
        frame = svg.add(root, "rect", "grid", x=x + 0.5, y=y + 0.5, width=side - 1, height=side - 1)
        frame.set("fill", "none")
        svg.add(frame, "title", text=cell.says)
        svg.add(root, "text", "tick middle", "–", x=x + side / 2, y=y + side / 2 + 4)
    else:
        image = svg.add(root, "image", x=x, y=y, width=side, height=side)
        image.set("href", uri)
        svg.add(image, "title", text=cell.says)
    if cell.note:
        note = _fitting(cell.note, side + _GAP)
        svg.add(root, "text", "tick middle", note, x=x + side / 2, y=y + side + 11)


def _png_uri(path: Path, most_pixels: int) -> str | None:
    """The picture as a lossless PNG; None if it cannot be read."""
    try:
        with Image.open(path, formats=FORMATS) as file:
            picture = file.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail((most_pixels, most_pixels), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _fitting(text: str, width: float) -> str:
    """The text, or as much of it as fits."""
    most = int(width / text_width("n", _TEXT))
    return shorten(text, max(most, 2))


def _wrapped(text: str, width: float, most: int) -> list[str]:
    """A text in lines that fit, broken at spaces; the last of the most lines is shortened."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, _TEXT) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        lines[most - 1 :] = [" ".join(lines[most - 1 :])]
    return [_fitting(line, width) for line in lines]
