"""What the same bytes every time cost: ``pytest tests/benchmarks --benchmark-only``.

In each group the second row does the same work without the measure that makes it repeatable; the
ratio of the two minima is the price.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bench.plugins.guard import guarded
from metrics.synth_network import FaceNetwork, NetworkConfig, run_network

WAYS = ["repeatable", "without"]

CHUNK = 76
"""Images of a usual chunk: 19 alphas of 4 pairs, as on synthfaces."""


@pytest.fixture(scope="module")
def network() -> FaceNetwork:
    torch.manual_seed(0)
    return FaceNetwork(NetworkConfig(outputs=18)).eval()


def images(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)


def as_they_come(network: FaceNetwork, frames: NDArray[np.uint8], batch: int = 16) -> Any:
    """Batches that are not filled up, on as many threads as there are."""
    made = []
    for start in range(0, len(frames), batch):
        part = torch.from_numpy(frames[start : start + batch])
        with torch.inference_mode():
            made.append(network(part.permute(0, 3, 1, 2).float().div_(255.0)))
    return torch.cat(made)


def full_batches(way: str, network: FaceNetwork, count: int) -> Callable[[], Any]:
    frames = images(count)
    if way == "without":
        return lambda: as_they_come(network, frames)
    return lambda: run_network(network, frames)


@pytest.mark.benchmark(group=f"an instrument of synthfaces, {CHUNK} images")
@pytest.mark.parametrize("way", WAYS)
def test_full_batches_of_a_chunk(benchmark: Any, network: FaceNetwork, way: str) -> None:
    assert len(benchmark(full_batches(way, network, CHUNK))) == CHUNK


@pytest.mark.benchmark(group="an instrument of synthfaces, 1 image")
@pytest.mark.parametrize("way", WAYS)
def test_full_batches_of_one_image(benchmark: Any, network: FaceNetwork, way: str) -> None:
    assert len(benchmark(full_batches(way, network, 1))) == 1


@pytest.mark.benchmark(group=f"a call of pixel arithmetic, {CHUNK} images")
@pytest.mark.parametrize("way", WAYS)
def test_seeding_and_restoring_the_generators(benchmark: Any, way: str) -> None:
    sources, means = images(CHUNK), images(CHUNK).astype(np.float32)
    asked = [(f"source/happy>{number}", 0.5) for number in range(CHUNK)]

    def transfer() -> NDArray[np.uint8]:
        made: NDArray[np.uint8] = np.clip(means + 0.5 * (sources - means), 0, 255).astype(np.uint8)
        return made

    def seeded() -> NDArray[np.uint8]:
        with guarded(0, *asked):
            return transfer()

    assert benchmark(seeded if way == "repeatable" else transfer).shape == sources.shape
