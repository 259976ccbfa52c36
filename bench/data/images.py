"""Reading images: strict about what they are, exact about how they are resized."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.errors import BenchError

__all__ = ["Pixels", "check_image", "read_image", "resize"]

Pixels = NDArray[np.uint8]
"""An RGB image, (height, width, 3), 0 to 255."""

MODES = ("RGB", "RGBA", "L", "LA", "P")
"""Of 8-bit images that say the same as an RGB image, as Pillow names them."""

SMALLEST_SIDE = 16
LARGEST_SIDE = 8192


def read_image(path: Path, *, convert: bool = False) -> Pixels:
    """Reads an 8-bit RGB image.

    Args:
        path: the file.
        convert: whether an 8-bit image that is grey, has a palette or transparency is made RGB;
            transparency is dropped.

    Raises:
        BenchError: the file is missing, no image, truncated, not 8-bit RGB, not square, or
            outside the size limits (checked before anything is decoded).
    """
    problem = None
    try:
        with Image.open(path) as file:
            problem = _header_problem(file, MODES if convert else ("RGB",))
            if problem is None:
                return np.asarray(file.convert("RGB"))
    except FileNotFoundError:
        problem = "is missing"
    except UnidentifiedImageError:
        problem = "is not an image"
    except Image.DecompressionBombError:
        problem = f"is larger than {LARGEST_SIDE} pixels a side"
    except (OSError, SyntaxError, ValueError) as error:
        problem = f"cannot be decoded ({error})"
    raise BenchError(f"the image {path} {problem}")


def check_image(path: Path, size: int) -> str | None:
    """What is wrong with an image file that should have ``size`` pixels a side; None if nothing."""
    try:
        pixels = read_image(path)
    except BenchError as error:
        return error.message.removeprefix(f"the image {path} ")
    if pixels.shape[0] != size:
        return f"has the wrong size: {pixels.shape[1]}x{pixels.shape[0]}, expected {size}x{size}"
    return None


def resize(pixels: Pixels, size: int) -> Pixels:
    """Brings an image to ``size`` pixels a side.

    Bicubic with anti-aliasing (Pillow), the filter whose results agree best between libraries
    (Parmar, Zhang and Zhu, "On Aliased Resizing", CVPR 2022).
    """
    if pixels.shape[:2] == (size, size):
        return pixels
    image = Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _header_problem(file: Image.Image, modes: Sequence[str]) -> str | None:
    width, height = file.size
    if max(width, height) > LARGEST_SIDE:
        return f"is {width}x{height}, larger than {LARGEST_SIDE} pixels a side"
    if min(width, height) < SMALLEST_SIDE:
        return f"is {width}x{height}, smaller than {SMALLEST_SIDE} pixels a side"
    if width != height:
        return f"is {width}x{height}, expected a square, eye-aligned face"
    if file.mode not in modes:
        kinds = {
            "L": "grey",
            "LA": "grey with transparency",
            "RGBA": "RGBA",
            "P": "a palette image",
        }
        found = kinds.get(file.mode, "16-bit" if "16" in file.mode else f"of mode {file.mode}")
        return f"is {found}, expected 8-bit RGB"
    # Pillow shows a 16-bit RGB PNG as RGB and silently drops half of its bits.
    if any("16" in _raw_mode(tile[3]) for tile in getattr(file, "tile", [])):
        return "is 16-bit, expected 8-bit RGB"
    return None


def _raw_mode(decoder_arguments: object) -> str:
    """The pixel layout in a file, such as ``RGB;16B``; other arguments may be any number."""
    if isinstance(decoder_arguments, tuple):
        decoder_arguments = next(iter(decoder_arguments), "")
    return str(decoder_arguments)
