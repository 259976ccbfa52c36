"""Where latents leave the flow: splits with a learned prior, and the prior of the last level."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from glow.layers.convolutions import ZeroConv
from glow.layers.values import LOG_SCALE_FACTOR, run_network

__all__ = ["GaussianSplit", "LabelEmbedding", "TopPrior"]


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
        output = run_network(self.prior, kept)
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
        output = zeros if self.prior is None else run_network(self.prior, zeros)
        if self.labels is not None and labels is not None:
            output = output + self.labels(labels).to(like.dtype)[:, :, None, None]
        mean, log_deviation = output.chunk(2, dim=1)
        return mean, log_deviation


def _normal_log_prob(eps: Tensor, log_deviation: Tensor) -> Tensor:
    log_two_pi = 1.8378770664093453
    return (-0.5 * (log_two_pi + eps.square()) - log_deviation).sum(dim=(1, 2, 3))
