"""Does the converted model decode to the images that the graph itself decodes to?"""

from __future__ import annotations

import numpy as np
import torch

from glow.convert.conversion import Conversion
from glow.convert.source import Source
from glow.model import Glow
from glow.module import GlowModule

__all__ = ["verify"]

TEMPERATURE = 0.7
LEAST_EQUAL = 0.99


def verify(source: Source, conversion: Conversion, *, images: int = 2, seed: int = 0) -> float:
    """Decodes the same random latents by the graph and by the converted model.

    Names and shapes can fit while the graph computes something else, such as an earlier version
    of the code did: only running both tells.

    Args:
        source: a frozen graph with its decoder.
        conversion: what was made of it.
        images: how many to compare.
        seed: of the latents.

    Returns:
        the fraction of equal pixel values; below 1 where float32 falls on a bin's other side.

    Raises:
        ValueError: the graph has no decoder, or fewer than 99 % of the values are equal.
        RuntimeError: TensorFlow cannot run the graph.
    """
    config = conversion.config
    shapes = [(height, width, channels) for channels, height, width in config.latent_shapes()]
    random = np.random.default_rng(seed)
    latents = [
        (TEMPERATURE * random.standard_normal((images, *shape))).astype(np.float32)
        for shape in shapes
    ]
    theirs = source.decode(latents)
    if theirs is None:
        raise ValueError("this file has no decoder to compare with: leave out --verify")
    module = GlowModule(config)
    module.load_state_dict(dict(conversion.tensors))
    flat = np.concatenate([eps.reshape(images, -1) for eps in latents], axis=1)
    labels = torch.zeros(images, dtype=torch.long) if config.classes else None
    decoded = Glow(module.eval()).decode(torch.from_numpy(flat), labels)
    bins = 2**config.bits
    state = (decoded.permute(0, 2, 3, 1).numpy() * 255.0 + 0.5) / 256.0
    ours = np.clip(np.floor(state * bins) * (256.0 / bins), 0, 255).astype(np.uint8)
    equal = float(np.mean(ours == theirs))
    if equal < LEAST_EQUAL:
        raise ValueError(
            f"the graph decodes to other images than the converted model: {equal:.1%} of the pixel "
            "values are equal; it computes something that this package does not know"
        )
    return equal
