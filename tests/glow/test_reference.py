from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

slow_encode = runpy.run_path(str(Path(__file__).with_name("reference.py")))["encode"]


@pytest.mark.parametrize(
    ("coupling", "permutation", "learn_top"),
    [("affine", "invertible_1x1", True), ("additive", "shuffle", False)],
)
def test_latents_and_density_are_those_of_a_plain_reimplementation(
    make_glow, coupling, permutation, learn_top
):
    model = make_glow(
        coupling=coupling, permutation=permutation, learn_top=learn_top, dtype=torch.float64
    )
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    pixels = np.random.default_rng(5).integers(256, size=(8, 8, 3))
    eps, log_density = slow_encode(weights, pixels, levels=2, steps=2, affine=coupling == "affine")

    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].double()
    np.testing.assert_allclose(model.encode(images / 255.0)[0], eps, rtol=1e-9, atol=1e-9)
    with torch.no_grad():
        density = model.log_prob((images + 0.5) / 256.0 - 0.5)
        # In single precision, the way models are used, the same to rounding.
        single = model.float().log_prob((images + 0.5) / 256.0 - 0.5)
    assert float(density) == pytest.approx(log_density, rel=1e-9)
    assert float(single) == pytest.approx(log_density, rel=1e-5)
    single_eps = model.encode(images / 255.0)[0].numpy()
    assert np.linalg.norm(single_eps - eps) < 1e-5 * np.linalg.norm(eps)
