from __future__ import annotations

import shutil

import pytest
import torch
import torch._inductor.config
from torch import nn

from glow.comparison.networks import ContextFree, NetworkVariant, coupling_network


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_compiled_networks_keep_their_own_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen weights are part of what was compiled: networks of one shape must not share it."""
    monkeypatch.setattr(torch._inductor.config, "freezing", True)
    torch.manual_seed(0)
    networks = [coupling_network(3, 8, 4) for _ in range(2)]
    x = torch.randn(1, 3, 6, 6)
    with torch.no_grad():
        expected = [network(x) for network in networks]
        found = [NetworkVariant(compiled=True).apply(network)(x) for network in networks]
    assert not torch.allclose(expected[0], expected[1])
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_bf16_returns_to_dtype_and_layout_of_the_state() -> None:
    network = NetworkVariant(bf16=True).apply(coupling_network(3, 8, 4))
    with torch.inference_mode():
        y = network(torch.randn(2, 3, 6, 6))
    assert y.dtype == torch.float32
    assert y.is_contiguous()


def test_the_plain_variant_is_the_network_itself() -> None:
    network = coupling_network(3, 8, 4)
    assert NetworkVariant().apply(network) is network
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_context_is_ignored() -> None:
    x = torch.randn(1, 2)
    assert torch.equal(ContextFree(nn.Identity())(x, torch.zeros(5)), x)
