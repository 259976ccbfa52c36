"""How a step mixes its channels (Kingma and Dhariwal 2018, Section 3.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glow.layers.values import drawn_parameter

__all__ = ["ChannelPermutation", "InvertibleConv"]


class InvertibleConv(nn.Module):
    """Invertible 1x1 convolution with a full matrix, initialised as a rotation (Section 3.2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = drawn_parameter((channels, channels), _rotation)

    def forward(self, x: Tensor) -> Tensor:
        # The state itself must not be rounded by a mixed-precision training.
        with torch.autocast(x.device.type, enabled=False):
            return F.conv2d(x, self.weight.to(x.dtype)[:, :, None, None])

    def inverse(self, y: Tensor) -> Tensor:
        # In float64 whatever the state's dtype: a product of many float32 inverses drifts.
        inverse = torch.linalg.inv(self.weight.double()).to(y.dtype)
        return F.conv2d(y, inverse[:, :, None, None])

    def log_det(self, pixels: int) -> Tensor:
        # The matrix is small, so float64 costs nothing and keeps long trainings exact.
        log_abs_det: Tensor = torch.linalg.slogdet(self.weight.double()).logabsdet
        return log_abs_det.to(self.weight.dtype) * pixels


class ChannelPermutation(nn.Module):
    """A fixed permutation of the channels: reversed, or drawn once at random."""

    def __init__(self, channels: int, *, shuffle: bool) -> None:
        super().__init__()
        order = torch.randperm(channels) if shuffle else torch.arange(channels - 1, -1, -1)
        self.register_buffer("order", order)
        self.order: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.order]

    def inverse(self, y: Tensor) -> Tensor:
        return y[:, torch.argsort(self.order)]

    def log_det(self, pixels: int) -> Tensor:
        return torch.zeros((), device=self.order.device)


def _rotation(shape: tuple[int, ...]) -> Tensor:
    rotation: Tensor = torch.linalg.qr(torch.randn(shape)).Q
    return rotation
