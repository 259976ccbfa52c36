"""Arithmetic with eigenfaces: only the difference goes through the linear model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from bench.methods import eigenfaces, pixel_arith
from bench.methods.eigenfaces import Eigenfaces, check_share
from bench.methods.fingerprint import code_sha256, faces_sha256
from bench.methods.pixel_arith import mean_face, unit
from bench.plugins.contracts import MethodCard, MethodContext, TransferRequest
from bench.plugins.parameters import Bounds
from bench.remembered import Remembered

__all__ = ["PcaArithmetic"]


class PcaArithmetic:
    """``y = clip(mean x_target + alpha P (x_source - mean x_source))``, P onto the eigenfaces.

    The target's mean face keeps its own pixels, so that nothing of who it is goes through the
    model; ``pca-arith-face`` is the other choice. What the dev faces cannot show of the source's
    expression is lost: the fewer components, the weaker and the more general it gets. What they
    show instead lies as fringes and grain over outlines and background.

    Args:
        share: of the variance of the dev faces that the eigenfaces hold, above 0 and up to 1.
            On dev the score rises with it throughout, and above 0.999 hardly any more.
    """

    card = MethodCard(
        "pca-arith",
        "eigenfaces for latents: y = mean(target) + alpha P(source - mean(source))",
        citation=(
            "Turk and Pentland, Eigenfaces for Recognition, J. Cognitive Neuroscience 1991; "
            "equation (2) of Valenzuela et al., CVPRW 2021"
        ),
    )

    def __init__(self, share: Annotated[float, Bounds(0, 1)] = 0.999) -> None:
        self.share = check_share(share)

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        faces = context.development()
        self.eigenfaces = Eigenfaces.fit(faces, self.share)
        self._changes: Remembered[tuple[tuple[str, str], ...], NDArray[np.float64]] = Remembered(
            lambda change: change.nbytes, context.memory
        )
        return {
            "fitted_on_sha256": faces_sha256(faces),
            "code_sha256": code_sha256(eigenfaces, pixel_arith),
        }

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[np.float64]:
        return np.stack([self._transferred(request) for request in requests])

    def _transferred(self, request: TransferRequest) -> NDArray[np.float64]:
        target, change = mean_face(request.target_reference), self._change(request)
        return np.clip(target + request.alpha * change, 0.0, 1.0)

    def _change(self, request: TransferRequest) -> NDArray[np.float64]:
        """The projected difference, (resolution, resolution, 3), made once for all alphas."""
        key = tuple(face.key for face in (request.source, *request.source_reference))
        shown = self._changes.get(key)
        if shown is None:
            change = unit(request.source) - mean_face(request.source_reference)
            shown = self.eigenfaces.project(change.ravel()).reshape(change.shape)
            self._changes.put(key, shown)
        return shown
