"""Latent arithmetic in Glow on the coarse levels alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from torch import Tensor

import glow
from bench.methods.glow_latents import GlowMethod
from bench.plugins.contracts import MethodCard, MethodContext, TransferRequest
from bench.plugins.parameters import Bounds

__all__ = ["GlowCoarse"]


class GlowCoarse(GlowMethod):
    """Equation (2) of the reference paper, but the finest levels stay the target's mean.

    The finest levels hold skin, hair and noise, the coarse ones the shape of the face. The fewer
    levels move, the weaker the expression at the same alpha; on photographs identity and
    naturalness are kept better for it, on synthfaces naturalness is lost. The blots of
    ``glow-arith`` at large alpha come from the coarse levels and stay.

    Args:
        model, precision: see :class:`bench.methods.glow_latents.GlowLatents`.
        kept: how many of the finest levels stay the target's, at least 1 and fewer than the model
            has.
    """

    card = MethodCard(
        "glow-coarse",
        "glow-arith on the coarse levels alone: the finest stay the target's",
        citation="equation (2) of Valenzuela et al., CVPRW 2021, on a part of the latents",
    )

    def __init__(
        self,
        model: str = "",
        precision: glow.Precision = "fp32",
        kept: Annotated[int, Bounds(1)] = 1,
    ) -> None:
        super().__init__(model, precision)
        if kept < 1:
            raise ValueError(f"kept must be at least 1 level, not {kept}")
        self.kept = kept

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        fingerprint = super().prepare(context)
        levels = len(self.latents.levels)
        if self.kept >= levels:
            raise ValueError(f"kept must be less than the model's {levels} levels, not {self.kept}")
        return fingerprint

    def combine(self, request: TransferRequest) -> Tensor:
        latent = self.sum_of_latents(request)
        finest = slice(0, self.latents.levels[self.kept].start)
        latent[finest] = self.latents.mean(request.target_reference)[finest]
        return latent
