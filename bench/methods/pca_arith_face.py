"""Arithmetic with eigenfaces: the whole face goes through the linear model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bench.methods import face_codes
from bench.methods.eigenfaces import check_share
from bench.methods.face_codes import EigenfaceCodes
from bench.methods.fingerprint import code_sha256
from bench.plugins.contracts import Face, MethodCard, MethodContext, TransferRequest

__all__ = ["PcaFaceArithmetic"]


class PcaFaceArithmetic:
    """``y = f^-1(mean f(x_target) + alpha (f(x_source) - mean f(x_source)))``, f the eigenfaces.

    Equation (2) of the reference paper to the letter, with f the projection onto the eigenfaces of
    dev. These show a stranger as a mixture of the dev people, so that identity is lost before any
    transfer (other hair, glasses that nobody wears), as in a generator without an exact inverse;
    ``pca-arith`` has no such loss.

    Args:
        share: of the variance of the dev faces that the eigenfaces hold, above 0 and up to 1.
    """

    card = MethodCard(
        "pca-arith-face",
        "as pca-arith, but the target's own face is rebuilt from eigenfaces too",
        citation=(
            "Turk and Pentland, Eigenfaces for Recognition, J. Cognitive Neuroscience 1991; "
            "equation (2) of Valenzuela et al., CVPRW 2021"
        ),
    )

    def __init__(self, share: float = 0.999) -> None:
        self.share = check_share(share)

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self.codes = EigenfaceCodes(context, self.share)
        return {**self.codes.fingerprint, "code_sha256": code_sha256(face_codes)}

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[Any]:
        for request in requests:
            self.codes.encode([request.source, *request.source_reference])
            self.codes.encode(request.target_reference)
        return np.stack(self.codes.decode(self._sum(request) for request in requests))

    def reconstruct(self, faces: Sequence[Face]) -> NDArray[Any]:
        """``f^-1(f(x))``: what the eigenfaces cannot show is lost."""
        self.codes.encode(faces)
        return np.stack(self.codes.decode(self.codes.of(face) for face in faces))

    def _sum(self, request: TransferRequest) -> Tensor:
        target = self.codes.mean(request.target_reference)
        change = self.codes.of(request.source) - self.codes.mean(request.source_reference)
        return target + request.alpha * change
