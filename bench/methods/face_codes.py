"""The spaces in which faces are added and subtracted, behind one small interface."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.methods import eigenfaces
from bench.methods.eigenfaces import Eigenfaces
from bench.methods.fingerprint import code_sha256, faces_sha256
from bench.plugins.contracts import Face, MethodContext, TransferRequest
from bench.remembered import Remembered

__all__ = ["CodeArithmetic", "EigenfaceCodes", "FaceCodes", "PixelCodes"]


class FaceCodes(Protocol):
    """Codes of faces: vectors that can be added; :class:`bench.methods.glow_latents.GlowLatents`.

    Attributes:
        fingerprint: what decides the codes and their images.
    """

    fingerprint: Mapping[str, str]

    def encode(self, faces: Sequence[Face]) -> None:
        """Prepares the codes of faces together, which is faster than one by one."""
        ...

    def of(self, face: Face) -> Tensor:
        """The code of a face, (size,), float64."""
        ...

    def mean(self, faces: Sequence[Face]) -> Tensor:
        """The mean code of faces, (size,), float64."""
        ...

    def decode(self, codes: Iterable[Tensor]) -> Sequence[NDArray[Any]]:
        """An image of each code, as ``Method.transfer`` returns them."""
        ...


class CodeArithmetic:
    """Equation (2) of the reference paper with codes in the place of latents.

    Attributes:
        codes: set by ``prepare``.
    """

    codes: FaceCodes

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[Any]:
        self.codes.encode(
            [
                face
                for r in requests
                for face in (r.source, *r.source_reference, *r.target_reference)
            ]
        )
        return np.stack(self.codes.decode(self._sum(request) for request in requests))

    def reconstruct(self, faces: Sequence[Face]) -> NDArray[Any]:
        """``f^-1(f(x))``: what the codes cannot hold is lost."""
        self.codes.encode(faces)
        return np.stack(self.codes.decode(self.codes.of(face) for face in faces))

    def _sum(self, request: TransferRequest) -> Tensor:
        target = self.codes.mean(request.target_reference)
        change = self.codes.of(request.source) - self.codes.mean(request.source_reference)
        return target + request.alpha * change


class PixelCodes:
    """Pixels as their own code."""

    fingerprint: Mapping[str, str] = {}

    def encode(self, faces: Sequence[Face]) -> None:
        pass

    def of(self, face: Face) -> Tensor:
        return torch.from_numpy(face.pixels.ravel() / 255.0)

    def mean(self, faces: Sequence[Face]) -> Tensor:
        return torch.stack([self.of(face) for face in faces]).mean(dim=0)

    def decode(self, codes: Iterable[Tensor]) -> Sequence[NDArray[np.float64]]:
        return [_image(code.numpy()) for code in codes]


class EigenfaceCodes:
    """Eigenfaces of dev: the coefficients of a whole face, encoded once.

    Args:
        context: tells the dev faces.
        share: of their variance that the eigenfaces hold.

    Raises:
        ValueError: there are too few dev faces.
    """

    def __init__(self, context: MethodContext, share: float) -> None:
        faces = context.development()
        self._eigenfaces = Eigenfaces.fit(faces, share)
        self._codes: Remembered[tuple[str, str], Tensor] = Remembered(
            lambda code: code.nbytes, context.memory
        )
        self.fingerprint: Mapping[str, str] = {
            "fitted_on_sha256": faces_sha256(faces),
            "eigenfaces_sha256": code_sha256(eigenfaces),
        }

    def encode(self, faces: Sequence[Face]) -> None:
        for face in {face.key: face for face in faces}.values():
            self.of(face)

    def of(self, face: Face) -> Tensor:
        code = self._codes.get(face.key)
        if code is None:
            code = torch.from_numpy(self._eigenfaces.encode(face.pixels.ravel() / 255.0))
            self._codes.put(face.key, code)
        return code

    def mean(self, faces: Sequence[Face]) -> Tensor:
        return torch.stack([self.of(face) for face in faces]).mean(dim=0)

    def decode(self, codes: Iterable[Tensor]) -> Sequence[NDArray[np.float64]]:
        return [_image(self._eigenfaces.decode(code.numpy())) for code in codes]


def _image(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A square image, (side, side, 3), clipped to 0..1, of its values one after the other."""
    side = math.isqrt(len(values) // 3)
    return values.reshape(side, side, 3).clip(0.0, 1.0)
