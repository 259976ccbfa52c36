"""Geometry and shading: the warped target times the ratio of the source's luminances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import numpy as np

from bench.methods.face_shapes import FaceLandmarks, face_shape, motion, resting, within_face
from bench.methods.warping import Floats, Raster, geometry_fingerprint, sample
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest
from bench.plugins.parameters import Bounds

__all__ = ["ExpressionRatio"]

LUMA: Final = np.array([0.299, 0.587, 0.114])
"""Of red, green and blue (ITU-R BT.601)."""

BLACK: Final = 0.02
"""Added to both luminances, so that black has a ratio."""

NOISE: Final = 1e-4
"""Added to variances, so that where nothing is drawn nothing has changed."""


class ExpressionRatio:
    """``y = warp(n_target) (L(source) / L(n_source))^alpha``, all aligned with the moved landmarks.

    The warp is that of ``landmark-warp``; the ratio adds what it lacks, wrinkles, closed lids and,
    as far as the limit lets it, teeth. As in the paper the ratio is smoothed the more, the more the
    two pictures agree: there it is nothing but noise. It fades out towards jaw and forehead, where
    hair and background begin. It takes on what else changed between the source's two pictures:
    light, and hair or nostrils whose landmarks are a pixel off.

    Args:
        fine: deviation of the Gaussian where the source's pictures differ, as a share of the frame.
        coarse: deviation where they agree.
        limit: largest ratio, and the inverse of the smallest, at alpha 1.
    """

    card = MethodCard(
        "expression-ratio",
        "landmark-warp times the ratio of the source's luminance to its neutral face's",
        citation=(
            "Liu, Shan and Zhang, Expressive Expression Mapping with Ratio Images, SIGGRAPH 2001"
        ),
    )

    def __init__(
        self,
        fine: Annotated[float, Bounds(0, 1)] = 0.005,
        coarse: Annotated[float, Bounds(0, 1)] = 0.03,
        limit: Annotated[float, Bounds(1)] = 3.0,
    ) -> None:
        if not 0.0 <= fine <= coarse <= 1.0:
            raise ValueError(f"0 <= fine <= coarse <= 1 is needed, not fine={fine} coarse={coarse}")
        if not 1.0 <= limit < np.inf:
            raise ValueError(f"limit must be 1 (no shading at all) or more, not {limit}")
        self.fine, self.coarse, self.limit = fine, coarse, limit

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self._neutral = context.neutral
        self._landmarks = FaceLandmarks(context)
        return geometry_fingerprint(self._landmarks)

    def transfer(self, requests: Sequence[TransferRequest]) -> Floats:
        return np.clip([self._transferred(request) for request in requests], 0.0, 1.0)

    def _transferred(self, request: TransferRequest) -> Floats:
        source, target = (self._neutral(p) for p in (request.pair.source, request.pair.target))
        moving, still = self._landmarks[request.source], self._landmarks[source]
        at_rest = self._landmarks[target]
        moved = at_rest + request.alpha * motion(moving, still, at_rest)
        shapes = (
            face_shape(at_rest, at_rest),
            face_shape(still, still),
            face_shape(moving, resting(still, moving)),
            within_face(),
        )
        raster = Raster(face_shape(moved, at_rest), len(target.pixels))
        places = raster.spread(np.concatenate(shapes, axis=1))
        change = self._log_ratio(
            _luminance(request.source, places[..., 4:6]), _luminance(source, places[..., 2:4])
        )
        shading = np.exp(request.alpha * places[..., 6] * change)
        return sample(target.pixels / 255.0, places[..., :2]) * shading[..., None]

    def _log_ratio(self, expressive: Floats, neutral: Floats) -> Floats:
        """Logarithm of the smoothed, limited ratio of two luminances (size, size)."""
        agreement = _agreement(expressive, neutral, self.coarse)
        change = np.zeros_like(neutral)
        for share, deviation in ((1.0 - agreement, self.fine), (agreement, self.coarse)):
            parts = [np.log(_blurred(part, deviation) + BLACK) for part in (expressive, neutral)]
            change += share * (parts[0] - parts[1])
        return np.clip(change, -np.log(self.limit), np.log(self.limit))


def _luminance(face: Face, places: Floats) -> Floats:
    found = sample((face.pixels @ LUMA)[..., None] / 255.0, places)
    return np.clip(found[..., 0], 0.0, 1.0)


def _agreement(first: Floats, second: Floats, deviation: float) -> Floats:
    """Squared correlation of two pictures about each pixel, 0 where it is negative."""
    means = _blurred(first, deviation), _blurred(second, deviation)
    powers = _blurred(first**2, deviation), _blurred(second**2, deviation)
    variances = [power - mean**2 + NOISE for power, mean in zip(powers, means, strict=True)]
    shared = _blurred(first * second, deviation) - means[0] * means[1] + NOISE
    agreement: Floats = np.clip(shared, 0.0, None) ** 2 / (variances[0] * variances[1])
    return np.clip(agreement, 0.0, 1.0)


def _blurred(picture: Floats, deviation: float) -> Floats:
    from scipy.ndimage import gaussian_filter

    blurred: Floats = gaussian_filter(picture, deviation * len(picture))
    return blurred
