"""Geometry alone: the target's neutral face, bent as the source's landmarks moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.methods.face_shapes import FaceLandmarks, face_shape, motion
from bench.methods.warping import Floats, geometry_fingerprint, warp
from bench.plugins.contracts import MethodCard, MethodContext, TransferRequest

__all__ = ["LandmarkWarp"]


class LandmarkWarp:
    """The target's neutral face, warped by alpha times the motion of the source's landmarks.

    The motion is taken from the source's neutral face, without the head's own movement, and
    normalised for the two persons' scale and rotation. It has no texture to give: no teeth in an
    opening mouth, which smears the lips, no wrinkles, no skin over a closing eye.
    """

    card = MethodCard(
        "landmark-warp",
        "the target's neutral face, warped piecewise by the source's landmark motion",
        citation=(
            "Liu, Shan and Zhang, Expressive Expression Mapping with Ratio Images, SIGGRAPH 2001 "
            "(the geometric step alone)"
        ),
    )

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self._neutral = context.neutral
        self._landmarks = FaceLandmarks(context)
        return geometry_fingerprint(self._landmarks)

    def transfer(self, requests: Sequence[TransferRequest]) -> Floats:
        return np.clip([self._warped(request) for request in requests], 0.0, 1.0)

    def _warped(self, request: TransferRequest) -> Floats:
        source, target = (self._neutral(p) for p in (request.pair.source, request.pair.target))
        at_rest = self._landmarks[target]
        moved = motion(self._landmarks[request.source], self._landmarks[source], at_rest)
        wanted = face_shape(at_rest + request.alpha * moved, at_rest)
        return warp(target.pixels / 255.0, face_shape(at_rest, at_rest), wanted)
