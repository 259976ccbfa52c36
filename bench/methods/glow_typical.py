"""Latent arithmetic in Glow, kept in the flow's typical set."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

import glow
from bench.methods.glow_latents import GlowMethod
from bench.plugins.contracts import Face, MethodCard, TransferRequest

__all__ = ["GlowTypical"]

Reference = Literal["photographs", "mean"]


class GlowTypical(GlowMethod):
    """Equation (2) of the reference paper, with the latent of each level kept as short as a face's.

    The latents of real images lie near a sphere, the typical set of a normal distribution in many
    dimensions (Nalisnick et al., "Detecting Out-of-Distribution Inputs to Deep Generative Models
    Using Typicality", 2019). A sum at large alpha lies outside of it and decodes to glare and
    blots. Here each level of the sum that is longer than the target's is shortened to the root
    mean square of the target's. It damps the change, and what is left drifts from both people: at
    large alpha the image is clean, but of a third person.

    A shorter level is left as it is. The mean of many images is short, and lengthened it decodes
    to other colours; at the alpha of dev both score the same.

    Args:
        model, precision: see :class:`bench.methods.glow_latents.GlowLatents`.
        reference: whose root mean square: that of the target's single ``photographs``, or that of
            the target's ``mean`` latent. They are one where a person has one reference image; where
            there are 20, the mean is far shorter and scores lower on dev.
    """

    card = MethodCard(
        "glow-typical",
        "glow-arith with each level's latent no longer than the target's own",
        citation=(
            "equation (2) of Valenzuela et al., CVPRW 2021; "
            "typical sets after Nalisnick et al., arXiv 1906.02994, 2019"
        ),
    )

    def __init__(
        self,
        model: str = "",
        precision: glow.Precision = "fp32",
        reference: Reference = "photographs",
    ) -> None:
        super().__init__(model, precision)
        if reference not in get_args(Reference):
            choices = ", ".join(get_args(Reference))
            raise ValueError(f"reference must be one of {choices}, not {reference!r}")
        self.reference = reference

    def combine(self, request: TransferRequest) -> Tensor:
        latent = self.sum_of_latents(request)
        for level in self.latents.levels:
            longest = self._root_mean_square(request.target_reference, level)
            latent[level] *= (longest / latent[level].square().mean().sqrt()).clamp(max=1.0)
        return latent

    def _root_mean_square(self, faces: tuple[Face, ...], level: slice) -> Tensor:
        if self.reference == "mean":
            return self.latents.mean(faces)[level].square().mean().sqrt()
        own = torch.stack([self.latents.of(face)[level] for face in faces])
        return own.square().mean().sqrt()
