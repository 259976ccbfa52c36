"""A small generator of faces at 64x64, and the encoder that it is trained with."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

__all__ = ["SIDE", "WIDTH", "SmallEncoder", "SmallGenerator"]

SIDE: Final = 64
"""Pixels."""

WIDTH: Final = 256
"""Numbers of a code w."""

_START: Final = 4
_CHANNELS: Final = (96, 96, 48, 32)


class SmallGenerator(nn.Module):
    """w -> image, by four convolutions that each double the side (Shi et al., "Real-Time Single
    Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network",
    CVPR 2016).

    Attributes:
        value_range: of the images, for who reads the TorchScript file.
        mean_w, w_std: (WIDTH,), mean and standard deviation of the codes of the training faces.
    """

    def __init__(self) -> None:
        super().__init__()
        self.value_range = "0..1"
        layers: list[nn.Module] = [
            nn.Linear(WIDTH, _CHANNELS[0] * _START**2),
            nn.Unflatten(1, (_CHANNELS[0], _START, _START)),
            nn.LeakyReLU(0.2),
        ]
        for entering, leaving in zip(_CHANNELS, (*_CHANNELS[1:], 3), strict=True):
            layers += [
                nn.Conv2d(entering, 4 * leaving, 3, padding=1),
                nn.PixelShuffle(2),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers[:-1])
        self.register_buffer("mean_w", torch.zeros(WIDTH))
        self.register_buffer("w_std", torch.ones(WIDTH))

    def forward(self, w: Tensor) -> Tensor:
        """Images (N, 3, SIDE, SIDE) of codes (N, WIDTH); faces lie in 0..1, nothing is clipped."""
        images: Tensor = 0.5 + 0.5 * self.layers(w)
        return images


class SmallEncoder(nn.Module):
    """Image -> w of mean 0 and standard deviation 1, for training alone."""

    def __init__(self) -> None:
        super().__init__()
        channels = (3, 32, 64, 128, 192)
        layers: list[nn.Module] = []
        for entering, leaving in pairwise(channels):
            layers += [nn.Conv2d(entering, leaving, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        layers += [nn.Flatten(), nn.Linear(channels[-1] * _START**2, WIDTH)]
        self.layers = nn.Sequential(*layers, nn.BatchNorm1d(WIDTH, affine=False))

    def forward(self, images: Tensor) -> Tensor:
        """Codes (N, WIDTH) of images (N, 3, SIDE, SIDE) in 0..1."""
        codes: Tensor = self.layers(2.0 * images - 1.0)
        return codes
