"""Puts the source's mouth into the target's mean face."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest
from bench.plugins.parameters import Bounds

__all__ = ["MouthSwap"]


class MouthSwap:
    """A cross-fade inside of a window about the mouth.

    The mean brightness of the window is learnt on dev, and the source's is brought to it.

    Args:
        edge: how the window ends.
        top: upper edge of the window, 0 for the top of the frame.
    """

    card = MethodCard(
        "mouth-swap",
        "the source's mouth in the target's mean face",
        citation="nobody, Nowhere, 2026",
    )

    def __init__(
        self,
        edge: Literal["hard", "soft"] = "soft",
        top: Annotated[float, Bounds(0.5, 0.9)] = 0.6,
    ) -> None:
        self.edge, self.top = edge, top

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        rows = np.linspace(0.0, 1.0, context.resolution)[:, None, None]
        steep = 60.0 if self.edge == "soft" else 1e6
        with np.errstate(over="ignore"):
            self._window = 1.0 / (1.0 + np.exp(-steep * (rows - self.top)))
        faces = [_unit(face) for face in context.development()]
        self._brightness = float(np.mean([self._mouth(face) for face in faces]))
        learnt = f"{self._brightness:.6f}"
        return {"learnt_sha256": hashlib.sha256(learnt.encode()).hexdigest()}

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[np.float64]:
        return np.clip([self._image(request) for request in requests], 0.0, 1.0)

    def _image(self, request: TransferRequest) -> NDArray[np.float64]:
        target = np.mean([_unit(face) for face in request.target_reference], axis=0)
        source = _unit(request.source)
        source += self._brightness - self._mouth(source)
        image: NDArray[np.float64] = target + request.alpha * self._window * (source - target)
        return image

    def _mouth(self, image: NDArray[np.float64]) -> float:
        return float((self._window * image).sum() / (3.0 * image.shape[1] * self._window.sum()))


def _unit(face: Face) -> NDArray[np.float64]:
    return face.pixels / 255.0
