"""All forms of a model against a plain reimplementation in NumPy and loops."""

from __future__ import annotations

import itertools
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

slow_encode = runpy.run_path(str(Path(__file__).with_name("reference.py")))["encode"]

FAMILY = [
    {"coupling": c, "permutation": p, "learn_top": t, "classes": k}
    for c, p, (t, k) in itertools.product(
        ["affine", "additive"],
        ["invertible_1x1", "shuffle", "reverse"],
        [(True, 0), (False, 0), (True, 3)],
    )
]
VARIANTS = [*FAMILY, {"bits": 5}, {"actnorm": False}, {"classes": 2, "learn_top": False}]


@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: "-".join(map(str, o.values())))
def test_latents_and_density_are_those_of_a_plain_reimplementation(make_module, make_glow, options):
    module = make_module(dtype=torch.float64, **options)
    config = module.config
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    pixels = np.random.default_rng(5).integers(256, size=(8, 8, 3))
    label = 1 if config.classes else None
    eps, log_density = slow_encode(
        weights,
        pixels,
        levels=2,
        steps=2,
        affine=config.coupling == "affine",
        bits=config.bits,
        label=label,
    )
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].double() / 255.0
    labels = None if label is None else torch.tensor([label])

    # Operation by operation, folded, and folded in single precision, as models are used.
    state = make_glow(dtype=torch.float64, **options)._to_state(images, None).permute(0, 3, 1, 2)
    by_level, density = module(state, labels)
    module_eps = torch.cat([level.permute(0, 2, 3, 1).flatten() for level in by_level])
    np.testing.assert_allclose(module_eps.detach(), eps, rtol=1e-9, atol=1e-9)
    assert float(density.detach()) == pytest.approx(log_density, rel=1e-9)
    for precision, tolerance in (("fp64", 1e-9), ("fp32", 1e-5)):
        model = make_glow(dtype=torch.float64, precision=precision, **options)
        folded_eps, folded_density = model.encode(images, labels)
        assert np.linalg.norm(folded_eps[0].numpy() - eps) < tolerance * np.linalg.norm(eps)
        assert float(folded_density) == pytest.approx(log_density, rel=tolerance)
