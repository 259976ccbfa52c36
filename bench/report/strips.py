"""Picture strips: small images inside the page, as data URIs."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.errors import BenchError
from bench.report.contents import Strip

__all__ = ["Picture", "data_uri", "pictures"]

LARGEST_SIDE = 128
_BYTES_FOR_ALL = 3_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A cell ready for the page: either a data URI or the reason why there is none."""

    uri: str
    label: str
    reason: str


def data_uri(image: NDArray[np.uint8], quality: int | None = None) -> str:
    """An image as a WebP data URI, at most 128 pixels on its longer side.

    Args:
        image: (H, W, 3) RGB.
        quality: 0..100; lossless for None, so that every artefact that a reader sees was made
            by the method.

    Raises:
        BenchError: the array is no 8-bit RGB image.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise BenchError(
            f"a picture must be (H, W, 3) of uint8, got {image.shape} of {image.dtype}"
        )
    picture = Image.fromarray(np.ascontiguousarray(image))
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if quality is None:
        picture.save(buffer, "WEBP", lossless=True, method=4)
    else:
        picture.save(buffer, "WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def pictures(
    strips: Sequence[Strip], refusal: str = "", most_bytes: int = _BYTES_FOR_ALL
) -> list[list[Picture]]:
    """All cells of all strips.

    Args:
        strips: what to show.
        refusal: why no face may be shown; empty if they may.
        most_bytes: above this sum the images are coded again with loss, which is about a quarter.
    """

    def coded(quality: int | None) -> list[list[Picture]]:
        return [
            [
                Picture("", cell.label, refusal or cell.placeholder or "no image stored")
                if refusal or cell.image is None
                else Picture(data_uri(cell.image, quality), cell.label, "")
                for cell in strip.cells
            ]
            for strip in strips
        ]

    lossless = coded(None)
    if sum(len(picture.uri) for row in lossless for picture in row) <= most_bytes:
        return lossless
    return coded(85)
