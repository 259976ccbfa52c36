"""Convolutions of the networks: with the edge channel, pointwise, and those that start at zero."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glow.layers.values import LOG_SCALE_FACTOR, drawn_parameter, per_channel

__all__ = ["EdgeAwareConv", "PointwiseConv", "ZeroConv"]


class EdgeAwareConv(nn.Module):
    """3x3 convolution with the original's edge channel and no bias of its own.

    The input is padded with zeros and gets one more channel that is one on the padding and zero
    inside. Its contribution does not depend on the image, so it is added as a bias map.
    """

    def __init__(self, in_channels: int, out_channels: int, *, std: float) -> None:
        super().__init__()
        shape = (out_channels, in_channels + 1, 3, 3)
        self.weight = drawn_parameter(shape, lambda shape: torch.randn(shape) * std)

    def forward(self, x: Tensor) -> Tensor:
        kernel, edge_kernel = self.weight[:, :-1], self.weight[:, -1:]
        inside = torch.zeros(1, 1, x.shape[2], x.shape[3], dtype=x.dtype, device=x.device)
        edge = F.conv2d(F.pad(inside, (1, 1, 1, 1), value=1.0), edge_kernel)
        return F.conv2d(x, kernel, padding=1) + edge


class PointwiseConv(nn.Module):
    """1x1 convolution without a bias of its own."""

    def __init__(self, channels: int, *, std: float) -> None:
        super().__init__()
        shape = (channels, channels, 1, 1)
        self.weight = drawn_parameter(shape, lambda shape: torch.randn(shape) * std)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight)


class ZeroConv(nn.Module):
    """Edge-aware 3x3 convolution that starts at zero: ``(conv(x) + bias) * exp(3 * logs)``."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = EdgeAwareConv(in_channels, out_channels, std=0.0)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.logs = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        scale = torch.exp(LOG_SCALE_FACTOR * self.logs)
        return (y + per_channel(self.bias, y)) * per_channel(scale, y)
