"""Equation (2) of the reference paper on pixels: what the flow adds is measured against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest

__all__ = ["PixelArithmetic"]


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
            _mean(r.target_reference) + r.alpha * (_unit(r.source) - _mean(r.source_reference))
            for r in requests
        ]
        clipped: NDArray[np.float32] = np.clip(np.stack(outputs), 0.0, 1.0)
        return clipped

    def reconstruct(self, faces: Sequence[Face]) -> Pixels:
        """The faces themselves: pixels are their own code."""
        return np.stack([face.pixels for face in faces])


def _unit(face: Face) -> NDArray[np.float32]:
    return face.pixels.astype(np.float32) / 255.0


def _mean(faces: Sequence[Face]) -> NDArray[np.float32]:
    mean: NDArray[np.float32] = np.mean([_unit(face) for face in faces], axis=0)
    return mean
