from __future__ import annotations

from dataclasses import replace

import pytest

from glow.comparison.cells import config_for
from glow.comparison.flops import flops_per_image, matrix_weights
from glow.config import GlowConfig

TINY = GlowConfig(image_size=4, levels=1, steps=1, width=2, coupling="affine")


def test_one_step_by_hand() -> None:
    # 12 channels at 2x2: 3x3 from 6 to 2, 1x1 from 2 to 2, 3x3 from 2 to 12; 12x12 permutation.
    weights = 9 * 6 * 2 + 2 * 2 + 9 * 2 * 12 + 12 * 12
    assert matrix_weights(TINY) == weights
    assert flops_per_image(TINY) == 2 * 4 * weights


def test_second_level_and_the_prior_of_the_split_by_hand() -> None:
    config = replace(TINY, image_size=8, levels=2)
    first = 9 * 6 * 2 + 2 * 2 + 9 * 2 * 12 + 12 * 12
    prior = 9 * 6 * 12
    second = 9 * 12 * 2 + 2 * 2 + 9 * 2 * 24 + 24 * 24
    assert flops_per_image(config, priors=False) == 2 * (16 * first + 4 * second)
    assert flops_per_image(config) == 2 * (16 * (first + prior) + 4 * second)


def test_additive_coupling_has_half_the_outputs() -> None:
    saved = flops_per_image(TINY) - flops_per_image(replace(TINY, coupling="additive"))
    assert saved == 2 * 4 * 9 * 2 * 6


def test_fixed_permutations_cost_nothing() -> None:
    saved = flops_per_image(TINY) - flops_per_image(replace(TINY, permutation="reverse"))
    assert saved == 2 * 4 * 12 * 12


@pytest.mark.parametrize(
    ("size", "affine", "additive", "millions"), [(64, 16.5, 14.8, 36.9), (256, 538.7, 481.6, 224.0)]
)
def test_compared_models(size: int, affine: float, additive: float, millions: float) -> None:
    config = config_for(size)
    assert flops_per_image(config) / 1e9 == pytest.approx(affine, rel=4e-3)
    other = replace(config, coupling="additive")
    assert flops_per_image(other) / 1e9 == pytest.approx(additive, rel=4e-3)
    assert matrix_weights(config) / 1e6 == pytest.approx(millions, rel=0.02)
