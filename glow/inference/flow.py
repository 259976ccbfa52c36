"""The folded flow: a float64 state through steps, splits and the prior of the last level.

States are (N, H, W, C), channels last, so that each operation is a product of matrices.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glow.config import GlowConfig
from glow.inference.memory import return_freed_memory
from glow.inference.networks import FoldedCoupling, FoldedZeroConv, outputs_in_halves
from glow.layers import FlowStep, GaussianSplit, InvertibleConv, TopPrior
from glow.layers.values import LOG_SCALE_FACTOR

__all__ = ["FoldedFlow"]

Module = TypeVar("Module", bound=nn.Module)

_LOG_TWO_PI = 1.8378770664093453


class FoldedFlow:
    """All steps, splits and the last prior of a flow.

    Args:
        config: of the flow.
        part: gives a part by its name in a :class:`GlowModule`, such as ``levels.0.steps.3``.
            Each is asked for once and let go when it is folded.
        dtype: in which the networks run.
        device: where.
    """

    def __init__(
        self,
        config: GlowConfig,
        part: Callable[[str], nn.Module],
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self._top = _FoldedTop(_as(TopPrior, part("top")), config, device)
        self._splits = [
            _FoldedSplit(_as(GaussianSplit, part(f"splits.{level}")), dtype, device)
            for level in range(config.levels - 1)
        ]
        self._levels: list[list[_FoldedStep]] = []
        # The widest first: memory that its making takes for a while serves the narrower ones.
        for level, (_, side, _) in reversed(list(enumerate(config.latent_shapes()))):
            steps = []
            for step in range(config.steps):
                flow_step = _as(FlowStep, part(f"levels.{level}.steps.{step}"))
                steps.append(_FoldedStep(flow_step, side, dtype, device))
                del flow_step
                return_freed_memory()
            self._levels.insert(0, steps)

    def encode(
        self, state: Tensor, labels: Tensor | None, *, with_density: bool
    ) -> tuple[list[Tensor], Tensor]:
        """Latents (N, H, W, C) of each level, the finest first, and the log-density (N,) in nats.

        Without density its terms are not computed and it is 0.
        """
        density = _Density(len(state), state.device, wanted=with_density)
        latents = []
        for index, steps in enumerate(self._levels):
            state = squeeze(state)
            for step in steps:
                state = step.forward(state, density)
            if index < len(self._splits):
                state, eps = self._splits[index].forward(state, density)
            else:
                eps = self._top.forward(state, labels, density)
            latents.append(eps)
        return latents, density.total

    def decode(self, latents: list[Tensor], labels: Tensor | None) -> Tensor:
        """The state (N, H, W, C) that has these latents."""
        state = self._top.inverse(latents[-1], labels)
        for index in reversed(range(len(self._levels))):
            for step in reversed(self._levels[index]):
                state = step.inverse(state)
            state = unsqueeze(state)
            if index > 0:
                state = self._splits[index - 1].inverse(state, latents[index - 1])
        return state


def squeeze(x: Tensor) -> Tensor:
    """(N, H, W, C) to (N, H / 2, W / 2, 4 C), output channel 4 c + 2 dy + dx."""
    count, height, width, channels = x.shape
    blocks = x.reshape(count, height // 2, 2, width // 2, 2, channels)
    return blocks.permute(0, 1, 3, 5, 2, 4).reshape(count, height // 2, width // 2, 4 * channels)


def unsqueeze(x: Tensor) -> Tensor:
    """The inverse of :func:`squeeze`."""
    count, height, width, channels = x.shape
    blocks = x.reshape(count, height, width, channels // 4, 2, 2)
    return blocks.permute(0, 1, 4, 2, 5, 3).reshape(count, 2 * height, 2 * width, channels // 4)


class _Density:
    """Sums the terms of a log-density, or leaves them uncomputed."""

    def __init__(self, count: int, device: torch.device, *, wanted: bool) -> None:
        self.wanted = wanted
        self.total = torch.zeros(count, dtype=torch.float64, device=device)

    def add(self, constant: float, log_scale: Tensor | None = None) -> None:
        if self.wanted:
            self.total += constant
            if log_scale is not None:
                self.total += log_scale.flatten(1).sum(dim=1)

    def add_normal(self, eps: Tensor, log_deviation: Tensor) -> None:
        if self.wanted:
            terms = -0.5 * (_LOG_TWO_PI + eps.square()) - log_deviation
            self.total += terms.flatten(1).sum(dim=1)


class _FoldedStep:
    """Actnorm and permutation as one matrix, then the coupling."""

    def __init__(self, step: FlowStep, side: int, dtype: torch.dtype, device: torch.device) -> None:
        channels = step.coupling.channels
        matrix, self._log_det = _permutation(step, channels)
        scale, bias = torch.ones(channels).double(), torch.zeros(channels).double()
        if step.actnorm is not None:
            scale = torch.exp(LOG_SCALE_FACTOR * step.actnorm.logs.double().cpu())
            bias = step.actnorm.bias.double().cpu()
            self._log_det += LOG_SCALE_FACTOR * float(step.actnorm.logs.double().sum())
        # Rows of channels are multiplied from the left: y = ((x + bias) * scale) @ matrix.
        self._matrix = (scale[:, None] * matrix).to(device)
        self._offset = ((bias * scale) @ matrix).to(device)
        self._inverse = (torch.linalg.inv(matrix) / scale).to(device)
        self._inverse_offset = -bias.to(device)
        self._network = FoldedCoupling(step.coupling, side, dtype, device)
        self._affine = step.coupling.affine

    def forward(self, x: Tensor, density: _Density) -> Tensor:
        y = _product(x, self._matrix, self._offset)
        half = y.shape[-1] // 2
        output = self._network(y[..., :half])
        changed = y[..., half:]
        changed += output[..., :half]
        log_scale = None
        if self._affine:
            log_scale = F.logsigmoid(output[..., half:].double() + 2.0)
            changed *= log_scale.exp()
        density.add(self._log_det * y.shape[1] * y.shape[2], log_scale)
        return y

    def inverse(self, y: Tensor) -> Tensor:
        half = y.shape[-1] // 2
        output = self._network(y[..., :half])
        x = y.clone()
        changed = x[..., half:]
        if self._affine:
            changed /= F.logsigmoid(output[..., half:].double() + 2.0).exp()
        changed -= output[..., :half]
        return _product(x, self._inverse, self._inverse_offset)


class _FoldedSplit:
    """Factors out the second half of the channels."""

    def __init__(self, split: GaussianSplit, dtype: torch.dtype, device: torch.device) -> None:
        order = outputs_in_halves(len(split.prior.bias), interleaved=True)
        self._prior = FoldedZeroConv(split.prior, dtype, device, order)

    def forward(self, x: Tensor, density: _Density) -> tuple[Tensor, Tensor]:
        kept, factored = x.chunk(2, dim=-1)
        mean, log_deviation = self._prior(kept).chunk(2, dim=-1)
        eps = (factored - mean) * torch.exp(-log_deviation)
        density.add_normal(eps, log_deviation)
        return kept, eps

    def inverse(self, kept: Tensor, eps: Tensor) -> Tensor:
        mean, log_deviation = self._prior(kept).chunk(2, dim=-1)
        return torch.cat([kept, mean + torch.exp(log_deviation) * eps], dim=-1)


class _FoldedTop:
    """The prior of the last level: a map of positions, and what each class adds to it."""

    def __init__(self, top: TopPrior, config: GlowConfig, device: torch.device) -> None:
        top = copy.deepcopy(top).double().cpu()
        channels, height, width = config.latent_shapes()[-1]
        like = torch.zeros(1, channels, height, width, dtype=torch.float64)
        self._maps = []
        for label in range(max(1, config.classes)):
            labels = torch.tensor([label]) if config.classes else None
            parts = top.mean_and_log_deviation(like, labels)
            self._maps.append([part[0].permute(1, 2, 0).to(device) for part in parts])

    def forward(self, x: Tensor, labels: Tensor | None, density: _Density) -> Tensor:
        mean, log_deviation = self._mean_and_log_deviation(labels)
        eps = (x - mean) * torch.exp(-log_deviation)
        density.add_normal(eps, log_deviation.expand_as(eps))
        return eps

    def inverse(self, eps: Tensor, labels: Tensor | None) -> Tensor:
        mean, log_deviation = self._mean_and_log_deviation(labels)
        return mean + torch.exp(log_deviation) * eps

    def _mean_and_log_deviation(self, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        chosen = [0] if labels is None else labels.tolist()
        mean, log_deviation = (torch.stack([self._maps[c][i] for c in chosen]) for i in range(2))
        return mean, log_deviation


def _as(kind: type[Module], module: object) -> Module:
    """Tells the type checker what a list of modules holds."""
    assert isinstance(module, kind)
    return module


def _permutation(step: FlowStep, channels: int) -> tuple[Tensor, float]:
    """Matrix (C, C) that rows of channels are multiplied with, and the log of its determinant."""
    permutation = step.permutation
    if isinstance(permutation, InvertibleConv):
        matrix = permutation.weight.double().cpu().t()
        return matrix, float(torch.linalg.slogdet(matrix).logabsdet)
    return torch.eye(channels, dtype=torch.float64)[:, permutation.order.cpu()], 0.0


def _product(x: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """``x @ matrix + offset`` over the channels of (N, H, W, C)."""
    rows = torch.addmm(offset, x.reshape(-1, x.shape[-1]), matrix)
    return rows.view(x.shape)
