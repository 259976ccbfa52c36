"""How to train: the options of one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from glow.data import Augmentation
from glow.recompute import Memory

__all__ = ["Precision", "TrainingOptions"]

Precision = Literal["bf16", "fp32"]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train.

    Attributes:
        data: folders, text lists or dataset cards of images; see
            :func:`glow.sources.find_image_files`.
        out: folder for the weights, the log, the samples and the checkpoint.
        held_out: the same for images that only measure; empty to hold out a share of ``data``.
        held_out_share: share of the people (with a card) or images to hold out, if ``held_out``
            is empty; above 0, below 1.
        part: part of a card's split; never ``test``.
        data_folders: where the images of cards lie, if not beside them.
        steps: optimiser steps.
        batch: images per step.
        learning_rate: of Adam, reached after ``warmup`` steps and decayed to zero by a cosine.
        warmup: steps of linear warm-up.
        weight_decay: decoupled weight decay (AdamW).
        average: decay of the exponential moving average of the weights.
        noise_bits: width 2^-bits of the uniform noise added to each pixel value. Fewer bits than
            the input has make a smoother density, which regularises against few images.
        clip: largest norm of the gradient.
        measure_every: steps between two measurements on the held-out images, each with a
            checkpoint.
        precision: of the coupling networks; ``bf16`` is mixed precision, weights and state stay
            in float32 or wider.
        memory: what is kept for the backward pass; see :mod:`glow.recompute`.
        device: where to train.
        seed: of the initialisation, the images' order, their changes and the noise.
        augmentation: random changes of each image; None where there are images enough.
    """

    data: Sequence[Path]
    out: Path
    held_out: Sequence[Path] = ()
    held_out_share: float = 0.05
    part: str = "dev"
    data_folders: Sequence[Path] = ()
    steps: int = 4000
    batch: int = 32
    learning_rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 1e-4
    average: float = 0.998
    noise_bits: int = 5
    clip: float = 50.0
    measure_every: int = 200
    precision: Precision = "bf16"
    memory: Memory = "keep"
    device: str = "cpu"
    seed: int = 0
    augmentation: Augmentation | None = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "measure_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("warmup", "weight_decay"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)}")
        if not 0.0 < self.held_out_share < 1.0:
            raise ValueError(f"held_out_share must be above 0 and below 1: {self.held_out_share}")
        if not 0.0 <= self.average < 1.0:
            raise ValueError(f"average must be at least 0 and below 1, not {self.average}")
        for name, known in (("precision", Precision), ("memory", Memory)):
            if getattr(self, name) not in get_args(known):
                raise ValueError(
                    f"{name} must be one of {get_args(known)}, not {getattr(self, name)!r}"
                )
