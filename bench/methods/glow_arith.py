"""The reference method: latent arithmetic in Glow, equation (2) of the reference paper."""

from __future__ import annotations

from torch import Tensor

from bench.methods.glow_latents import GlowMethod
from bench.plugins.contracts import MethodCard, TransferRequest

__all__ = ["GlowArithmetic"]


class GlowArithmetic(GlowMethod):
    """``y = f^-1(mean z_target + alpha (z_source - mean z_source))`` on whitened latents.

    Args:
        model, precision: see :class:`bench.methods.glow_latents.GlowLatents`.
    """

    card = MethodCard(
        "glow-arith",
        "latent arithmetic in Glow: y = f^-1(mean z_tgt + alpha (z_src - mean z_src))",
        citation=(
            "Valenzuela, Diego, Segura and Gomez, "
            "Expression Transfer Using Flow-based Generative Models, CVPRW 2021"
        ),
    )

    def combine(self, request: TransferRequest) -> Tensor:
        return self.sum_of_latents(request)
