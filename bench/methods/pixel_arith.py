"""Equation (2) of the reference paper on pixels: what the flow adds is measured against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest

__all__ = ["PixelArithmetic", "mean_face", "unit"]


class PixelArithmetic:
    """``y = clip(mean x_target + alpha (x_source - mean x_source))``."""

    card = MethodCard(
        "pixel-arith",
        "pixels for latents: y = mean(target) + alpha (source - mean(source))",
        citation="equation (2) of Valenzuela et al., CVPRW 2021, with f the identity",
    )

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        return {}

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[np.float32]:
        outputs = [
            mean_face(r.target_reference)
            + r.alpha * (unit(r.source) - mean_face(r.source_reference))
            for r in requests
        ]
        clipped: NDArray[np.float32] = np.clip(np.stack(outputs), 0.0, 1.0)
        return clipped

    def reconstruct(self, faces: Sequence[Face]) -> Pixels:
        """The faces themselves: pixels are their own code."""
        return np.stack([face.pixels for face in faces])


def unit(face: Face) -> NDArray[np.float32]:
    """The pixels of a face in 0..1, (resolution, resolution, 3)."""
    return face.pixels.astype(np.float32) / 255.0


def mean_face(faces: Sequence[Face]) -> NDArray[np.float32]:
    """The mean of at least one face, in 0..1, (resolution, resolution, 3)."""
    mean: NDArray[np.float32] = np.mean([unit(face) for face in faces], axis=0)
    return mean
