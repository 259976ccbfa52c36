"""The parts of a Glow step, each with its inverse and its log-determinant.

Conventions of the original (Kingma and Dhariwal 2018, code at github.com/openai/glow), kept so
that its weights fit: log-scales are stored divided by three, 3x3 convolutions see the image
border through an extra input channel, the first half of the channels conditions the second.

Tensors are (N, C, H, W). A layer works in the dtype of its input, so a float64 latent state
stays float64; only the coupling networks run in the dtype of their own weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glow.config import Coupling, Permutation

__all__ = [
    "ActNorm",
    "ChannelPermutation",
    "CouplingLayer",
    "EdgeAwareConv",
    "FlowLevel",
    "FlowStep",
    "GaussianSplit",
    "InvertibleConv",
    "LabelEmbedding",
    "PointwiseConv",
    "TopPrior",
    "ZeroConv",
]

LOG_SCALE_FACTOR = 3.0
"""The effective log-scale is three times the stored one: a larger learning rate for scales."""


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
        return (x + _per_channel(self.bias, x)) * _per_channel(scale, x)

    def inverse(self, y: Tensor) -> Tensor:
        scale = torch.exp(-LOG_SCALE_FACTOR * self.logs.to(y.dtype))
        return y * _per_channel(scale, y) - _per_channel(self.bias, y)

    def log_det(self, pixels: int) -> Tensor:
        """Log-determinant for an image of ``pixels`` positions; the same for every image."""
        return LOG_SCALE_FACTOR * self.logs.sum() * pixels

    @torch.no_grad()
    def _initialize(self, x: Tensor) -> None:
        x = x.float()
        mean = x.mean(dim=(0, 2, 3))
        deviation = (x - _per_channel(mean, x)).square().mean(dim=(0, 2, 3)).sqrt()
        self.bias.copy_(-mean)
        self.logs.copy_(-torch.log(deviation + 1e-6) / LOG_SCALE_FACTOR)
        self.initialized.fill_(True)


class InvertibleConv(nn.Module):
    """Invertible 1x1 convolution with a full matrix, initialised as a rotation (Section 3.2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = _parameter((channels, channels), _rotation)

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


class EdgeAwareConv(nn.Module):
    """3x3 convolution with the original's edge channel and no bias of its own.

    The input is padded with zeros and gets one more channel that is one on the padding and zero
    inside. Its contribution does not depend on the image, so it is added as a bias map.
    """

    def __init__(self, in_channels: int, out_channels: int, *, std: float) -> None:
        super().__init__()
        shape = (out_channels, in_channels + 1, 3, 3)
        self.weight = _parameter(shape, lambda shape: torch.randn(shape) * std)

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
        self.weight = _parameter(shape, lambda shape: torch.randn(shape) * std)

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
        return (y + _per_channel(self.bias, y)) * _per_channel(scale, y)


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
        output = _run_network(self.network, condition)
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


class GaussianSplit(nn.Module):
    """Factors out the second half of the channels as whitened latents (Section 3, "split").

    ``eps = (x2 - mean(x1)) * exp(-log_deviation(x1))`` is standard normal under the model.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.prior = ZeroConv(channels // 2, channels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the kept half, eps, and the log-probability of each image, shape (N,)."""
        kept, factored = x.chunk(2, dim=1)
        mean, log_deviation = self._mean_and_log_deviation(kept)
        eps = (factored - mean) * torch.exp(-log_deviation)
        return kept, eps, _normal_log_prob(eps, log_deviation)

    def inverse(self, kept: Tensor, eps: Tensor) -> Tensor:
        mean, log_deviation = self._mean_and_log_deviation(kept)
        return torch.cat([kept, mean + torch.exp(log_deviation) * eps], dim=1)

    def _mean_and_log_deviation(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        output = _run_network(self.prior, kept)
        return output[:, 0::2], output[:, 1::2]


class LabelEmbedding(nn.Module):
    """What a class adds to the prior: ``(weight[:, label] + bias) * exp(3 * logs)``."""

    def __init__(self, classes: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, classes))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.logs = nn.Parameter(torch.zeros(outputs))

    def forward(self, labels: Tensor) -> Tensor:
        """Labels (N,) of integers to (N, outputs)."""
        return (self.weight.T[labels] + self.bias) * torch.exp(LOG_SCALE_FACTOR * self.logs)


class TopPrior(nn.Module):
    """Prior of the last level: a normal whose parameters depend on position and class alone.

    The original runs its zero convolution on an all-zero input, so only the bias, the scale and
    the edge channel act: the parameters differ at the border. Mean and log-deviation are the two
    halves of the output here, not interleaved.
    """

    def __init__(self, channels: int, *, learned: bool, classes: int = 0) -> None:
        super().__init__()
        self.channels = channels
        self.prior = ZeroConv(2 * channels, 2 * channels) if learned else None
        self.labels = LabelEmbedding(classes, 2 * channels) if classes else None

    def forward(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Returns eps and the log-probability of each image, shape (N,)."""
        mean, log_deviation = self.mean_and_log_deviation(x, labels)
        eps = (x - mean) * torch.exp(-log_deviation)
        return eps, _normal_log_prob(eps, log_deviation.expand_as(eps))

    def inverse(self, eps: Tensor, labels: Tensor | None = None) -> Tensor:
        mean, log_deviation = self.mean_and_log_deviation(eps, labels)
        return mean + torch.exp(log_deviation) * eps

    def mean_and_log_deviation(
        self, like: Tensor, labels: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Each (1 or N, C, H, W), for latents such as ``like`` (N, C, H, W)."""
        shape = (1, 2 * self.channels, like.shape[2], like.shape[3])
        zeros = torch.zeros(shape, dtype=like.dtype, device=like.device)
        output = zeros if self.prior is None else _run_network(self.prior, zeros)
        if self.labels is not None and labels is not None:
            output = output + self.labels(labels).to(like.dtype)[:, :, None, None]
        mean, log_deviation = output.chunk(2, dim=1)
        return mean, log_deviation


def _parameter(shape: tuple[int, ...], draw: Callable[[tuple[int, ...]], Tensor]) -> nn.Parameter:
    """A parameter with its initial values; without values on the meta device."""
    values = torch.empty(shape)
    # Drawing there makes no numbers, but loads what takes 75 MiB.
    return nn.Parameter(values if values.is_meta else draw(shape).contiguous())


def _rotation(shape: tuple[int, ...]) -> Tensor:
    rotation: Tensor = torch.linalg.qr(torch.randn(shape)).Q
    return rotation


def _run_network(network: nn.Module, x: Tensor) -> Tensor:
    """Runs a network in the dtype of its weights and returns to the dtype of the state."""
    weight = next(network.parameters())
    output: Tensor = network(x.to(weight.dtype))
    return output.to(x.dtype)


def _per_channel(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like.dtype)[None, :, None, None]


def _normal_log_prob(eps: Tensor, log_deviation: Tensor) -> Tensor:
    log_two_pi = 1.8378770664093453
    return (-0.5 * (log_two_pi + eps.square()) - log_deviation).sum(dim=(1, 2, 3))
