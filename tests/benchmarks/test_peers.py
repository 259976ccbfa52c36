"""Glow beside other packages: ``pytest tests/benchmarks/test_peers.py --benchmark-enable``.

Small models, to notice a change; ``python -m glow bench`` is the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from glow import Glow
from glow.comparison.cells import config_for
from glow.comparison.networks import NetworkVariant
from glow.comparison.peers import PEERS, build_peer
from glow.comparison.random_weights import random_module

CONFIG = config_for(64, width=128, steps=4)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)


@pytest.mark.benchmark(group="encode 8 images of 64 px")
@pytest.mark.parametrize("name", ["glow", *PEERS])
def test_encode(benchmark: Any, name: str) -> None:
    encode, _ = make(name)
    benchmark(encode, torch.rand(8, 3, 64, 64))


@pytest.mark.benchmark(group="decode 8 images of 64 px")
@pytest.mark.parametrize("name", ["glow", *PEERS])
def test_decode(benchmark: Any, name: str) -> None:
    encode, decode = make(name)
    assert benchmark(decode, encode(torch.rand(8, 3, 64, 64))).shape == (8, 3, 64, 64)


def make(name: str) -> tuple[Any, Any]:
    """What encodes and what decodes."""
    if name == "glow":
        model = Glow(random_module(CONFIG))
        return model.latents, model.decode
    pytest.importorskip(name)
    torch.manual_seed(0)
    peer = build_peer(name, CONFIG, NetworkVariant())
    return peer.encode, peer.decode
