"""Operations that a Glow needs, counted from its configuration."""

from __future__ import annotations

from glow.config import GlowConfig

__all__ = ["flops_per_image", "matrix_weights"]


def flops_per_image(config: GlowConfig, *, priors: bool = True) -> int:
    """Floating-point operations to encode or to decode one image.

    Multiplications and additions of the coupling networks, the 1x1 convolutions and the priors of
    the splits, two for each weight at each position: ``2 H W (9 (C / 2) w + w^2 + 9 w out + C^2)``
    a step, with w the width and out = C if affine, C / 2 if additive. Edge channels, actnorms and
    whatever else is done number by number are less than 2 % and left out.

    Args:
        config: whose image size, levels, steps, width and coupling count.
        priors: whether to count the priors of the splits, which other packages do not have.
    """
    return sum(2 * positions * weights for positions, weights in _levels(config, priors=priors))


def matrix_weights(config: GlowConfig) -> int:
    """Weights of the matrices and convolutions: nearly all parameters of a Glow."""
    return sum(weights for _, weights in _levels(config, priors=True))


def _levels(config: GlowConfig, *, priors: bool) -> list[tuple[int, int]]:
    """Positions, and weights that are used at each of them, by level."""
    levels = []
    channels, size = config.channels, config.image_size
    for level in range(config.levels):
        channels, size = channels * 4, size // 2
        half = channels // 2
        outputs = channels if config.coupling == "affine" else half
        network = 9 * half * config.width + config.width**2 + 9 * config.width * outputs
        permutation = channels**2 if config.permutation == "invertible_1x1" else 0
        weights = config.steps * (network + permutation)
        if level < config.levels - 1:
            weights += 9 * half * channels if priors else 0
            channels = half
        levels.append((size**2, weights))
    return levels
