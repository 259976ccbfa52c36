"""What is compared with what: implementations in their variants, sizes and batches."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, get_args

from glow.config import GlowConfig

__all__ = [
    "DEFAULT_BATCHES",
    "OURS",
    "OURS_ADDITIVE",
    "Cell",
    "Contestant",
    "NetworkPrecision",
    "Task",
    "config_for",
]

NetworkPrecision = Literal["fp32", "bf16"]

OURS: Final = "glow"
OURS_ADDITIVE: Final = "glow additive"

DEFAULT_BATCHES: Final = {64: (1, 8, 32), 256: (1, 4)}
"""Batches by image size; other sizes are measured at batch 1."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """An implementation in one variant.

    Attributes:
        implementation: ``glow``, ``glow additive`` or the name of a peer.
        precision: of the coupling networks.
        compiled: whether a peer's coupling networks go through ``torch.compile``.
    """

    implementation: str
    precision: NetworkPrecision
    compiled: bool = False

    def __post_init__(self) -> None:
        if self.precision not in get_args(NetworkPrecision):
            raise ValueError(
                f"precision must be one of {get_args(NetworkPrecision)}, not {self.precision!r}"
            )

    @property
    def is_ours(self) -> bool:
        return self.implementation in (OURS, OURS_ADDITIVE)

    @property
    def label(self) -> str:
        """The name in the table."""
        return f"{self.implementation} compiled" if self.compiled else self.implementation


@dataclass(frozen=True, slots=True)
class Cell:
    """A model and a number of images.

    Attributes:
        config: of the affine Glow; ``glow additive`` differs in its coupling alone.
        batch: images at once.
    """

    config: GlowConfig
    batch: int

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, not {self.batch}")

    def config_of(self, contestant: Contestant) -> GlowConfig:
        additive = contestant.implementation == OURS_ADDITIVE
        return replace(self.config, coupling="additive") if additive else self.config


@dataclass(frozen=True, slots=True)
class Task:
    """What a process is started for: a contestant in a cell, and the weights of ours."""

    contestant: Contestant
    cell: Cell
    weights: str = ""

    def to_json(self) -> str:
        return json.dumps(
            {
                "contestant": asdict(self.contestant),
                "config": self.cell.config.to_dict(),
                "batch": self.cell.batch,
                "weights": self.weights,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Task:
        values: dict[str, Any] = json.loads(text)
        cell = Cell(GlowConfig.from_dict(values["config"]), values["batch"])
        return cls(Contestant(**values["contestant"]), cell, values["weights"])


def config_for(size: int, *, width: int = 512, steps: int | None = None) -> GlowConfig:
    """The Glow that is compared at an image size: L4 K16 at 64, L6 K32 at 256.

    Args:
        size: pixels; a power of two from 8 to 1024. The last level is 4x4.
        width: hidden channels.
        steps: a level; as a rule 16 up to 64 pixels, else 32.

    Raises:
        ValueError: there is no such size.
    """
    levels = size.bit_length() - 3
    if size != 2 ** (levels + 2) or not 1 <= levels <= 8:
        raise ValueError(f"a size must be a power of two from 8 to 1024, not {size}")
    if steps is None:
        steps = 16 if size <= 64 else 32
    return GlowConfig(image_size=size, levels=levels, steps=steps, width=width)
