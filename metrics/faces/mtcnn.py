"""Faces by facenet-pytorch's MTCNN, whose weights lie in its package.

Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", IEEE Signal Processing Letters 23(10), 2016; ported by Tim Esler.
"""

from __future__ import annotations

import importlib.util
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.faces.finder import Eyes, Face
from metrics.torchvision_check import require_torchvision
from metrics.weights import PublishedWeights, require_published

__all__ = ["LEAST_CONFIDENCE", "LONG_SIDE", "WEIGHTS", "MTCNNFaceFinder"]

LONG_SIDE: Final = 512
"""Larger images are reduced to it: in large photographs MTCNN takes textures for faces."""

LEAST_CONFIDENCE: Final = 0.95

_BORDER: Final = 0.125
"""Grey about the image, as a share of its long side.

Where a face reaches beyond the image, the last network sees less than its box but what it says is
read as of the whole box: on ArcFace's crops the eyes are wrong by 4.8 pixels of 256 in the mean,
with a border by 1.1.
"""

_GREY: Final = 128
"""About 0 for the networks."""

_SMALLEST_SIDE: Final = 20
"""The smallest face that it looks for, in pixels; with a shorter side its pyramid is empty."""

_TRUNCATION: Final = 0.5
"""Mean of what the points lie too far to the right and too low, in pixels of the reduced image.

The last network sees a crop at whole pixels, its edges rounded down, and what it says is added to
edges that are not rounded (``pad`` and ``detect_face`` of facenet-pytorch).
"""

_INSTALL: Final = "pip install -e '.[facenet]'"
_AGAIN: Final = "the wheel: pip install --force-reinstall --no-deps 'facenet-pytorch>=2.5.3,<2.6'"


def _part(name: str, sha256: str) -> PublishedWeights:
    return PublishedWeights(f"{name}.pt", sha256, "MIT", _AGAIN)


WEIGHTS: Final = (
    _part("pnet", "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f"),
    _part("rnet", "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86"),
    _part("onet", "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d"),
)
"""Its three networks, as facenet-pytorch 2.5.3 and 2.6.0 have them in their wheels."""


class MTCNNFaceFinder:
    """Face finder (:class:`metrics.faces.finder.FaceFinder`); nothing is downloaded.

    Raises:
        ImportError: facenet-pytorch or torchvision is missing or does not work here.
        FileNotFoundError: weights are missing in the package.
        ValueError: weights in the package are not those that its authors released.
    """

    def __init__(self) -> None:
        package = importlib.util.find_spec("facenet_pytorch")
        if package is None or package.origin is None:
            raise ImportError(f"the face detector MTCNN needs facenet-pytorch: {_INSTALL}")
        for weights in WEIGHTS:
            require_published(Path(package.origin).parent / "data" / weights.file_name, weights)
        require_torchvision()
        from facenet_pytorch import MTCNN

        self._network: Any = MTCNN(keep_all=True).eval()

    @property
    def name(self) -> str:
        return f"mtcnn (facenet-pytorch {version('facenet-pytorch')})"

    @property
    def least_confidence(self) -> float:
        return LEAST_CONFIDENCE

    @property
    def eyes(self) -> Eyes:
        return "mtcnn"

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        """The faces of an RGB image (H, W, 3), also those that it is not confident of."""
        reduced = _reduced(image)
        if min(reduced.shape[:2]) < _SMALLEST_SIDE:
            return []
        border = round(_BORDER * max(reduced.shape[:2]))
        framed = np.pad(
            reduced, ((border, border), (border, border), (0, 0)), constant_values=_GREY
        )
        try:
            boxes, confidences, points = self._network.detect(framed, landmarks=True)
        except RuntimeError as error:
            # All candidates lie outside of the image, which facenet-pytorch does not foresee.
            if "non-empty list" in str(error):
                return []
            raise
        if boxes is None:
            return []
        factors = np.array(image.shape[1::-1]) / np.array(reduced.shape[1::-1])
        return [
            _face(np.asarray(box) - border, confidence, np.asarray(five) - border, factors)
            for box, confidence, five in zip(boxes, confidences, points, strict=True)
        ]


def _reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image with its long side at most :data:`LONG_SIDE`, reduced with anti-aliasing."""
    height, width = image.shape[:2]
    factor = LONG_SIDE / max(width, height)
    if factor >= 1.0:
        return image
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def _face(box: Any, confidence: Any, points: Any, factors: NDArray[np.float64]) -> Face:
    """A face in pixels of the image from what MTCNN says of the reduced image."""
    left, top, right, bottom = np.asarray(box, dtype=np.float64) * [*factors, *factors]
    return Face(
        points=(np.asarray(points, dtype=np.float64) - _TRUNCATION) * factors,
        box=(float(left), float(top), float(right), float(bottom)),
        confidence=float(confidence),
    )
