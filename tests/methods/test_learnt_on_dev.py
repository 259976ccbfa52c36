"""What is learnt is learnt on dev: with noise for test images nothing of it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bench.data.benchmark import load_benchmark
from bench.data.dataset import Dataset, Sample
from bench.methods.attribute import Attribute
from bench.methods.masked_arith import MaskedArithmetic
from bench.methods.pca_arith import PcaArithmetic
from bench.methods.pca_arith_face import PcaFaceArithmetic
from bench.plugins.registry import MethodEntry
from bench.run.preparation import prepare_method
from bench.run.session import Session

LEARNT: dict[str, tuple[Callable[..., Any], dict[str, str]]] = {
    "pca-arith": (PcaArithmetic, {}),
    "pca-arith-face": (PcaFaceArithmetic, {}),
    "masked-arith": (MaskedArithmetic, {}),
    "attribute in glow": (Attribute, {"space": "glow"}),
    "attribute in pca": (Attribute, {"space": "pca"}),
    "attribute in pixels": (Attribute, {"space": "pixels"}),
}


@pytest.mark.parametrize(("factory", "parameters"), LEARNT.values(), ids=LEARNT.keys())
@pytest.mark.parametrize("part", ["test", "dev"])
def test_noise_for_the_images_of_a_part(embedded, weights, monkeypatch, factory, parameters, part):
    """Noise for test images changes nothing learnt; noise for dev images would be seen."""
    if "space" in parameters:
        parameters = {**parameters, "model": str(weights)}
    benchmark = load_benchmark("synthfaces")
    clean = Session(benchmark, embedded)
    requests = [clean.request(pair, 1.0) for pair in benchmark.pairs("test")[:3]]
    entry = MethodEntry(factory.card.name, "tests", factory, None, "")
    method, fingerprint = prepare_method(clean, entry, parameters)
    images = method.transfer(requests)

    poisoned_people = set(benchmark.split.identities(part))
    read = Dataset.pixels

    def poisoned(self: Dataset, sample: Sample) -> np.ndarray:
        pixels = read(self, sample)
        if sample.identity not in poisoned_people:
            return pixels
        seed = sum(f"{sample.identity}/{sample.name}".encode())
        return np.random.default_rng(seed).integers(256, size=pixels.shape, dtype=np.uint8)

    with monkeypatch.context() as poison:
        poison.setattr(Dataset, "pixels", poisoned)
        method, again = prepare_method(Session(benchmark, embedded), entry, parameters)
    # Asked the same with the true images, so that only what was learnt can differ.
    same = np.array_equal(method.transfer(requests), images)
    assert (again == fingerprint, same) == ((True, True) if part == "test" else (False, False))
