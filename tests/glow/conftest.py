from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from glow import Glow, GlowConfig


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Models of a few channels are slower, not faster, on many threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_glow() -> Callable[..., Glow]:
    """Makes a tiny Glow whose every parameter has been moved away from its initial value."""

    def make(*, dtype: torch.dtype = torch.float32, spread: float = 0.1, **options: Any) -> Glow:
        torch.manual_seed(7)
        config = GlowConfig(**{"image_size": 8, "levels": 2, "steps": 2, "width": 6, **options})
        model = Glow(config).to(dtype).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(spread * torch.randn_like(parameter))
        return model

    return make
