"""The coupling networks of peers: plain, in bfloat16, compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["ContextFree", "NetworkVariant", "coupling_network"]


def coupling_network(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """3x3, 1x1 and 3x3 convolution with ReLU between them; its last layer is not zero."""
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, width, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, outputs, 3, padding=1),
    )


@dataclass(frozen=True, slots=True)
class NetworkVariant:
    """How a peer's coupling networks run; nearly all of a flow's operations are in them.

    Attributes:
        bf16: in bfloat16 and channels-last, with casts around them: the state stays float32.
        compiled: each by ``torch.compile``, channels-last and with its weights frozen, which lets
            the compiler lay them out once.
    """

    bf16: bool = False
    compiled: bool = False

    def apply(self, network: nn.Module) -> nn.Module:
        """The network in this variant; the one that is given is changed or is returned."""
        network = network.eval().requires_grad_(False)
        if not self.bf16 and not self.compiled:
            return network
        dtype = torch.bfloat16 if self.bf16 else torch.float32
        network = network.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return _ChannelsLast(_compile(network) if self.compiled else network, dtype)


class ContextFree(nn.Module):
    """A network that is called with a context and has no use for it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, context: Any = None) -> Tensor:
        y: Tensor = self.network(x)
        return y


class _ChannelsLast(nn.Module):
    """Runs a network in its dtype and layout and returns to those of the state."""

    def __init__(self, network: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
        super().__init__()
        self.network, self.dtype = network, dtype

    def forward(self, x: Tensor) -> Tensor:
        y = self.network(x.to(self.dtype, memory_format=torch.channels_last))
        return y.to(x.dtype, memory_format=torch.contiguous_format)


def _compile(network: nn.Module) -> Callable[[Tensor], Tensor]:
    import torch._inductor.config

    # For the whole process: as an option of one compilation it freezes nothing.
    torch._inductor.config.freezing = True

    def run(x: Tensor) -> Tensor:
        y: Tensor = network(x)
        return y

    # The compiler keeps what it compiled by code object, few for each, and looks through them at
    # each call; so each network gets its own.
    code = run.__code__.replace(co_name=f"network_{id(network)}")
    own = FunctionType(code, run.__globals__, code.co_name, None, run.__closure__)
    compiled: Callable[[Tensor], Tensor] = torch.compile(own, fullgraph=True, dynamic=False)
    return compiled
