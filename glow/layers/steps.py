"""Coupling layers, and the flow steps and levels made with them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glow.config import Coupling, Permutation
from glow.layers.actnorm import ActNorm
from glow.layers.convolutions import EdgeAwareConv, PointwiseConv, ZeroConv
from glow.layers.permutations import ChannelPermutation, InvertibleConv
from glow.layers.values import run_network

__all__ = ["CouplingLayer", "FlowLevel", "FlowStep"]


class CouplingLayer(nn.Module):
    """Coupling layer (Section 3.3): the first half of the channels shifts and scales the second.

    ``y2 = (x2 + shift) * sigmoid(raw_scale + 2)``, with shift alone if ``coupling`` is additive.
    Shifts and scales are interleaved in the network's output channels, as in the original.
    """

    def __init__(self, channels: int, width: int, coupling: Coupling) -> None:
        super().__init__()
        self.channels = channels
        self.affine = coupling == "affine"
        half = channels // 2
        self.network = nn.Sequential(
            EdgeAwareConv(half, width, std=0.05),
            ActNorm(width),
            nn.ReLU(inplace=True),
            PointwiseConv(width, std=0.05),
            ActNorm(width),
            nn.ReLU(inplace=True),
            ZeroConv(width, channels if self.affine else half),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns y and the log-determinant of each image, shape (N,)."""
        condition, changed = x.chunk(2, dim=1)
        shift, log_scale = self.shift_and_log_scale(condition)
        changed = changed + shift
        if log_scale is None:
            return torch.cat([condition, changed], dim=1), x.new_zeros(x.shape[0])
        changed = changed * torch.exp(log_scale)
        return torch.cat([condition, changed], dim=1), log_scale.sum(dim=(1, 2, 3))

    def inverse(self, y: Tensor) -> Tensor:
        condition, changed = y.chunk(2, dim=1)
        shift, log_scale = self.shift_and_log_scale(condition)
        if log_scale is not None:
            changed = changed * torch.exp(-log_scale)
        return torch.cat([condition, changed - shift], dim=1)

    def shift_and_log_scale(self, condition: Tensor) -> tuple[Tensor, Tensor | None]:
        """What the first half says of the second; no scale if the coupling is additive."""
        output = run_network(self.network, condition)
        if not self.affine:
            return output, None
        return output[:, 0::2], F.logsigmoid(output[:, 1::2] + 2.0)


class FlowStep(nn.Module):
    """Actnorm (unless it is left out), permutation, coupling (Figure 2a)."""

    def __init__(
        self,
        channels: int,
        width: int,
        coupling: Coupling,
        permutation: Permutation,
        *,
        actnorm: bool = True,
    ) -> None:
        super().__init__()
        self.actnorm = ActNorm(channels) if actnorm else None
        self.permutation: InvertibleConv | ChannelPermutation
        if permutation == "invertible_1x1":
            self.permutation = InvertibleConv(channels)
        else:
            self.permutation = ChannelPermutation(channels, shuffle=permutation == "shuffle")
        self.coupling = CouplingLayer(channels, width, coupling)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        pixels = x.shape[2] * x.shape[3]
        constant = self.permutation.log_det(pixels)
        if self.actnorm is not None:
            constant = constant + self.actnorm.log_det(pixels)
            x = self.actnorm(x)
        y, log_det = self.coupling(self.permutation(x))
        return y, log_det + constant

    def inverse(self, y: Tensor) -> Tensor:
        x = self.permutation.inverse(self.coupling.inverse(y))
        return x if self.actnorm is None else self.actnorm.inverse(x)


class FlowLevel(nn.Module):
    """K flow steps at one scale."""

    def __init__(self, steps: Iterable[FlowStep]) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns y and the log-determinant of each image, shape (N,)."""
        total = x.new_zeros(x.shape[0])
        for step in self.steps:
            x, log_det = step(x)
            total = total + log_det
        return x, total

    def inverse(self, y: Tensor) -> Tensor:
        for step in reversed(self.steps):
            assert isinstance(step, FlowStep)
            y = step.inverse(y)
        return y
