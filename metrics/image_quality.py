"""Image metrics of an image against the one it should be: PSNR, SSIM and LPIPS, image by image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from metrics.contracts import Images, check_images
from metrics.torchvision_check import require_torchvision

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "SSIM_WINDOW",
    "ImageComparison",
    "ImageMetrics",
    "load_image_metrics",
    "psnr",
    "ssim",
]

Floats = NDArray[np.float64]

ImageComparison = Callable[[Images, Images], Floats]
"""Images (N, H, W, 3) and what they should be -> (N,), each independent of the others."""

SSIM_WINDOW: Final = 11
"""Side in pixels of the window, the least that an image can have."""

_PIXELS_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ImageMetrics:
    """The image metrics that can be computed here.

    Attributes:
        available: by name, what computes it.
        made_by: by name, the package and its version, or what else decides the numbers.
        absent: by name, why it cannot be computed and what to do, in one sentence.
    """

    available: Mapping[str, ImageComparison] = field(default_factory=dict)
    made_by: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def compare(self, images: Images, truths: Images) -> dict[str, Floats]:
        """All available metrics of N images, each (N,).

        Raises:
            ValueError: the images are malformed or not of one size.
        """
        return {name: metric(images, truths) for name, metric in self.available.items()}

    def to_dict(self) -> dict[str, Any]:
        """What is here and what is not, ready for JSON."""
        return {"made_by": dict(self.made_by), "absent": dict(self.absent)}


def load_image_metrics() -> ImageMetrics:
    """PSNR, SSIM and, where its package and weights are installed, LPIPS.

    Nothing is downloaded; what cannot be computed is in ``absent``.
    """
    available: dict[str, ImageComparison] = {}
    made_by: dict[str, str] = {}
    absent: dict[str, str] = {}
    try:
        _functional()
    except ImportError as error:
        absent |= dict.fromkeys(("psnr", "ssim"), str(error))
    else:
        available |= {"psnr": psnr, "ssim": ssim}
        made_by |= dict.fromkeys(available, f"torchmetrics {_version('torchmetrics')}")
    try:
        from metrics.perceptual import load_lpips

        lpips = load_lpips()
    except (ImportError, FileNotFoundError, ValueError) as error:
        absent["lpips"] = str(error)
    else:
        available["lpips"] = lpips
        made_by["lpips"] = f"lpips {_version('lpips')}, backbone {lpips.backbone_sha256}"
    return ImageMetrics(available, made_by, absent)


def psnr(images: Images, truths: Images) -> Floats:
    """Peak signal-to-noise ratio (N,) in dB of RGB images in 0..255; infinity where exact.

    Raises:
        ImportError: torchmetrics is missing, or a broken torchvision keeps it from starting.
        ValueError: the images are malformed or not of one size.
    """

    def of_group(first: Tensor, second: Tensor) -> Tensor:
        values: Tensor = _functional().peak_signal_noise_ratio(
            first, second, data_range=1.0, reduction="none", dim=(1, 2, 3)
        )
        return values

    return _in_groups(of_group, images, truths)


def ssim(images: Images, truths: Images) -> Floats:
    """Structural similarity (N,), -1 to 1, of RGB images: window of 11 pixels, sigma 1.5.

    Wang, Bovik, Sheikh and Simoncelli, IEEE Transactions on Image Processing 13(4), 2004.

    Raises:
        ImportError: torchmetrics is missing, or a broken torchvision keeps it from starting.
        ValueError: the images are malformed, not of one size, or smaller than the window.
    """
    if check_images(images) < SSIM_WINDOW:
        raise ValueError(f"SSIM needs images of at least {SSIM_WINDOW} pixels a side")

    def of_group(first: Tensor, second: Tensor) -> Tensor:
        values: Tensor = _functional().structural_similarity_index_measure(
            first, second, data_range=1.0, reduction="none"
        )
        # A single image comes back without its axis.
        return values.reshape(-1)

    return _in_groups(of_group, images, truths)


def _in_groups(
    metric: Callable[[Tensor, Tensor], Tensor], images: Images, truths: Images
) -> Floats:
    """A metric of tensors (N, 3, H, W) in 0..1, a bounded number of pixels at once."""
    import torch

    if images.shape != truths.shape:
        raise ValueError(
            f"images of shape {images.shape} cannot be compared with {truths.shape}: bring them "
            "to one size"
        )
    check_images(images)
    check_images(truths)
    values = [np.empty(0)]
    with torch.inference_mode():
        for rows in _groups(images):
            # Left in the order of the pixels, in which convolutions of few channels are fast.
            first, second = (
                torch.from_numpy(np.ascontiguousarray(side[rows])).permute(0, 3, 1, 2) / 255.0
                for side in (images, truths)
            )
            values.append(metric(first, second).numpy().astype(np.float64))
    return np.concatenate(values)


def _groups(images: Images) -> Iterator[slice]:
    step = max(1, _PIXELS_AT_ONCE // (images.shape[1] * images.shape[2]))
    return (slice(start, start + step) for start in range(0, len(images), step))


@cache
def _functional() -> Any:
    """torchmetrics' functions of images.

    Raises:
        ImportError: one sentence that says what to do.
    """
    try:
        # torchmetrics imports torchvision where it is installed, and its error with it.
        if _version("torchvision"):
            require_torchvision()
        import torchmetrics.functional.image as functional
    except ModuleNotFoundError as error:
        raise ImportError(
            f"PSNR and SSIM need torchmetrics ({error}): pip install 'torchmetrics>=1.4'"
        ) from error
    return functional


def _version(package: str) -> str:
    """Version of an installed package, empty if it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
