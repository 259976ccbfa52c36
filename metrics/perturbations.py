"""Changes of an image that mean nothing, to see how far an instrument's readings repeat.

None of them changes who is in the picture or what the face does: what an instrument reads
differently afterwards is its own error. A PNG is no perturbation, since it gives back the same
bytes; the panel holds what really happens to images in this field:

- a shift by one pixel, as two alignments of one photograph differ;
- JPEG at quality 95, as data sets and outputs are kept in files;
- a re-encode: a lossy WebP at quality 80, which is a key frame of the VP8 video codec (RFC 6386,
  4:2:0), as talking-face data and outputs pass through video files;
- a reduction to a smaller side and back, as a method works that knows a smaller resolution only.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import numpy as np
from PIL import Image

from metrics.contracts import Images, check_images

__all__ = [
    "SMALLEST_REDUCTION",
    "Perturbation",
    "PerturbationKind",
    "encode_again",
    "perturbations",
    "reduce",
    "shift",
]

PerturbationKind = Literal["shift", "jpeg", "reencode", "reduction"]

SMALLEST_REDUCTION: Final = 8
"""Pixels a side; below, there is no face left."""

_JPEG: Final = {"format": "JPEG", "quality": 95, "subsampling": "4:2:0"}
_WEBP: Final = {"format": "WEBP", "quality": 80, "method": 4}
_DIRECTIONS: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A named change of images.

    Attributes:
        name: short and without spaces, such as ``shift-left`` or ``reduce-64``.
        label: the name in words, for a table.
        apply: images (N, H, W, 3) to images of the same shape; each independent of the others.
    """

    name: str
    kind: PerturbationKind
    label: str
    apply: Callable[[Images], Images]


def perturbations(reductions: Sequence[int] = ()) -> tuple[Perturbation, ...]:
    """The panel: four shifts, JPEG 95, a re-encode, and a reduction to each of the given sides."""
    return (
        *(
            Perturbation(
                f"shift-{name}", "shift", f"1 pixel {name}", partial(shift, right=x, down=y)
            )
            for name, (x, y) in _DIRECTIONS.items()
        ),
        Perturbation("jpeg-95", "jpeg", "JPEG 95", partial(encode_again, options=_JPEG)),
        Perturbation("webp-80", "reencode", "re-encode", partial(encode_again, options=_WEBP)),
        *(
            Perturbation(f"reduce-{side}", "reduction", f"to {side} px", partial(reduce, side=side))
            for side in reductions
        ),
    )


def shift(images: Images, *, right: int = 0, down: int = 0) -> Images:
    """Images moved by whole pixels; the border that comes into view repeats the edge.

    Raises:
        ValueError: the images are malformed, or would be moved out of the frame.
    """
    side = check_images(images)
    if max(abs(right), abs(down)) >= side:
        raise ValueError(f"images of {side} pixels a side cannot be moved by {right}, {down}")
    rows = np.clip(np.arange(side) - down, 0, side - 1)
    columns = np.clip(np.arange(side) - right, 0, side - 1)
    return np.asarray(images[:, rows][:, :, columns])


def encode_again(images: Images, *, options: dict[str, Any]) -> Images:
    """Images after writing and reading them in a format that loses something.

    Args:
        images: (N, H, W, 3) uint8 RGB.
        options: arguments of Pillow's ``Image.save``, ``format`` among them.

    Raises:
        ValueError: the images are malformed.
    """
    check_images(images)
    return _each(images, partial(_through_a_file, options=options))


def reduce(images: Images, *, side: int) -> Images:
    """Images brought to a smaller side and back, both bicubic with anti-aliasing (Pillow).

    Raises:
        ValueError: the images are malformed, or not larger than ``side``.
    """
    frame = check_images(images)
    if not SMALLEST_REDUCTION <= side < frame:
        raise ValueError(
            f"images of {frame} pixels a side can be reduced to {SMALLEST_REDUCTION} to "
            f"{frame - 1} pixels, not to {side}"
        )
    return _each(images, partial(_down_and_up, side=side))


def _each(images: Images, change: Callable[[Image.Image], Image.Image]) -> Images:
    changed = np.empty_like(images)
    for place, image in enumerate(images):
        changed[place] = np.asarray(change(Image.fromarray(image)))
    return changed


def _through_a_file(picture: Image.Image, options: dict[str, Any]) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, **options)
    with Image.open(buffer) as file:
        return file.convert("RGB")


def _down_and_up(picture: Image.Image, side: int) -> Image.Image:
    small = picture.resize((side, side), Image.Resampling.BICUBIC)
    return small.resize(picture.size, Image.Resampling.BICUBIC)
