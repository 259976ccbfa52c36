"""Reading whatever people call a photograph: any mode, depth and orientation becomes 8-bit RGB."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from bench.errors import BenchError

__all__ = ["SUFFIXES", "find_pictures", "read_picture"]

SUFFIXES: Final = frozenset(
    {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)

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
        with warnings.catch_warnings():
            # Photographs of a hundred megapixels are no attack.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as file:
                return _rgb(ImageOps.exif_transpose(file))
    except BenchError:
        raise
    except UnidentifiedImageError as error:
        raise BenchError("it is not an image") from error
    except Image.DecompressionBombError as error:
        raise BenchError("it is too large to be decoded safely") from error
    except Exception as error:  # of a broken file, a decoder may raise anything
        raise BenchError(f"it cannot be decoded: {' '.join(str(error).split())}") from error


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        # Sixteen-bit grey; Pillow's own conversion would cut it off at 255.
        grey = np.asarray(picture, dtype=np.float64) / _SIXTEEN_TO_EIGHT
        eight = np.clip(grey.round(), 0, 255).astype(np.uint8)
        return Image.fromarray(eight).convert("RGB")
    if picture.mode == "F":
        raise BenchError("its pixels are floating point numbers, whose range is unknown")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        transparent = picture.convert("RGBA")
        black = Image.new("RGBA", transparent.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, transparent).convert("RGB")
    return picture.convert("RGB")
