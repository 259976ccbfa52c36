"""Products and surroundings against PyTorch's own convolutions."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from glow.inference.products import LinearMap, neighbourhoods, scatter_neighbourhoods


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("rows", [1, 7, 1024, 1500])
@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 2e-2)],
)
def test_a_linear_map_is_the_product(dtype, tolerance, rows, relu):
    generator = torch.Generator().manual_seed(0)
    x, matrix, bias = (
        torch.randn(*shape, generator=generator).to(dtype)
        for shape in ((rows, 37), (37, 21), (21,))
    )
    y = LinearMap(matrix.t().contiguous(), bias, relu=relu)(x)
    expected = x.double() @ matrix.double() + bias.double()
    if relu:
        expected = expected.relu()
    assert y.dtype == dtype
    assert (y.double() - expected).abs().max() < tolerance * expected.abs().max()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4), (2, 3), (5, 4)])
def test_neighbourhoods_make_a_convolution_with_an_edge_channel(height, width):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, height, width, 3, generator=generator).double()
    kernel = torch.randn(5, 4, 3, 3, generator=generator).double()
    matrix = kernel.permute(2, 3, 1, 0).reshape(36, 5)
    y = (neighbourhoods(x, torch.float64) @ matrix).view(2, height, width, 5)
    inside = F.pad(x.permute(0, 3, 1, 2), (1, 1, 1, 1))
    edge = F.pad(torch.zeros(2, 1, height, width).double(), (1, 1, 1, 1), value=1.0)
    expected = F.conv2d(torch.cat([inside, edge], dim=1), kernel)
    torch.testing.assert_close(y.permute(0, 3, 1, 2), expected)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4), (2, 3), (5, 4)])
def test_scattered_products_make_a_convolution(height, width):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, height, width, 3, generator=generator).double()
    kernel = torch.randn(5, 3, 3, 3, generator=generator).double()
    parts = x.reshape(-1, 3) @ kernel.permute(1, 2, 3, 0).reshape(3, 45)
    start = torch.randn(2, height, width, 5, generator=generator).double()
    parts, total = parts.view(2, height, width, 9, 5), start.clone()
    # All rows at once, and one after the other.
    scatter_neighbourhoods(parts, total)
    row_by_row = start.clone()
    for row in range(height):
        scatter_neighbourhoods(parts[:, row : row + 1], row_by_row, row)
    torch.testing.assert_close(row_by_row, total)
    expected = F.conv2d(x.permute(0, 3, 1, 2), kernel, padding=1).permute(0, 2, 3, 1)
    torch.testing.assert_close(total, start + expected)
