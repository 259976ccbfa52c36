from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from glow.comparison.cells import config_for
from glow.comparison.flops import flops_per_image
from glow.comparison.measure import ContestantError
from glow.comparison.networks import NetworkVariant
from glow.comparison.peers import DIFFERENCES, PEERS, Flow, build_peer
from glow.config import GlowConfig


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(params=list(PEERS))
def peer(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    pytest.importorskip(name)
    return name


def make(name: str, *, bf16: bool = False, size: int = 16, width: int = 8) -> Flow:
    torch.manual_seed(0)
    # FrEIA draws its permutations from the global generator of numpy.
    np.random.seed(0)  # noqa: NPY002
    config = config_for(size, width=width, steps=2)
    return build_peer(name, config, NetworkVariant(bf16=bf16))


def images(size: int = 16) -> Tensor:
    return torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))


def flat(latents: Tensor | list[Tensor]) -> Tensor:
    parts = [latents] if isinstance(latents, Tensor) else latents
    return torch.cat([part.flatten(1) for part in parts], dim=1)


@pytest.mark.parametrize("bf16", [False, True])
def test_decode_inverts_encode(peer: str, bf16: bool) -> None:
    flow = make(peer, bf16=bf16)
    assert float((flow.decode(flow.encode(images())) - images()).abs().max()) < 1e-5


def test_latents_are_as_many_as_values_and_depend_on_each_other(peer: str) -> None:
    flow = make(peer)
    changed = images()
    changed[0, :, 4:6, 4:6] += 0.1
    before, after = flat(flow.encode(images())), flat(flow.encode(changed))
    assert before.shape == (2, 3 * 16 * 16)
    # More than the 12 values that changed, so the coupling networks are not zero.
    assert int((before[0] != after[0]).sum()) > 24
    assert torch.equal(before[1], after[1])


def test_bf16_networks_leave_a_float32_state_and_change_little(peer: str) -> None:
    exact, rounded = make(peer), make(peer, bf16=True)
    expected, found = flat(exact.encode(images())), flat(rounded.encode(images()))
    assert found.dtype == torch.float32
    assert 0.0 < float((found - expected).abs().max()) < 0.1


def test_operations_are_those_of_our_glow(peer: str) -> None:
    """But for the priors of splits, and for what a peer does to matrices of channels."""
    config = config_for(16, width=64, steps=2)
    flow = build_peer(peer, config, NetworkVariant())
    flow.encode(images())
    with FlopCounterMode(display=False) as counter:
        flow.encode(images())
    ratio = counter.get_total_flops() / (2 * flops_per_image(config, priors=False))
    assert 1.0 <= ratio < 1.02


def test_every_peer_says_how_it_differs() -> None:
    assert set(DIFFERENCES) == set(PEERS)


def test_an_unknown_peer_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no peer 'pyro'; known: normflows, FrEIA, nflows"):
        build_peer("pyro", GlowConfig(), NetworkVariant())


def test_a_package_that_is_not_there_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nflows", None)
    with pytest.raises(ContestantError, match=r"nflows is not installed; pip install .*\[peers\]"):
        build_peer("nflows", config_for(8, width=4, steps=1), NetworkVariant())
