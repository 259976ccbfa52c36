"""A generator small enough to know the answer of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

SIDE = 16
WIDTH = 6


class Linear(nn.Module):
    """G(w) = 0.5 + w A with orthonormal rows: w(x) = (x - 0.5) A^T, whatever the start."""

    def __init__(self, value_range: str) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(0)
        directions = torch.linalg.qr(torch.randn(3 * SIDE**2, WIDTH, generator=random)).Q
        self.register_buffer("directions", directions.T.contiguous())
        self.register_buffer("mean_w", torch.full((WIDTH,), 0.5))
        self.register_buffer("w_std", torch.linspace(0.5, 2.0, WIDTH))
        self.value_range = value_range

    def forward(self, w: Tensor) -> Tensor:
        images = 0.5 + w.flatten(1) @ self.directions
        if self.value_range == "-1..1":
            images = 2.0 * images - 1.0
        return images.view(-1, 3, 16, 16)


@pytest.fixture
def linear() -> Callable[..., Linear]:
    return lambda value_range="0..1": Linear(value_range)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a module as a TorchScript file."""

    def write(module: nn.Module, name: str = "generator.pt") -> Path:
        path = tmp_path / name
        torch.jit.save(torch.jit.script(module.eval()), path)
        return path

    return write


@pytest.fixture
def projected() -> Callable[..., Tensor]:
    """Faces, (N, 3, SIDE, SIDE) in 0..1, as the linear generator shows them at best."""

    def project(faces: Tensor) -> Tensor:
        directions = Linear("0..1").directions.double()
        codes = (faces.double().flatten(1) - 0.5) @ directions.T
        return (0.5 + codes @ directions).view(faces.shape)

    return project
