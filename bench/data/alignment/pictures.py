"""Reading whatever people call a photograph: any mode, depth and orientation becomes 8-bit RGB."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps

from bench.data.images import open_image
from bench.errors import BenchError

__all__ = ["SUFFIXES", "find_pictures", "read_picture"]

SUFFIXES: Final = frozenset(
    {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)

MOST_PIXELS: Final = 120_000_000
"""Of a photograph: more than the largest sensors of telephones give without being asked."""

_SIXTEEN_TO_EIGHT: Final = 257.0
"""65535 becomes 255."""


def find_pictures(folder: Path) -> list[str]:
    """The pictures below a folder, by suffix: paths with ``/`` relative to it, sorted.

    Files and folders whose name begins with a dot are left out: other programs put them there.

    Raises:
        BenchError: there is no such folder, or no picture in it.
    """
    if not folder.exists():
        raise BenchError(f"there is no folder {folder}", hint="give the folder of the pictures")
    if not folder.is_dir():
        raise BenchError(f"{folder} is a file", hint="give the folder of the pictures")
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    names = sorted(
        file.as_posix()
        for file in files
        if file.suffix.lower() in SUFFIXES and not any(part[0] == "." for part in file.parts)
    )
    if not names:
        known = ", ".join(sorted(SUFFIXES))
        raise BenchError(f"{folder} holds no picture", hint=f"files that end in {known}")
    return names


def read_picture(path: Path) -> Image.Image:
    """A picture as 8-bit RGB, upright as its EXIF orientation says.

    Sixteen bits are reduced to eight, transparent parts are black, CMYK is converted as Pillow
    does. Colour profiles are not applied.

    Raises:
        BenchError: it cannot be read; the message is the reason alone.
    """
    try:
        with open_image(path, _header_problem) as file:
            ImageOps.exif_transpose(file, in_place=True)
            return _rgb(file)
    except BenchError as error:
        problem = error.message.removeprefix(f"the image {path} ")
        raise BenchError(f"it {problem}", hint=error.hint) from error


def _header_problem(file: Image.Image) -> str | None:
    width, height = file.size
    # Photographs of a hundred megapixels are no attack.
    if width * height > MOST_PIXELS:
        return (
            f"is {width}x{height}, more than {MOST_PIXELS // 10**6} million pixels: too large to "
            "be decoded safely"
        )
    if file.mode == "F":
        return "has pixels that are floating point numbers, whose range is unknown"
    return None


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        # Sixteen-bit grey; Pillow's own conversion would cut it off at 255. Row by row: a large
        # picture of floating point numbers would need eight times its size.
        grey = np.asarray(picture)
        eight = np.empty(grey.shape, dtype=np.uint8)
        for deep, row in zip(grey, eight, strict=True):
            row[:] = np.clip((deep / _SIXTEEN_TO_EIGHT).round(), 0, 255)
        return Image.fromarray(eight).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        transparent = picture.convert("RGBA")
        black = Image.new("RGBA", transparent.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, transparent).convert("RGB")
    picture.load()
    return picture if picture.mode == "RGB" else picture.convert("RGB")
