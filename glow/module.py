"""Glow as a network to train: every operation by itself, as the original has it."""

from __future__ import annotations

from math import log

import torch.nn.functional as F
from torch import Tensor, nn

from glow.config import GlowConfig
from glow.layers import FlowLevel, FlowStep, GaussianSplit, TopPrior

__all__ = ["GlowModule"]


class GlowModule(nn.Module):
    """Multi-scale normalising flow (Kingma and Dhariwal, "Glow", NeurIPS 2018).

    What is trained, and what :class:`glow.Glow` folds into fewer operations to encode and decode.
    A state is (N, C, H, W), the pixel values minus a half; the state keeps its dtype whatever the
    dtype of the weights. Labels are (N,) integers and needed if the configuration has classes.
    """

    def __init__(self, config: GlowConfig) -> None:
        super().__init__()
        self.config = config
        levels, splits = [], []
        channels = config.channels
        for level in range(config.levels):
            channels *= 4
            steps = (
                FlowStep(
                    channels,
                    config.width,
                    config.coupling,
                    config.permutation,
                    actnorm=config.actnorm,
                )
                for _ in range(config.steps)
            )
            levels.append(FlowLevel(steps))
            if level < config.levels - 1:
                splits.append(GaussianSplit(channels))
                channels //= 2
        self.levels, self.splits = nn.ModuleList(levels), nn.ModuleList(splits)
        self.top = TopPrior(channels, learned=config.learn_top, classes=config.classes)

    def forward(self, state: Tensor, labels: Tensor | None = None) -> tuple[list[Tensor], Tensor]:
        """Whitened latents of each level, the finest first, and the log-density (N,), in nats."""
        self._check_labels(labels)
        log_prob = state.new_zeros(state.shape[0])
        all_eps = []
        for index, level in enumerate(self.levels):
            state, log_det = level(F.pixel_unshuffle(state, 2))
            if index < len(self.splits):
                state, eps, eps_log_prob = self.splits[index](state)
            else:
                eps, eps_log_prob = self.top(state, labels)
            log_prob = log_prob + log_det + eps_log_prob
            all_eps.append(eps)
        return all_eps, log_prob

    def inverse(self, eps: list[Tensor], labels: Tensor | None = None) -> Tensor:
        """The state that has these latents."""
        self._check_labels(labels)
        state = self.top.inverse(eps[-1], labels)
        for index in reversed(range(len(self.levels))):
            level = self.levels[index]
            assert isinstance(level, FlowLevel)
            state = F.pixel_shuffle(level.inverse(state), 2)
            if index > 0:
                split = self.splits[index - 1]
                assert isinstance(split, GaussianSplit)
                state = split.inverse(state, eps[index - 1])
        return state

    def log_prob(self, state: Tensor, labels: Tensor | None = None) -> Tensor:
        """Log-density of each image, (N,), in nats, with gradients."""
        return self(state, labels)[1]  # type: ignore[no-any-return]

    def bits_per_dim(self, state: Tensor, noise_bits: int, labels: Tensor | None = None) -> Tensor:
        """Negative log-likelihood per pixel value, (N,), for noise of width 2^-noise_bits."""
        nats = -self.log_prob(state, labels) / self.config.latent_size
        bits: Tensor = nats / log(2.0) + noise_bits
        return bits

    def _check_labels(self, labels: Tensor | None) -> None:
        if (labels is None) != (self.config.classes == 0):
            wanted = f"labels of {self.config.classes} classes" if self.config.classes else "none"
            raise ValueError(f"expected {wanted}, got {'none' if labels is None else 'labels'}")
