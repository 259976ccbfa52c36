"""Training images: loading and the small changes that keep a flow from learning them by heart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from glow.sources import find_image_files

__all__ = ["Augmentation", "dequantise", "find_images", "load_image", "load_images"]

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM")
"""As Pillow names them. It would go by the content alone, and one of the others that it knows
starts a program."""

MOST_PIXELS: Final = 8192 * 8192


def find_images(sources: Iterable[Path]) -> list[Path]:
    """Image files of folders, text lists and dataset cards; see :mod:`glow.sources`.

    Raises:
        ValueError: as :func:`glow.sources.find_image_files`.
    """
    return [file.path for file in find_image_files(sources)]


def load_images(paths: Iterable[Path], size: int) -> Tensor:
    """Square images as uint8, (N, 3, size, size).

    The black triangles that an alignment leaves at the sides are filled with the nearest pixel
    of their row, so that the model does not spend itself on them.

    Raises:
        ValueError: a file is no readable image; the message names it.
    """
    return torch.stack([load_image(path, size) for path in paths])


def load_image(path: Path, size: int) -> Tensor:
    """One of :func:`load_images`, (3, size, size).

    Raises:
        ValueError: the file is no readable image; the message names it.
    """
    try:
        # From a pipe, reading would never end.
        if not path.is_file():
            raise FileNotFoundError("there is no such file")
        with Image.open(path, formats=FORMATS) as file:
            if file.width * file.height > MOST_PIXELS:
                raise ValueError(f"{file.width}x{file.height} pixels are too many")
            image = file.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    except Exception as error:  # of a broken file, a decoder may raise anything
        raise ValueError(f"cannot read the image {path}: {error or repr(error)}") from error
    return torch.from_numpy(_fill_black_sides(np.array(image))).permute(2, 0, 1)


def dequantise(images: Tensor, noise_bits: int, generator: torch.Generator) -> Tensor:
    """Adds uniform noise to images, as the flow's likelihood needs (Section 1 of the Glow paper).

    Args:
        images: (N, 3, H, W), floating, in [0, 1].
        noise_bits: the noise is 2^-noise_bits wide, around each value.
        generator: source of the noise.

    Returns:
        (N, 3, H, W), centred at 0, in about [-0.5, 0.5].
    """
    noise = torch.rand(images.shape, generator=generator).to(images.device) - 0.5
    return (images * 255.0 + 0.5) / 256.0 - 0.5 + noise * 2.0**-noise_bits


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random flips and small changes of geometry and colour.

    Attributes:
        rotation: largest rotation, degrees.
        scale: largest relative change of size.
        shift: largest translation, as a share of the frame.
        bend: largest displacement of a smooth random warp, as a share of the frame.
        colour: largest relative change of brightness, contrast, saturation and of each channel.
    """

    rotation: float = 3.0
    scale: float = 0.05
    shift: float = 0.02
    bend: float = 0.02
    colour: float = 0.1

    def __call__(self, images: Tensor, size: int, generator: torch.Generator) -> Tensor:
        """Changed images at the model's size.

        Args:
            images: uint8, (N, 3, H, W), preferably larger than ``size``.
            size: height and width of the result.
            generator: source of all randomness.

        Returns:
            float32, (N, 3, size, size), in [0, 1].
        """
        x = images.float() / 255.0
        grid = self._grid(x, generator)
        x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
        x = F.interpolate(x, size=(size, size), mode="bicubic", antialias=True)
        return self._recolour(x, generator).clamp(0.0, 1.0)

    def _grid(self, x: Tensor, generator: torch.Generator) -> Tensor:
        count, device = x.shape[0], x.device

        def uniform(*shape: int) -> Tensor:
            return (torch.rand(shape, generator=generator) * 2.0 - 1.0).to(device)

        angle = uniform(count) * (self.rotation * torch.pi / 180.0)
        zoom = 1.0 + uniform(count) * self.scale
        flip = torch.sign(uniform(count))
        cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        # grid_sample's frame spans 2 units, hence the factor 2 on displacements.
        shift = uniform(2, count) * self.shift * 2.0
        affine = torch.stack(
            [
                torch.stack([cos * flip, -sin, shift[0]], 1),
                torch.stack([sin * flip, cos, shift[1]], 1),
            ],
            dim=1,
        )
        grid = F.affine_grid(affine, list(x.shape), align_corners=False)
        coarse = uniform(count, 2, 5, 5) * self.bend * 2.0
        warp = F.interpolate(coarse, size=x.shape[2:], mode="bicubic", align_corners=True)
        return grid + warp.permute(0, 2, 3, 1)

    def _recolour(self, x: Tensor, generator: torch.Generator) -> Tensor:
        count, device = x.shape[0], x.device

        def factor(channels: int) -> Tensor:
            random = torch.rand((count, channels, 1, 1), generator=generator) * 2.0 - 1.0
            return (1.0 + random * self.colour).to(device)

        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = (x - mean) * factor(1) + mean * factor(1)
        grey = x.mean(dim=1, keepdim=True)
        x = (x - grey) * factor(1) + grey
        return x * (1.0 + (factor(3) - 1.0) * 0.5)


def _fill_black_sides(image: np.ndarray) -> np.ndarray:
    """Fills runs of black pixels that touch the left or right edge of an (H, W, 3) image."""
    filled = image.copy()
    lit = image.max(axis=2) > 8
    for row in np.flatnonzero(lit.any(axis=1) & ~(lit[:, 0] & lit[:, -1])):
        columns = np.flatnonzero(lit[row])
        # One pixel further in: resampling has darkened the last one.
        first, last = columns[0], columns[-1]
        if first > 0:
            first = min(first + 2, last)
            filled[row, :first] = image[row, first]
        if last < image.shape[1] - 1:
            last = max(last - 2, first)
            filled[row, last + 1 :] = image[row, last]
    return filled
