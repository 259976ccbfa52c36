"""LPIPS, the perceptual distance of two images, without its package's silent download.

Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep features as a
perceptual metric", CVPR 2018. The linear heads are in the package ``lpips``; the AlexNet below them
is a file of torchvision's that the package would fetch when it is used for the first time.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import pickle
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from metrics.contracts import Images, check_images
from metrics.torchvision_check import require_torchvision
from metrics.weights import (
    WEIGHTS_VARIABLE,
    PublishedWeights,
    cache_folder,
    find_weights,
    sha256_of,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["BACKBONE", "SMALLEST_SIDE", "Lpips", "load_lpips"]

BACKBONE: Final = PublishedWeights(
    file_name="alexnet-owt-7be5be79.pth",
    sha256="",
    licence="BSD-3-Clause; trained on ImageNet, whose terms are for research",
    source="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
)
"""AlexNet of torchvision. The SHA-256 of the file begins with the last part of its name."""

SMALLEST_SIDE: Final = 32
"""Pixels; what is smaller vanishes inside AlexNet."""

_SHA256_STARTS: Final = "7be5be79"
_SLICES: Final = {0: 1, 3: 2, 6: 3, 8: 4, 10: 5}
"""In which of the package's five slices each convolution of AlexNet is."""
_BATCH: Final = 16


class Lpips:
    """LPIPS 0.1 with AlexNet (:data:`metrics.image_quality.ImageComparison`).

    Args:
        backbone: ``alexnet-owt-7be5be79.pth``.

    Raises:
        ImportError: lpips or torchvision is missing or broken.
        FileNotFoundError: there is no such file.
        ValueError: it is another file.
    """

    def __init__(self, backbone: Path) -> None:
        package = _package()
        state = _read_backbone(backbone)
        with warnings.catch_warnings():
            # The package calls torchvision in a way that torchvision has given up.
            warnings.simplefilter("ignore")
            # Random weights at first: anything else would be downloaded.
            self._network = package.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False)
        try:
            self._network.net.load_state_dict(state, strict=True)
        except RuntimeError as error:
            raise ValueError(f"{backbone} is not torchvision's AlexNet: {_again()}") from error
        self._network.eval()
        self.backbone_sha256 = sha256_of(backbone)

    def __call__(self, images: Images, truths: Images) -> NDArray[np.float64]:
        """Distances (N,), 0 and up, of RGB images (N, H, W, 3) in 0..255.

        Raises:
            ValueError: the images are malformed, not of one size, or too small.
        """
        import torch

        side = check_images(images)
        if check_images(truths) != side or len(images) != len(truths) or side < SMALLEST_SIDE:
            raise ValueError(
                f"LPIPS compares images of one size of at least {SMALLEST_SIDE} pixels, these are "
                f"{images.shape} and {truths.shape}"
            )
        values = [np.empty(0)]
        with torch.inference_mode():
            for start in range(0, len(images), _BATCH):
                first, second = (
                    torch.from_numpy(np.ascontiguousarray(part[start : start + _BATCH]))
                    .permute(0, 3, 1, 2)
                    .contiguous()
                    / 255.0
                    for part in (images, truths)
                )
                distances = self._network(first, second, normalize=True)
                values.append(distances.flatten().numpy().astype(np.float64))
        return np.concatenate(values)

    def differentiable(self, device: torch.device) -> Callable[[Tensor, Tensor], Tensor]:
        """The distance for use as a loss: (N,) of images (N, 3, H, W) in 0..1 on a device."""
        network = copy.deepcopy(self._network).to(device).requires_grad_(False)
        return lambda images, truths: network(images, truths, normalize=True).flatten()


def load_lpips() -> Lpips:
    """LPIPS with the backbone that lies where weights lie; nothing is downloaded.

    Raises:
        ImportError: lpips or torchvision is missing or broken.
        FileNotFoundError: the backbone is nowhere; one sentence says where it is looked for.
        ValueError: it is another file.
    """
    _package()
    try:
        path = find_weights(BACKBONE.file_name)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"LPIPS needs {BACKBONE.file_name}, which is not fetched by itself: get it from "
            f"{BACKBONE.address} and put it into {cache_folder()}, or set ${WEIGHTS_VARIABLE} to "
            "its folder"
        ) from error
    return _loaded(path, sha256_of(path))


@lru_cache(maxsize=1)
def _loaded(path: Path, sha256: str) -> Lpips:
    return Lpips(path)


def _read_backbone(path: Path) -> dict[str, Any]:
    """The convolutions of torchvision's AlexNet, by their names in the package's network."""
    import torch

    digest = sha256_of(path)
    if not digest.startswith(_SHA256_STARTS):
        raise ValueError(
            f"{path} has the SHA-256 {digest}, which should begin with {_SHA256_STARTS}: {_again()}"
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {
            f"slice{part}.{layer}.{kind}": state[f"features.{layer}.{kind}"]
            for layer, part in _SLICES.items()
            for kind in ("weight", "bias")
        }
    except (pickle.UnpicklingError, EOFError, RuntimeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not torchvision's AlexNet: {_again()}") from error


def _package() -> Any:
    if importlib.util.find_spec("lpips") is None:
        raise ImportError("LPIPS needs the package lpips: pip install -e '.[lpips]'")
    require_torchvision()
    return importlib.import_module("lpips")


def _again() -> str:
    return f"get it again from {BACKBONE.address}"
