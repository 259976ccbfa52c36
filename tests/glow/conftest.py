from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from glow import Glow, GlowConfig, Precision
from glow.module import GlowModule


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Models of a few channels are slower, not faster, on many threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_module() -> Callable[..., GlowModule]:
    """Makes a tiny flow whose every parameter has been moved away from its initial value."""

    def make(
        *, dtype: torch.dtype = torch.float32, spread: float = 0.1, **options: Any
    ) -> GlowModule:
        torch.manual_seed(7)
        config = GlowConfig(**{"image_size": 8, "levels": 2, "steps": 2, "width": 6, **options})
        module = GlowModule(config).to(dtype).eval()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(spread * torch.randn_like(parameter))
        return module

    return make


@pytest.fixture
def make_glow(make_module: Callable[..., GlowModule]) -> Callable[..., Glow]:
    """The same, ready to encode and decode."""

    def make(*, precision: Precision = "fp32", **options: Any) -> Glow:
        return Glow(make_module(**options), precision=precision)

    return make
