"""Speed, to be compared inside one run: ``pytest tests/benchmarks --benchmark-enable``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from glow import Glow, GlowConfig
from glow.module import GlowModule
from metrics.niqe import NiqeModel


@pytest.fixture(scope="module")
def model() -> Glow:
    torch.manual_seed(0)
    return Glow(GlowModule(GlowConfig(coupling="additive", steps=4)))


@pytest.mark.benchmark(group="glow, 8 images of 64 px")
@pytest.mark.parametrize("direction", ["encode", "decode"])
def test_glow(benchmark: Any, model: Glow, direction: str) -> None:
    images = torch.rand(8, 3, 64, 64)
    if direction == "encode":
        assert benchmark(model.latents, images).shape == (8, 12288)
    else:
        assert benchmark(model.decode, model.latents(images)).shape == images.shape


@pytest.mark.benchmark(group="glow, 8 decoded images of 64 px")
@pytest.mark.parametrize("batch", [1, 8])
def test_decoding_alphas_together(benchmark: Any, model: Glow, batch: int) -> None:
    eps = model.latents(torch.rand(8, 3, 64, 64))

    def decode() -> list[torch.Tensor]:
        return [model.decode(group) for group in eps.split(batch)]

    assert len(benchmark(decode)) == 8 // batch


@pytest.mark.benchmark(group="NIQE, 64 images of 64 px")
def test_niqe(benchmark: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (64, 64, 64, 3), dtype=np.uint8)
    assert benchmark(NiqeModel.fit(images).score, images).shape == (64,)
