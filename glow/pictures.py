"""Pictures for looking at a model."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

__all__ = ["save_grid"]


def save_grid(images: Tensor, path: Path, *, columns: int) -> None:
    """Saves images (N, 3, H, W) in [0, 1] as one PNG of rows of ``columns``; values are clipped."""
    count, channels, height, width = images.shape
    rows = -(-count // columns)
    grid = torch.zeros(rows * columns, channels, height, width)
    grid[:count] = images.clamp(0.0, 1.0).nan_to_num(0.0)
    grid = grid.reshape(rows, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    pixels = (grid.reshape(rows * height, columns * width, channels) * 255.0).round().byte()
    Image.fromarray(pixels.numpy()).save(path)
