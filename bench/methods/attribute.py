"""A direction for each expression, learnt on dev: equation (1) of the reference paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import glow
from bench.methods import dev_expressions, face_codes
from bench.methods.dev_expressions import ShownExpression, shown_expressions
from bench.methods.face_codes import EigenfaceCodes, FaceCodes, PixelCodes
from bench.methods.fingerprint import code_sha256, faces_sha256
from bench.methods.glow_latents import GlowLatents
from bench.plugins.contracts import MethodCard, MethodContext, TransferRequest
from bench.remembered import Remembered

__all__ = ["Attribute"]

Space = Literal["glow", "pca", "pixels"]

SHARE = 0.999
"""Of the variance of the dev faces that the eigenfaces of ``space=pca`` hold."""


class Attribute:
    """``y = f^-1(mean z_target + alpha (mean z_expression - mean z_neutral))``, the means over dev.

    Of the source it takes the label of the expression alone: what a method gains over it is what
    it reads from *this* source. The second mean is over the neutral faces of the same people. On
    the dev part itself the pair's own two people are left out, so that the alpha chosen there does
    not rest on the answer.

    In Glow there are no ghosts of the source, since nothing of its picture is used. In pixels the
    mean mouth of dev lies over the target's own, two where they do not meet.

    A pair fails if nobody of dev shows the expression of its source; the other pairs are made.

    Args:
        space: f: ``glow``, the whitened latents; ``pca``, eigenfaces of dev, which show the whole
            face as in ``pca-arith-face``; or ``pixels``.
        model, precision: of ``space=glow``, see :class:`bench.methods.glow_latents.GlowLatents`.
    """

    card = MethodCard(
        "attribute",
        "the mean change of an expression's label, learnt on dev, in Glow, PCA or pixels",
        citation=(
            "equation (1) of Valenzuela, Diego, Segura and Gomez, "
            "Expression Transfer Using Flow-based Generative Models, CVPRW 2021"
        ),
    )

    def __init__(
        self, space: Space = "glow", model: str = "", precision: glow.Precision = "fp32"
    ) -> None:
        if space not in get_args(Space):
            raise ValueError(f"space must be one of {', '.join(get_args(Space))}, not {space!r}")
        self.space, self.model_name, self.precision = space, model, precision

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self.codes = self._make_codes(context)
        self._directions: Remembered[tuple[str, frozenset[str]], Tensor] = Remembered(
            lambda direction: direction.nbytes, context.memory
        )
        faces = context.development()
        shown = shown_expressions(context, faces)
        self.codes.encode(faces)
        self.codes.encode([one.neutral for group in shown.values() for one in group])
        self._changes = {
            expression: {one.identity: self._change(one) for one in group}
            for expression, group in shown.items()
        }
        return {
            **self.codes.fingerprint,
            "fitted_on_sha256": faces_sha256(faces),
            "code_sha256": code_sha256(dev_expressions, face_codes),
        }

    def transfer(self, requests: Sequence[TransferRequest]) -> NDArray[Any]:
        self.codes.encode([face for r in requests for face in r.target_reference])
        return np.stack(self.codes.decode(self._sum(request) for request in requests))

    def _make_codes(self, context: MethodContext) -> FaceCodes:
        if self.space == "glow":
            return GlowLatents(context, self.model_name, self.precision)
        return EigenfaceCodes(context, SHARE) if self.space == "pca" else PixelCodes()

    def _change(self, shown: ShownExpression) -> Tensor:
        return self.codes.mean(shown.faces) - self.codes.of(shown.neutral)

    def _sum(self, request: TransferRequest) -> Tensor:
        pair = frozenset((request.pair.source, request.pair.target))
        direction = self._direction(request.source.expression, pair)
        return self.codes.mean(request.target_reference) + request.alpha * direction

    def _direction(self, expression: str, pair: frozenset[str]) -> Tensor:
        """The mean change of the dev people who show an expression and are not of the pair."""
        shown = self._changes.get(expression, {})
        own = pair.intersection(shown)
        if len(shown) == len(own):
            known = ", ".join(sorted(self._changes)) or "none"
            raise LookupError(
                f"nobody else of the dev part shows {expression!r}; expressions of dev: {known}"
            )
        direction = self._directions.get((expression, own))
        if direction is None:
            others = [change for identity, change in shown.items() if identity not in own]
            direction = torch.stack(others).mean(dim=0)
            self._directions.put((expression, own), direction)
        return direction
