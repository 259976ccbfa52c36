"""What the layers share: how parameters begin, and in which dtype a network runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

__all__ = ["LOG_SCALE_FACTOR", "drawn_parameter", "per_channel", "run_network"]

LOG_SCALE_FACTOR: Final = 3.0
"""The effective log-scale is three times the stored one: a larger learning rate for scales."""


def drawn_parameter(
    shape: tuple[int, ...], draw: Callable[[tuple[int, ...]], Tensor]
) -> nn.Parameter:
    """A parameter with its initial values; without values on the meta device."""
    values = torch.empty(shape)
    # Drawing there makes no numbers, but loads what takes 75 MiB.
    return nn.Parameter(values if values.is_meta else draw(shape).contiguous())


def run_network(network: nn.Module, x: Tensor) -> Tensor:
    """Runs a network in the dtype of its weights and returns to the dtype of the state."""
    weight = next(network.parameters())
    output: Tensor = network(x.to(weight.dtype))
    return output.to(x.dtype)


def per_channel(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like.dtype)[None, :, None, None]
