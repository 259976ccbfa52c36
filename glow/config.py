"""The shape of a Glow: everything that decides which tensors a model holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

__all__ = ["Coupling", "GlowConfig", "Permutation"]

Coupling = Literal["affine", "additive"]
Permutation = Literal["invertible_1x1", "shuffle", "reverse"]


_MOST: Final = {
    "image_size": 16384,
    "levels": 14,
    "steps": 1024,
    "width": 65536,
    "bits": 8,
    "channels": 1024,
    "classes": 1_000_000,
}
"""More than any Glow has. A configuration may come from a file of anybody, and is believed before
its tensors are."""


@dataclass(frozen=True, slots=True)
class GlowConfig:
    """Hyperparameters of a Glow (Kingma and Dhariwal 2018, Section 3 and Appendix B).

    Attributes:
        image_size: height and width of the images in pixels; divisible by ``2 ** levels``.
        levels: L, the number of scales; all but the last factor out half of their channels.
        steps: K, the flow steps (actnorm, permutation, coupling) of each level.
        width: hidden channels of each coupling network.
        coupling: ``affine`` (shift and scale) or ``additive`` (shift only, volume preserving).
        permutation: channel permutation of each step.
        bits: bit depth of the input; pixel values are read in bins of ``2 ** -bits``.
        learn_top: whether the prior of the last level is learned.
        channels: colour channels of the images.
        actnorm: whether the steps have an actnorm. Those inside the coupling networks stay: they
            are how the original writes a convolution's bias and scale.
        classes: classes that the prior of the last level depends on; 0 for none.

    NICE (Dinh et al. 2014) and RealNVP (Dinh et al. 2017) are relatives: :meth:`nice` and
    :meth:`real_nvp` are Glows in their manner.
    """

    image_size: int = 64
    levels: int = 4
    steps: int = 16
    width: int = 128
    coupling: Coupling = "affine"
    permutation: Permutation = "invertible_1x1"
    bits: int = 8
    learn_top: bool = True
    channels: int = 3
    actnorm: bool = True
    classes: int = 0

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            value = getattr(self, name)
            if type(value) is not int:
                raise ValueError(f"{name} must be a whole number, not {value!r}")
            if value > most:
                raise ValueError(f"{name} must be at most {most}, not {value}")
        for name in ("image_size", "levels", "steps", "width", "bits", "channels"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.classes < 0:
            raise ValueError(f"classes must be at least 0, not {self.classes}")
        if self.image_size % 2**self.levels:
            raise ValueError(
                f"image_size {self.image_size} is not divisible by 2 ** levels = {2**self.levels}"
            )
        if self.coupling not in get_args(Coupling):
            raise ValueError(f"coupling must be one of {get_args(Coupling)}, not {self.coupling!r}")
        if self.permutation not in get_args(Permutation):
            raise ValueError(
                f"permutation must be one of {get_args(Permutation)}, not {self.permutation!r}"
            )

    @classmethod
    def nice(cls, **options: Any) -> GlowConfig:
        """In the manner of NICE: additive coupling, channels reversed, no actnorm."""
        return cls(
            **{"coupling": "additive", "permutation": "reverse", "actnorm": False, **options}
        )

    @classmethod
    def real_nvp(cls, **options: Any) -> GlowConfig:
        """In the manner of RealNVP: affine coupling, channels reversed, no actnorm."""
        return cls(**{"coupling": "affine", "permutation": "reverse", "actnorm": False, **options})

    @property
    def latent_size(self) -> int:
        """Numbers in the latent vector of one image: as many as pixel values."""
        return self.channels * self.image_size**2

    def latent_shapes(self) -> list[tuple[int, int, int]]:
        """(channels, height, width) of the latent of each level, finest level first."""
        shapes = []
        channels, size = self.channels, self.image_size
        for level in range(self.levels):
            channels, size = channels * 4, size // 2
            if level < self.levels - 1:
                channels //= 2
            shapes.append((channels, size, size))
        return shapes

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GlowConfig:
        """The inverse of :meth:`to_dict`; an unknown key is a ValueError that names it."""
        if not isinstance(values, dict):
            raise ValueError(f"the options of a Glow are a table, not {values!r}"[:200])
        unknown = sorted(set(values) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"unknown Glow option(s): {', '.join(unknown)}")
        return cls(**values)
