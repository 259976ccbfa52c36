"""Glows built from the parts of other packages, behind one interface.

Each has as many levels, steps and hidden channels as this package's Glow: the same coupling
networks, 3x3 to 1x1 to 3x3 convolution, and a product of all channels at each step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

import torch
from torch import Tensor, nn

from glow.comparison.measure import ContestantError
from glow.comparison.networks import ContextFree, NetworkVariant, coupling_network
from glow.config import GlowConfig

__all__ = ["DIFFERENCES", "PEERS", "Flow", "build_peer"]


class Flow(Protocol):
    """What is compared: images to latents and back."""

    def encode(self, images: Tensor) -> Any:
        """Latents of images (N, C, H, W), float32, in [0, 1]."""
        ...

    def decode(self, latents: Any) -> Tensor:
        """The images (N, C, H, W) of latents that ``encode`` returned."""
        ...


DIFFERENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "normflows": "GlowBlock: its 1x1 matrix is put together from LU factors at each call and "
        "inverted at each decode; no priors of splits",
        "FrEIA": "AllInOneBlock: a fixed permutation, done as a 1x1 product, instead of a learned "
        "matrix; scale by a clamped exponential; no priors of splits",
        "nflows": "ActNorm, OneByOneConvolution (LU, with its cache on), AffineCouplingTransform; "
        "no priors of splits",
    }
)
"""How each peer differs from Glow as this package has it; all always compute log-determinants."""


def build_peer(name: str, config: GlowConfig, variant: NetworkVariant) -> Flow:
    """A peer's Glow of random weights, with no parameter to train.

    Raises:
        ValueError: there is no peer of that name.
        ContestantError: the package is not installed.
    """
    if name not in PEERS:
        raise ValueError(f"no peer {name!r}; known: {', '.join(PEERS)}")
    try:
        return PEERS[name](config, variant)
    except ModuleNotFoundError as error:
        raise ContestantError(
            f"{error.name} is not installed; pip install 'expression-transfer-bench[peers]'"
        ) from error


class _NormflowsGlow:
    def __init__(self, config: GlowConfig, variant: NetworkVariant) -> None:
        import normflows

        # From the last level to the first: its forward direction makes images.
        shapes = _shapes_of_levels(config)[::-1]
        blocks, bases = [], []
        for index, (channels, height, width) in enumerate(shapes):
            level = []
            for _ in range(config.steps):
                block = normflows.flows.GlowBlock(channels, config.width, init_zeros=False)
                coupling = block.flows[0].flows[1]
                coupling.param_map = variant.apply(coupling.param_map)
                level.append(block)
            blocks.append([*level, normflows.flows.Squeeze()])
            latents = (channels if index == 0 else channels // 2, height, width)
            bases.append(normflows.distributions.DiagGaussian(latents))
        merges = [normflows.flows.Merge() for _ in shapes[1:]]
        model = normflows.MultiscaleFlow(bases, blocks, merges, class_cond=False)
        self._model = _frozen(model)

    def encode(self, images: Tensor) -> list[Tensor]:
        latents: list[Tensor] = self._model.inverse_and_log_det(images - 0.5)[0]
        return latents

    def decode(self, latents: list[Tensor]) -> Tensor:
        state: Tensor = self._model.forward_and_log_det(latents)[0]
        return state + 0.5


class _FreiaGlow:
    """One ``SequenceINN`` a level: a ``GraphINN`` would keep the state after each block."""

    def __init__(self, config: GlowConfig, variant: NetworkVariant) -> None:
        from FrEIA.framework import SequenceINN
        from FrEIA.modules import AllInOneBlock, IRevNetDownsampling

        def subnet(inputs: int, outputs: int) -> nn.Module:
            return variant.apply(coupling_network(inputs, config.width, outputs))

        self._levels = []
        for channels, height, width in _shapes_of_levels(config):
            level = SequenceINN(channels // 4, 2 * height, 2 * width)
            level.append(IRevNetDownsampling)
            for _ in range(config.steps):
                level.append(AllInOneBlock, subnet_constructor=subnet)
            self._levels.append(_frozen(level))

    def encode(self, images: Tensor) -> list[Tensor]:
        state, latents = images - 0.5, []
        for level in self._levels:
            state, _ = level(state, jac=False)
            if level is not self._levels[-1]:
                state, factored = state.chunk(2, dim=1)
                latents.append(factored)
        return [*latents, state]

    def decode(self, latents: list[Tensor]) -> Tensor:
        state = latents[-1]
        for level, factored in zip(
            reversed(self._levels), [None, *reversed(latents[:-1])], strict=True
        ):
            if factored is not None:
                state = torch.cat([state, factored], dim=1)
            state, _ = level(state, rev=True, jac=False)
        return state + 0.5


class _NflowsGlow:
    def __init__(self, config: GlowConfig, variant: NetworkVariant) -> None:
        from nflows import transforms

        def subnet(inputs: int, outputs: int) -> nn.Module:
            return ContextFree(variant.apply(coupling_network(inputs, config.width, outputs)))

        shapes = _shapes_of_levels(config)
        model = transforms.MultiscaleCompositeTransform(len(shapes))
        for shape in shapes:
            channels = shape[0]
            level: list[nn.Module] = [transforms.SqueezeTransform()]
            for _ in range(config.steps):
                mask = torch.arange(channels) >= channels // 2
                level += [
                    transforms.ActNorm(channels),
                    transforms.OneByOneConvolution(channels, using_cache=True),
                    transforms.AffineCouplingTransform(mask.int(), subnet),
                ]
            model.add_transform(transforms.CompositeTransform(level), shape)
        self._model, self._initialized = _frozen(model), False

    def encode(self, images: Tensor) -> Tensor:
        if not self._initialized:
            # Only a model in training sets its actnorms, from the first batch that it sees.
            self._model.train()(images - 0.5)
            self._model.eval()
            self._initialized = True
        latents: Tensor = self._model(images - 0.5)[0]
        return latents

    def decode(self, latents: Tensor) -> Tensor:
        state: Tensor = self._model.inverse(latents)[0]
        return state + 0.5


PEERS: Final[Mapping[str, Callable[[GlowConfig, NetworkVariant], Flow]]] = MappingProxyType(
    {"normflows": _NormflowsGlow, "FrEIA": _FreiaGlow, "nflows": _NflowsGlow}
)


def _shapes_of_levels(config: GlowConfig) -> list[tuple[int, int, int]]:
    """(channels, height, width) of the state in the steps of each level, finest level first."""
    channels, size, shapes = config.channels, config.image_size, []
    for _ in range(config.levels):
        channels, size = channels * 4, size // 2
        shapes.append((channels, size, size))
        channels //= 2
    return shapes


def _frozen(model: Any) -> Any:
    return model.eval().requires_grad_(False)
