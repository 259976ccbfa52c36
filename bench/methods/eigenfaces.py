"""Eigenfaces: the directions in which a set of faces varies most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.plugins.contracts import Face

__all__ = ["Eigenfaces", "check_share"]

Floats = NDArray[np.float64]
AnyFloats = NDArray[np.floating[Any]]

NO_VARIANCE = 1e-12
"""Share of the largest variance, or of the mean's square, below which there is only rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Eigenfaces:
    """A linear model of faces (Turk and Pentland, "Eigenfaces for Recognition", 1991).

    Attributes:
        mean: (pixels,), the mean of the faces it was fitted on, in 0..1.
        components: (k, pixels), orthonormal rows, largest variance first.
    """

    mean: Floats
    components: Floats

    @classmethod
    def fit(cls, faces: Sequence[Face], share: float) -> Eigenfaces:
        """Principal components of faces, as many as hold a share of their variance.

        The eigenvectors of the faces' inner products, of which there are fewer than pixels, give
        the components. The largest entry of each is positive, so that they are the same
        everywhere.

        Args:
            faces: at least two that differ, of one size.
            share: of the variance, above 0 and up to 1.

        Raises:
            ValueError: there are too few faces, or no two of them differ.
        """
        if len(faces) < 2:
            raise ValueError(f"eigenfaces need at least 2 faces of dev, there are {len(faces)}")
        images = np.stack([face.pixels.ravel() for face in faces]) / 255.0
        mean = images.mean(axis=0)
        images -= mean
        variances, vectors = np.linalg.eigh(images @ images.T)
        variances, vectors = variances[::-1], vectors[:, ::-1]
        if variances[0] <= NO_VARIANCE * np.square(mean).sum():
            raise ValueError(f"eigenfaces need faces that differ, and all {len(faces)} are one")
        held = np.cumsum(variances) / variances.clip(0.0).sum()
        rank = int((variances > NO_VARIANCE * variances[0]).sum())
        kept = min(rank, int(np.searchsorted(held, share)) + 1)
        components = (vectors[:, :kept].T @ images) / np.sqrt(variances[:kept, None])
        largest = np.abs(components).argmax(axis=1)
        signs = np.sign(components[np.arange(kept), largest])
        return cls(mean, components * signs[:, None])

    def encode(self, images: AnyFloats) -> Floats:
        """Codes, (..., k), of images, (..., pixels)."""
        return (images - self.mean) @ self.components.T

    def decode(self, codes: AnyFloats) -> Floats:
        """Images, (..., pixels), of codes, (..., k); not clipped."""
        return self.mean + codes @ self.components

    def project(self, differences: AnyFloats) -> Floats:
        """What of differences of images, (..., pixels), the components can show."""
        return (differences @ self.components.T) @ self.components


def check_share(share: float) -> float:
    """The share of the variance that eigenfaces should hold.

    Raises:
        ValueError: it is not above 0 and up to 1.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share must be above 0 and up to 1, not {share}")
    return share
