"""Activation normalisation (Kingma and Dhariwal 2018, Section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from glow.layers.values import LOG_SCALE_FACTOR, per_channel

__all__ = ["ActNorm"]


class ActNorm(nn.Module):
    """Per-channel affine map ``y = (x + bias) * exp(3 * logs)`` (Section 3.1).

    The first batch seen in training mode sets bias and scale so that the output has zero mean
    and unit variance in each channel.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))
        self.logs = nn.Parameter(torch.zeros(channels))
        self.register_buffer("initialized", torch.tensor(False))
        self.initialized: Tensor

    def forward(self, x: Tensor) -> Tensor:
        if self.training and not self.initialized:
            self._initialize(x)
        # Cast before the exponential: forward and inverse must use the very same scale.
        scale = torch.exp(LOG_SCALE_FACTOR * self.logs.to(x.dtype))
        return (x + per_channel(self.bias, x)) * per_channel(scale, x)

    def inverse(self, y: Tensor) -> Tensor:
        scale = torch.exp(-LOG_SCALE_FACTOR * self.logs.to(y.dtype))
        return y * per_channel(scale, y) - per_channel(self.bias, y)

    def log_det(self, pixels: int) -> Tensor:
        """Log-determinant for an image of ``pixels`` positions; the same for every image."""
        return LOG_SCALE_FACTOR * self.logs.sum() * pixels

    @torch.no_grad()
    def _initialize(self, x: Tensor) -> None:
        x = x.float()
        mean = x.mean(dim=(0, 2, 3))
        deviation = (x - per_channel(mean, x)).square().mean(dim=(0, 2, 3)).sqrt()
        self.bias.copy_(-mean)
        self.logs.copy_(-torch.log(deviation + 1e-6) / LOG_SCALE_FACTOR)
        self.initialized.fill_(True)
