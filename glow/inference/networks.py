"""The networks inside a Glow, folded: actnorms and log-scales are in the weights."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from glow.inference.products import LinearMap, neighbourhoods, scatter_neighbourhoods
from glow.layers import (
    ActNorm,
    CouplingLayer,
    EdgeAwareConv,
    PointwiseConv,
    ZeroConv,
)
from glow.layers.values import LOG_SCALE_FACTOR

__all__ = ["FoldedCoupling", "FoldedZeroConv"]

_POSITIONS_AT_ONCE = 1024
"""On a processor: hidden activations of so many positions stay in its cache."""


class FoldedZeroConv:
    """A ``ZeroConv`` whose input has few channels, as one product.

    Args:
        conv: what to fold.
        dtype: of the product.
        device: where it runs.
        order: of the outputs.
    """

    def __init__(
        self, conv: ZeroConv, dtype: torch.dtype, device: torch.device, order: Tensor
    ) -> None:
        kernel, bias = _folded(conv.conv.weight, conv, device, dtype)
        self._map = LinearMap(_by_neighbour(kernel[order]).to(dtype), bias[order].to(dtype))
        self._dtype = dtype

    def __call__(self, x: Tensor) -> Tensor:
        """(N, H, W, C) to (N, H, W, outputs), float64."""
        y = self._map(neighbourhoods(x, self._dtype))
        return y.view(*x.shape[:3], -1).double()


class FoldedCoupling:
    """The network of a ``CouplingLayer``: 3x3, 1x1 and 3x3 convolution as three products.

    The first sees the surroundings of a position; the last says what a position adds to its
    surroundings. So all three work position by position, on as many at once as is fastest.

    Args:
        layer: what to fold.
        side: height and width of the states it works on.
        dtype: of the products.
        device: where they run.
    """

    def __init__(
        self, layer: CouplingLayer, side: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        first, norm_1, _, second, norm_2, _, last = layer.network
        assert isinstance(first, EdgeAwareConv)
        assert isinstance(norm_1, ActNorm)
        assert isinstance(norm_2, ActNorm)
        assert isinstance(last, ZeroConv)
        self._dtype = dtype
        kernel, bias = _folded(first.weight, norm_1, device, dtype)
        self._first = LinearMap(_by_neighbour(kernel).to(dtype), bias.to(dtype), relu=True)
        assert isinstance(second, PointwiseConv)
        kernel, bias = _folded(second.weight, norm_2, device, dtype)
        self._second = LinearMap(kernel[:, :, 0, 0].to(dtype), bias.to(dtype), relu=True)
        kernel, bias = _folded(last.conv.weight, last, device, dtype)
        order = outputs_in_halves(len(bias), interleaved=layer.affine)
        # By tap, then output.
        taps = kernel[:, :-1].permute(2, 3, 0, 1)[:, :, order]
        self._last = LinearMap(taps.flatten(0, 2).to(dtype))
        self._outputs = len(order)
        # Bias and edge channel differ between the border's sides and corners alone, so a map of
        # 3x3 positions says it all.
        self._border = (_edge_response(kernel[order, -1:], min(side, 3)) + bias[order]).to(
            device, torch.float64 if dtype == torch.float64 else torch.float32
        )
        self._border_classes = _border_classes(side).to(device)

    def __call__(self, condition: Tensor) -> Tensor:
        """(N, H, W, C) to (N, H, W, outputs): shifts, then raw log-scales if affine."""
        count, height, width = condition.shape[:3]
        surroundings = neighbourhoods(condition, self._dtype).view(count, height, width, -1)
        bias = self._border[self._border_classes][:, self._border_classes]
        total = bias.expand(count, -1, -1, -1).contiguous()
        at_once = _POSITIONS_AT_ONCE if condition.device.type == "cpu" else surroundings.numel()
        for images, rows in _groups(count, height, width, at_once):
            group = surroundings[images, rows]
            parts = self._last(self._second(self._first(group.flatten(0, 2))))
            parts = parts.view(*group.shape[:3], 9, self._outputs)
            scatter_neighbourhoods(parts, total[images], rows.start)
        return total


def _groups(count: int, height: int, width: int, positions: int) -> Iterator[tuple[slice, slice]]:
    """Parts every position into groups of about so many: some images, or some rows of one."""
    if height * width <= positions:
        images = positions // (height * width)
        for start in range(0, count, images):
            yield slice(start, start + images), slice(0, height)
        return
    rows = max(1, positions // width)
    for image in range(count):
        for start in range(0, height, rows):
            yield slice(image, image + 1), slice(start, start + rows)


def outputs_in_halves(outputs: int, *, interleaved: bool) -> Tensor:
    """Order that brings interleaved outputs into two halves."""
    order = torch.arange(outputs)
    return torch.cat([order[0::2], order[1::2]]) if interleaved else order


def _edge_response(kernel: Tensor, side: int) -> Tensor:
    """What the edge channel alone adds, (side, side, outputs), for a kernel (outputs, 1, 3, 3)."""
    inside = kernel.new_zeros((1, 1, side, side))
    response = F.conv2d(F.pad(inside, (1, 1, 1, 1), value=1.0), kernel)
    return response[0].permute(1, 2, 0)


def _border_classes(side: int) -> Tensor:
    """First, inside or last, for each of ``side`` rows or columns."""
    return torch.arange(side).clamp(max=1) + (torch.arange(side) == side - 1) * (side > 2)


def _by_neighbour(kernel: Tensor) -> Tensor:
    """Kernel (outputs, C, 3, 3) as weights (outputs, 9 * C) for ``neighbourhoods``."""
    return kernel.permute(0, 2, 3, 1).flatten(1)


def _folded(
    kernel: Tensor, norm: ActNorm | ZeroConv, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Kernel (outputs, C, 3, 3) and bias (outputs,) with the scale that follows them."""
    # Not narrower than float32 before the products are known; nor wider, which takes memory.
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    scale = torch.exp(LOG_SCALE_FACTOR * norm.logs.double())
    bias = (norm.bias.double() * scale).to(device, wide)
    return kernel.to(device, wide) * scale.to(device, wide)[:, None, None, None], bias
