"""Arithmetic with eigenfaces: the whole face goes through the linear model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from bench.methods import face_codes
from bench.methods.eigenfaces import check_share
from bench.methods.face_codes import CodeArithmetic, EigenfaceCodes
from bench.methods.fingerprint import code_sha256
from bench.plugins.contracts import MethodCard, MethodContext
from bench.plugins.parameters import Bounds

__all__ = ["PcaFaceArithmetic"]


class PcaFaceArithmetic(CodeArithmetic):
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

    def __init__(self, share: Annotated[float, Bounds(0, 1)] = 0.999) -> None:
        self.share = check_share(share)

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self.codes = EigenfaceCodes(context, self.share)
        return {**self.codes.fingerprint, "code_sha256": code_sha256(face_codes)}
