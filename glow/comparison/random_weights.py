"""A Glow of random weights that does real work."""

from __future__ import annotations

from pathlib import Path

import torch

from glow.checkpoint import save_module
from glow.config import GlowConfig
from glow.layers import ZeroConv
from glow.module import GlowModule

__all__ = ["random_module", "save_random"]

_IMAGES = 8


@torch.no_grad()
def random_module(config: GlowConfig, seed: int = 0) -> GlowModule:
    """An untrained flow whose last layers, zero at the start of a training, are drawn too.

    Its actnorms are set from noise, as a training would do from its first batch: without them
    each step makes the state smaller, and decoding multiplies rounding errors by as much.
    """
    torch.manual_seed(seed)
    module = GlowModule(config).requires_grad_(False)
    for layer in module.modules():
        if isinstance(layer, ZeroConv):
            layer.conv.weight.normal_(std=0.2 / (9 * layer.conv.weight.shape[1]) ** 0.5)
            layer.bias.normal_(std=0.05)
    size = 2 ** (config.levels + 1)
    noise = torch.rand(_IMAGES, config.channels, size, size) - 0.5
    labels = torch.zeros(_IMAGES, dtype=torch.long) if config.classes else None
    module.train()(noise, labels)
    return module.eval()


def save_random(config: GlowConfig, path: Path) -> Path:
    """Writes :func:`random_module` to a file, to be read as any user's model is."""
    save_module(random_module(config), path)
    return path
