"""Anti-aliased painting of polygons and soft spots."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from bench.data.images import Pixels
from bench.data.synthfaces.curves import Points

__all__ = ["Canvas", "Colour", "Mask"]

Colour = ArrayLike
"""Red, green and blue, 0 to 1."""

Mask = NDArray[np.float32]
"""(size, size) share of each pixel that a shape covers, 0 to 1."""

SUBPIXELS_64 = 512
"""Sides of the finest grid on which edges are drawn: 8 sub-pixels a side at 64 pixels."""


class Canvas:
    """A square picture that is painted layer by layer.

    Args:
        size: side in pixels. All coordinates are in pixels, the origin in the upper left corner.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.subpixels = max(2, SUBPIXELS_64 // size)
        self.pixels = np.zeros((size, size, 3), dtype=np.float32)
        y, x = np.mgrid[0:size, 0:size].astype(np.float32) + 0.5
        self.x, self.y = x, y
        self.light: NDArray[np.float32] = np.ones((size, size), dtype=np.float32)

    def coverage(self, outline: Points) -> Mask:
        """The mask of a closed polygon."""
        mask = np.zeros((self.size, self.size), dtype=np.float32)
        low = np.clip(np.floor(outline.min(axis=0)).astype(int), 0, self.size)
        high = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 1, 0, self.size)
        width, height = high - low
        if width <= 0 or height <= 0:
            return mask
        fine = Image.new("L", (int(width) * self.subpixels, int(height) * self.subpixels))
        corners = (outline - low) * self.subpixels - 0.5
        ImageDraw.Draw(fine).polygon([tuple(p) for p in corners.tolist()], fill=255)
        part = np.asarray(fine.reduce(self.subpixels), dtype=np.float32) / 255.0
        mask[low[1] : high[1], low[0] : high[0]] = part
        return mask

    def spot(self, centre: ArrayLike, radii: ArrayLike) -> Mask:
        """A soft spot: a Gaussian that falls to 0.37 at the radii."""
        (cx, cy), (rx, ry) = np.asarray(centre), np.asarray(radii)
        mask: Mask = np.exp(-(((self.x - cx) / rx) ** 2) - ((self.y - cy) / ry) ** 2)
        return mask.astype(np.float32)

    def paint(self, mask: Mask, colour: Colour, opacity: float = 1.0, *, lit: bool = True) -> None:
        """Lays a colour over the picture where the mask is.

        Args:
            mask: where.
            colour: (3,) or (size, size, 3).
            opacity: of the whole layer.
            lit: whether the scene's light falls on it.
        """
        if opacity <= 0.0:
            return
        layer = np.broadcast_to(np.asarray(colour, dtype=np.float32), self.pixels.shape)
        if lit:
            layer = layer * self.light[..., None]
        self.pixels += (layer - self.pixels) * (mask * np.float32(opacity))[..., None]

    def shade(self, mask: Mask, factor: float) -> None:
        """Multiplies the picture's brightness where the mask is."""
        self.pixels *= 1.0 + (factor - 1.0) * mask[..., None]

    def finish(self) -> Pixels:
        """The picture as 8-bit RGB."""
        return np.round(np.clip(self.pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
