"""Matrix products with bias and ReLU, and 3x3 convolutions written as such products.

Matrices hold one row for each position of each image, one column for each channel.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["LinearMap", "neighbourhoods", "scatter_neighbourhoods"]

_ROWS_OF_PACKING = 1024


class LinearMap:
    """``x @ weight.T + bias``, with ReLU if wanted; for products that are made often.

    On processors it is handed to oneDNN with the matrix laid out once: for float32 PyTorch's own
    products go to another library, which on some processors is less than half as fast.

    Args:
        weight: (outputs, inputs), in the dtype of the products.
        bias: (outputs,).
        relu: whether negative results become 0.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None, *, relu: bool = False) -> None:
        self._relu = relu
        self._bias = bias
        self._packed = weight.device.type == "cpu" and _has_packed_products(weight.dtype)
        if self._packed:
            weight = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS_OF_PACKING)
        self._weight = weight

    def __call__(self, x: Tensor) -> Tensor:
        """(rows, inputs) to (rows, outputs)."""
        if self._packed:
            after = "relu" if self._relu else "none"
            y: Tensor = torch.ops.mkldnn._linear_pointwise(
                x, self._weight, self._bias, after, [], ""
            )
            return y
        y = F.linear(x, self._weight, self._bias)
        return y.relu_() if self._relu else y


@cache
def _has_packed_products(dtype: torch.dtype) -> bool:
    """Whether this build of PyTorch has the products and they are right.

    They are what ``torch.compile`` uses, but no public interface, hence the trial.
    """
    if dtype not in (torch.float32, torch.bfloat16):
        return False
    x = torch.arange(12.0, dtype=dtype).view(3, 4)
    weight, bias = torch.arange(-4.0, 4.0, dtype=dtype).view(2, 4), torch.ones(2, dtype=dtype)
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS_OF_PACKING)
        y = torch.ops.mkldnn._linear_pointwise(x, packed, bias, "relu", [], "")
    except (AttributeError, RuntimeError, TypeError):
        return False
    return bool(torch.equal(y, F.linear(x, weight, bias).relu()))


def neighbourhoods(x: Tensor, dtype: torch.dtype) -> Tensor:
    """The 3x3 surroundings of each position, with the original's edge channel.

    Outside the image all channels are 0 but one more, the last, which is 1 there alone.

    Args:
        x: (N, H, W, C).
        dtype: of the result.

    Returns:
        (N * H * W, 9 * (C + 1)), by row, column and channel of the surroundings.
    """
    count, height, width, channels = x.shape
    padded = x.new_zeros((count, height + 2, width + 2, channels + 1), dtype=dtype)
    padded[:, 1:-1, 1:-1, :-1] = x
    edge = padded[..., -1]
    edge[:, 0] = edge[:, -1] = 1.0
    edge[:, :, 0] = edge[:, :, -1] = 1.0
    image, row, column, _ = padded.stride()
    # Three neighbours in a row lie one after the other: a row of a window is one run.
    windows = padded.as_strided(
        (count, height, width, 3, 3 * (channels + 1)), (image, row, column, row, 1)
    )
    return windows.reshape(count * height * width, 9 * (channels + 1))


def scatter_neighbourhoods(parts: Tensor, total: Tensor, first_row: int = 0) -> None:
    """Adds what each position gives to its 3x3 surroundings: the end of a 3x3 convolution.

    Args:
        parts: (N, R, W, 9, C), what each position of R rows gives to the outputs of which it is
            the neighbour at each tap, by row and column.
        total: (N, H, W, C), added to in place.
        first_row: of the rows, 0 to H - R.
    """
    height, width = total.shape[1:3]
    for tap in range(9):
        down, right = tap // 3 - 1, tap % 3 - 1
        rows = range(max(0, first_row - down), min(height, first_row + parts.shape[1] - down))
        columns = range(max(0, -right), min(width, width - right))
        if rows and columns:
            given = parts[
                :,
                rows.start + down - first_row : rows.stop + down - first_row,
                columns.start + right : columns.stop + right,
                tap,
            ]
            total[:, rows.start : rows.stop, columns.start : columns.stop] += given
