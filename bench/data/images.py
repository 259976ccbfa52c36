"""Reading images: strict about what they are, exact about how they are resized."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.data.reading import check_size
from bench.errors import BenchError

__all__ = ["FORMATS", "Pixels", "check_image", "open_image", "read_image", "resize"]

Pixels = NDArray[np.uint8]
"""An RGB image, (height, width, 3), 0 to 255."""

MODES = ("RGB", "RGBA", "L", "LA", "P")
"""Of 8-bit images that say the same as an RGB image, as Pillow names them."""

SMALLEST_SIDE = 16
LARGEST_SIDE = 8192

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM")
"""Of files of images, as Pillow names them. Its others have rarely used decoders, and one of them,
EPS, starts a program."""

MOST_BYTES: Final = 512 << 20
"""Of a file."""

MOST_SCANS: Final = 20
MOST_SCANNED: Final = 2_000_000_000
"""Of a JPEG: times that it goes over its pixels, and beyond these pixels times such scans. A
megabyte can hold scans for hours."""


@contextmanager
def open_image(
    path: Path, problem_of: Callable[[Image.Image], str | None]
) -> Iterator[Image.Image]:
    """An image of which only the header is read: nothing is decoded before it was looked at.

    What goes wrong with it inside of the block is said in the same way.

    Args:
        path: the file.
        problem_of: what is wrong with an image by its header, such as its size; None if nothing.

    Raises:
        BenchError: the file is missing, too large, none of ``FORMATS``, an animation, refused by
            ``problem_of``, or cannot be decoded. The message is ``the image PATH`` and what is
            wrong.
    """
    problem: str | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if not path.is_file() and path.exists():
                raise BenchError(f"the image {path} is no file")
            if path.is_file():
                check_size(path, MOST_BYTES)
            with Image.open(path, formats=FORMATS) as file:
                problem = problem_of(file) or _too_much(file, path)
                if problem is None:
                    yield file
                    return
    except BenchError:
        raise
    except FileNotFoundError:
        problem = "is missing"
    except UnidentifiedImageError:
        problem = "is not an image"
    except Image.DecompressionBombError:
        problem = f"is larger than {LARGEST_SIDE} pixels a side, too large to be decoded safely"
    except MemoryError:
        problem = "needs more memory than there is"
    except Exception as error:  # of a broken file, a decoder may raise anything
        problem = f"cannot be decoded ({' '.join(str(error).split()) or type(error).__name__})"
    raise BenchError(f"the image {path} {problem}")


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
    modes = MODES if convert else ("RGB",)
    with open_image(path, lambda file: _header_problem(file, modes)) as file:
        return np.asarray(file if file.mode == "RGB" else file.convert("RGB"))


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


def _too_much(file: Image.Image, path: Path) -> str | None:
    """What a small image can hold and still take hours."""
    width, height = file.size
    # Photographs of some cameras hold a second picture, which is no animation.
    if file.format in {"PNG", "WEBP"} and getattr(file, "is_animated", False):
        return f"is an animation of {getattr(file, 'n_frames', 0)} frames, expected one image"
    if file.format in {"JPEG", "MPO"}:
        scans = path.read_bytes().count(b"\xff\xda")
        if scans > MOST_SCANS and scans * width * height > MOST_SCANNED:
            return f"goes {scans} times over its {width}x{height} pixels"
    return None


def _raw_mode(decoder_arguments: object) -> str:
    """The pixel layout in a file, such as ``RGB;16B``; other arguments may be any number."""
    if isinstance(decoder_arguments, tuple):
        decoder_arguments = next(iter(decoder_arguments), "")
    return str(decoder_arguments)
