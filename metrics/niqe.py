"""NIQE: how far the local statistics of an image lie from those of real photographs.

A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image quality analyzer",
IEEE Signal Processing Letters 20(3), 2013. Numbers in brackets are equations of that paper.
Ghosts, blur, blocking and decoder artefacts change these statistics; neither an embedder nor an
Action Unit estimator is made to see them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import correlate1d

from metrics.contracts import Images, check_images
from metrics.generalized_gaussian import fit_asymmetric, fit_symmetric

__all__ = ["FEATURES", "NIQE_VERSION", "NiqeModel", "luminance", "patch_size_for"]

Floats = NDArray[np.float64]

NIQE_VERSION: Final = "2"
"""Changes whenever the same image could get another score."""

FEATURES: Final = 36
"""18 features of a patch at each of 2 scales."""

SHARPNESS_THRESHOLD: Final = 0.75
"""T in the paper: patches above this share of the sharpest patch of an image enter the fit."""

FLAT: Final = 1e-4
"""Grey levels. What differs less from its surroundings is rounding, of float32 at the second scale:
without this the signs of rounding errors would decide the asymmetric fits where an image is flat,
and the score of a flat image would be anything between 77 and 820 with its grey."""

_WINDOW_RADIUS: Final = 3
_WINDOW_DEVIATION: Final = 7.0 / 6.0
_NEIGHBOURS: Final = ((0, 1), (1, 0), (1, 1), (1, -1))
_PIXELS_AT_ONCE: Final = 1 << 20


def patch_size_for(side: int) -> int:
    """Side of the patches for images of a given side, both in pixels; the stride is half of it.

    Half the image, so that a patch holds the same share of a face at every resolution: 9 patches.
    The paper's fixed 96 pixels do not fit into a 64-pixel image, and small patches are blind to
    ghosts in large ones. Mean of pixel arithmetic in deviations above the mean of real faces,
    cross-validated over the dev identities of London (16 / 32 / half the image; 0 is blind):
    64 px 2.4 / 3.7 / 3.7, 128 px - / 3.8 / 6.2, 256 px - / -1.1 / 6.2.

    Raises:
        ValueError: the images are too small.
    """
    if side < 64:
        raise ValueError(f"NIQE needs images of at least 64x64 pixels, these have {side}x{side}")
    return side // 2 // 4 * 4


def luminance(images: Images) -> Floats:
    """Luma (N, H, W) in 0..255 of RGB images (N, H, W, 3), by ITU-R BT.601."""
    return np.asarray(images @ np.array([0.299, 0.587, 0.114]))


@dataclass(frozen=True, slots=True, eq=False)
class NiqeModel:
    """Multivariate Gaussian of the features of natural patches.

    Attributes:
        mean: (36,) mean of the features.
        covariance: (36, 36) covariance of the features.
        patch: side of the patches in pixels at the first scale; the stride is half of it.
        side: side of the images the model is for, in pixels.
        version: :data:`NIQE_VERSION` of the code that fitted it.
    """

    mean: Floats
    covariance: Floats
    patch: int
    side: int
    version: str = NIQE_VERSION

    @classmethod
    def fit(cls, images: Images) -> Self:
        """Fits the model to real images, using only their sharp patches.

        Args:
            images: (N, H, W, 3) uint8 RGB, square, at the resolution that will be scored.

        A covariance without full rank is accepted, see :meth:`score`: drawings may be regular in
        a way that photographs are not.

        Raises:
            ValueError: the images are malformed, too small, too few or too much alike.
        """
        side = check_images(images)
        patch = patch_size_for(side)
        features, sharpness = _patch_features(images, patch)
        sharp = sharpness > SHARPNESS_THRESHOLD * sharpness.max(axis=1, keepdims=True)
        chosen = features[sharp]
        if len(chosen) <= FEATURES:
            raise ValueError(
                f"{len(images)} images give {len(chosen)} sharp patches, and NIQE needs more "
                f"than {FEATURES} to fit a covariance: give more images"
            )
        if len(np.unique(chosen, axis=0)) <= FEATURES:
            raise ValueError(
                f"the sharp patches of these {len(images)} images are too much alike to fit NIQE: "
                f"give photographs of more people"
            )
        return cls(chosen.mean(axis=0), np.cov(chosen, rowvar=False), patch, side)

    def score(self, images: Images) -> Floats:
        """NIQE of each image, (N,), 0 and above; lower is more natural [eq. 10].

        The score of an image depends on no other image of the batch. Where the fitted covariance
        lacks full rank, the inverse in the equation is the Moore-Penrose pseudo-inverse, as in
        the authors' code: a direction in which neither the natural patches nor those of the image
        vary does not count.

        Raises:
            ValueError: the images are malformed or not of the side the model was fitted on.
        """
        side = check_images(images)
        if side != self.side:
            raise ValueError(
                f"this NIQE model was fitted on {self.side}x{self.side} images and cannot score "
                f"{side}x{side} ones: bring the images to one resolution first"
            )
        if not len(images):
            return np.empty(0)
        features, _ = _patch_features(images, self.patch)
        means = features.mean(axis=1)
        centred = features - means[:, None, :]
        degrees = max(features.shape[1] - 1, 1)
        covariances = np.einsum("npi,npj->nij", centred, centred) / degrees
        difference = means - self.mean
        pooled = (self.covariance + covariances) / 2.0
        if np.linalg.matrix_rank(self.covariance, hermitian=True) == FEATURES:
            whitened = np.linalg.solve(pooled, difference[:, :, None])[:, :, 0]
        else:
            tolerance = FEATURES * np.finfo(np.float64).eps
            inverse = np.linalg.pinv(pooled, rcond=tolerance, hermitian=True)
            whitened = np.einsum("nij,nj->ni", inverse, difference)
        return np.asarray(np.sqrt(np.sum(difference * whitened, axis=1)))


def _patch_features(images: Images, patch: int) -> tuple[Floats, Floats]:
    """Features (N, P, 36) and sharpness (N, P) of the P overlapping patches of each image."""
    features, sharpness = [], []
    for group in _groups(images):
        fine = luminance(group)
        normalised, deviation = _local_normalisation(fine)
        coarse, _ = _local_normalisation(_half(fine))
        features.append(
            np.concatenate(
                [
                    _scale_features(_patches(normalised, patch)),
                    _scale_features(_patches(coarse, patch // 2)),
                ],
                axis=-1,
            )
        )
        sharpness.append(_patches(deviation, patch).mean(axis=(-2, -1)))
    return np.concatenate(features), np.concatenate(sharpness)


def _groups(images: Images) -> Iterator[Images]:
    size = max(1, _PIXELS_AT_ONCE // (images.shape[1] * images.shape[2]))
    for start in range(0, len(images), size):
        yield images[start : start + size]


def _half(planes: Floats) -> Floats:
    """Planes (N, H, W) at half the size, by bicubic interpolation with anti-aliasing."""
    _, height, width = planes.shape
    size = (width // 2, height // 2)
    return np.stack(
        [
            np.asarray(
                Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BICUBIC),
                dtype=np.float64,
            )
            for plane in planes
        ]
    )


def _local_normalisation(planes: Floats) -> tuple[Floats, Floats]:
    """MSCN coefficients and local deviation, both (N, H, W), of luma (N, H, W) [eq. 1-3]."""
    offsets = np.arange(-_WINDOW_RADIUS, _WINDOW_RADIUS + 1)
    window = np.exp(-0.5 * (offsets / _WINDOW_DEVIATION) ** 2)
    window /= window.sum()

    def smooth(values: Floats) -> Floats:
        rows = correlate1d(values, window, axis=1, mode="nearest")
        return np.asarray(correlate1d(rows, window, axis=2, mode="nearest"))

    mean = smooth(planes)
    deviation = np.sqrt(np.maximum(smooth(planes**2) - mean**2, 0.0))
    difference = planes - mean
    difference[np.abs(difference) < FLAT] = 0.0
    return difference / (deviation + 1.0), deviation


def _patches(planes: Floats, patch: int) -> Floats:
    """Overlapping patches (N, P, patch, patch) of planes (N, H, W), half a patch apart."""
    windows = np.lib.stride_tricks.sliding_window_view(planes, (patch, patch), axis=(1, 2))
    stride = patch // 2
    return np.ascontiguousarray(
        windows[:, ::stride, ::stride].reshape(len(planes), -1, patch, patch)
    )


def _scale_features(patches: Floats) -> Floats:
    """18 features (N, P, 18) of MSCN patches (N, P, h, w) [eq. 4-9].

    Shape and deviation of the coefficients, then shape, mean and the two variances of the
    products of neighbours in four directions. Only pairs inside the patch are used.
    """
    height, width = patches.shape[-2:]
    features = list(fit_symmetric(patches.reshape(*patches.shape[:-2], -1)))
    for down, right in _NEIGHBOURS:
        first = patches[..., : height - down, max(0, -right) : width - max(0, right)]
        second = patches[..., down:, max(0, right) : width + min(0, right)]
        products = (first * second).reshape(*patches.shape[:-2], -1)
        fit = fit_asymmetric(products)
        features += [fit.shape, fit.mean, fit.left**2, fit.right**2]
    return np.stack(features, axis=-1)
