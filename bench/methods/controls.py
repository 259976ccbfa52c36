"""Controls: methods that must not win, for tests and for people who check their own metric."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.data.images import Pixels
from bench.data.split import Pair
from bench.methods import pixel_arith
from bench.methods.fingerprint import code_sha256
from bench.methods.pixel_arith import PixelArithmetic
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest

__all__ = ["BestOfTest", "Blur", "Fails", "Noise"]

NOISE: Final = 0.015
"""Standard deviation, of 1 for white."""

BLUR: Final = 0.02
"""Standard deviation of the Gaussian, of 1 for the side of the image."""

FAILING_SHARE: Final = 0.2


class _SpoiltArithmetic(ABC):
    """Pixel arithmetic with something done to its images."""

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self._seed = context.seed
        self._arithmetic = PixelArithmetic()
        self._arithmetic.prepare(context)
        return {"arithmetic_sha256": code_sha256(pixel_arith)}

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[np.float32]:
        images = self._arithmetic.transfer(requests)
        spoilt = [self.spoil(*both) for both in zip(requests, images, strict=True)]
        return np.stack(spoilt)

    @abstractmethod
    def spoil(self, request: TransferRequest, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """What becomes of the image of a request, (side, side, 3) in 0..1."""


class Noise(_SpoiltArithmetic):
    """Adds white noise that the seed and the request decide."""

    card = MethodCard("control-noise", "a control: pixel-arith under white noise", on_boards=False)

    def spoil(self, request: TransferRequest, image: NDArray[np.float32]) -> NDArray[np.float32]:
        random = np.random.default_rng(_number(f"{self._seed} {request.alpha} {request.pair.key}"))
        noise = NOISE * random.standard_normal(image.shape, dtype=np.float32)
        spoilt: NDArray[np.float32] = np.clip(image + noise, 0.0, 1.0)
        return spoilt


class Blur(_SpoiltArithmetic):
    """Blurs every image."""

    card = MethodCard("control-blur", "a control: pixel-arith, blurred", on_boards=False)

    def spoil(self, request: TransferRequest, image: NDArray[np.float32]) -> NDArray[np.float32]:
        from scipy.ndimage import gaussian_filter

        deviation = BLUR * len(image)
        blurred: NDArray[np.float32] = gaussian_filter(image, deviation, axes=(0, 1))
        return blurred


class Fails(_SpoiltArithmetic):
    """Fails for a fifth of the pairs, whatever alpha."""

    card = MethodCard(
        "control-fails",
        "a control: pixel-arith that fails for 20 % of the pairs",
        on_boards=False,
    )

    def spoil(self, request: TransferRequest, image: NDArray[np.float32]) -> NDArray[np.float32]:
        if is_failing(request.pair):
            raise RuntimeError(f"this control fails for {request.pair.key}")
        return image


class BestOfTest:
    """Shows a real image of test: a third person with the source's expression.

    It is the person whom ``shuffled-source`` shows, with the picture that bears the source's
    label, or the very picture of that anchor where the person has none. As far as a label goes the
    expression is right; the person is wrong.
    """

    card = MethodCard(
        "control-best-of-test",
        "a control: the real image of a third person with the source's expression",
        has_alpha=False,
        on_boards=False,
    )

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self._context = context
        return {}

    def transfer(self, requests: Sequence[TransferRequest]) -> Pixels:
        return np.stack([self._choose(request).pixels for request in requests])

    def _choose(self, request: TransferRequest) -> Face:
        stranger = self._context.stranger(request.pair)
        same = self._context.look_up(stranger.identity, request.source.expression)
        return same or stranger


def is_failing(pair: Pair) -> bool:
    """Whether ``control-fails`` fails for a pair; its name alone decides."""
    # The benchmark sorts pairs by the hash of their key alone: with it, the first pairs would fail.
    return _number(f"fails {pair.key}") / 2.0**64 < FAILING_SHARE


def _number(text: str) -> int:
    """Below 2^64, as good as random and the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
