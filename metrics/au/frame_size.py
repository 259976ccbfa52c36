"""The size to which small frames are enlarged for face detectors made for photographs."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["SMALLEST_FRAME", "enlarged"]

SMALLEST_FRAME: Final = 256
"""Side in pixels."""


def enlarged(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A square frame (side, side, 3), at least 256 pixels a side (bicubic where smaller)."""
    if len(frame) >= SMALLEST_FRAME:
        return frame
    size = (SMALLEST_FRAME, SMALLEST_FRAME)
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))
