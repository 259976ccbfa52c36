"""How far the folded Glow is from the op-by-op one in float64, on trained weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from glow.checkpoint import load_module
from glow.inference.precision import Precision
from glow.model import Glow
from glow.pretrained import find_model

__all__ = ["TRAINED_MODELS", "Accuracy", "Reference"]

TRAINED_MODELS = ("synthfaces-64", "london-64")

_TEMPERATURE = 0.7
_BIN_MIDDLE = 0.5


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Largest differences from the reference.

    Attributes:
        model: of the package.
        precision: of the coupling networks.
        latents: of whitened latents, each about standard normal.
        images: of values in [0, 1], decoded from the reference's latents.
        note: why there are no numbers.
    """

    model: str
    precision: str
    latents: float | None = None
    images: float | None = None
    note: str = ""


class Reference:
    """A model of the package op by op in float64, with images that it draws itself.

    Args:
        name: of the model.
        images: how many, drawn at temperature 0.7 and rounded to 8 bits.
    """

    @torch.inference_mode()
    def __init__(self, name: str, images: int = 4) -> None:
        self._name, self._path = name, find_model(name)
        module = load_module(self._path).double()
        generator = torch.Generator().manual_seed(0)
        drawn = [
            _TEMPERATURE * torch.randn(images, *shape, generator=generator, dtype=torch.float64)
            for shape in module.config.latent_shapes()
        ]
        values = _to_values(module.inverse(drawn)).clamp(0.0, 1.0)
        self.images = (values * 255.0).round() / 255.0
        bins = 2**module.config.bits
        levels = (self.images * 255.0).round().mul(bins / 256.0).floor()
        latents, _ = module((levels + _BIN_MIDDLE) / bins - 0.5)
        self.latents = _flatten(latents)
        self.decoded = _to_values(module.inverse(latents))

    def compare(self, precision: Precision) -> Accuracy:
        """How far the model is from the reference in a precision, or why it does not have it."""
        try:
            model = Glow.from_pretrained(self._path, precision=precision)
        except ValueError as error:
            return Accuracy(self._name, precision, note=str(error))
        return Accuracy(
            self._name,
            precision,
            float((model.latents(self.images) - self.latents).abs().max()),
            float((model.decode(self.latents) - self.decoded).abs().max()),
        )


def _to_values(state: Tensor) -> Tensor:
    """The middle of a bin to its image value, as ``Glow.decode`` returns it."""
    return ((state + 0.5) * 256.0 - 0.5) / 255.0


def _flatten(latents: list[Tensor]) -> Tensor:
    """Position by position, the finest level first, as ``Glow.encode`` returns them."""
    return torch.cat([eps.permute(0, 2, 3, 1).flatten(1) for eps in latents], dim=1)
