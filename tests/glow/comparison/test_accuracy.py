from __future__ import annotations

import pytest
import torch

import glow.inference.precision
from glow.comparison.accuracy import Reference


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference("synthfaces-64", images=1)


def test_the_reference_inverts_itself_on_8_bit_images(reference: Reference) -> None:
    assert torch.equal((reference.images * 255.0).round() / 255.0, reference.images)
    assert float((reference.decoded - reference.images).abs().max()) < 1e-9
    assert float(reference.images.std()) > 0.05


def test_float64_is_the_reference_and_float32_is_near(reference: Reference) -> None:
    exact, near = reference.compare("fp64"), reference.compare("fp32")
    assert exact.latents is not None
    assert near.latents is not None
    assert near.images is not None
    assert exact.latents < 1e-6
    assert exact.latents < near.latents < 1e-4
    assert 1e-9 < near.images < 1e-4


def test_a_refused_precision_has_its_reason(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glow.inference.precision, "_no_fast_bf16", lambda device: "no AMX")
    result = reference.compare("bf16")
    assert (result.latents, result.images) == (None, None)
    assert "no AMX" in result.note
