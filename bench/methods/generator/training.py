"""Training of the small generator, as the second half of an autoencoder."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bench.methods.generator.exporting import save_torchscript
from bench.methods.generator.network import WIDTH, SmallEncoder, SmallGenerator
from glow.pictures import save_grid
from glow.training.folder import RunFolder

__all__ = ["GeneratorTraining", "TrainingOptions"]

Images = NDArray[np.uint8]
"""(N, 3, side, side)."""

_SHOWN = 8
_MEASURED_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train.

    Attributes:
        out: folder of the weights, the log, the pictures and the checkpoint.
        steps: optimiser steps.
        batch: faces a step.
        learning_rate: of Adam, reached after ``warmup`` steps and decayed to zero by a cosine.
        noise: standard deviation of what is added to a code, of 1 for the codes' own: neighbouring
            codes then show nearly the same face.
        measure_every: steps between two measurements on held-out people, each with a checkpoint.
        seed: of the initialisation, the order of the faces and the noise.
    """

    out: Path
    steps: int = 8000
    batch: int = 32
    learning_rate: float = 2e-3
    warmup: int = 100
    noise: float = 0.1
    measure_every: int = 250
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "measure_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


class GeneratorTraining:
    """One training; a folder with a checkpoint goes on from it, also with more steps.

    Args:
        options: how to train.
        learned: faces to learn from.
        held_out: faces of other people, to measure on.

    Raises:
        ValueError: the checkpoint is broken.
    """

    def __init__(self, options: TrainingOptions, learned: Images, held_out: Images) -> None:
        torch.manual_seed(options.seed)
        self.options, self.learned, self.held_out = options, learned, held_out
        self.folder = RunFolder(options.out)
        self.weights = options.out / "model.pt"
        self.encoder, self.generator = SmallEncoder(), SmallGenerator()
        parameters = [*self.encoder.parameters(), *self.generator.parameters()]
        self._optimizer = torch.optim.Adam(parameters, lr=options.learning_rate)
        self._random = torch.Generator().manual_seed(options.seed)
        self._losses: list[float] = []
        self.step = 0
        self._resume()

    def steps(self) -> Iterator[float]:
        """Runs the optimiser and yields the loss of each step.

        Raises:
            RuntimeError: the loss is no longer finite; the last checkpoint stays.
        """
        while self.step < self.options.steps:
            for group in self._optimizer.param_groups:
                group["lr"] = self._learning_rate()
            loss = self._loss()
            value = float(loss.detach())
            if not math.isfinite(value):
                raise RuntimeError(
                    f"the loss is {value} at step {self.step}; the last checkpoint is good: go on "
                    "from it with a smaller --learning-rate"
                )
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            self.step += 1
            self._losses.append(value)
            yield value

    def measure(self) -> dict[str, float]:
        """Measures on the held-out faces; writes log, weights, pictures and the checkpoint."""
        self.encoder.eval()
        self.generator.eval()
        self._describe_codes()
        row = {
            "step": self.step,
            "training_loss": float(np.mean(self._losses)) if self._losses else math.nan,
            "held_out_psnr": self._held_out_psnr(),
        }
        self._losses.clear()
        self.folder.append_to_log(row)
        save_torchscript(self.generator, self.weights)
        self._save_pictures()
        self.folder.save_checkpoint(
            {
                "encoder": self.encoder.state_dict(),
                "generator": self.generator.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "random": self._random.get_state(),
                "step": self.step,
            }
        )
        return row

    def _loss(self) -> Tensor:
        self.encoder.train()
        self.generator.train()
        chosen = torch.randint(
            len(self.learned), (self.options.batch,), generator=self._random
        ).numpy()
        images = _unit(self.learned[chosen])
        noise = torch.randn(self.options.batch, WIDTH, generator=self._random)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            codes = self.encoder(images).float() + self.options.noise * noise
            made = self.generator(codes)
        return pyramid_distance(made.float(), images)

    def _learning_rate(self) -> float:
        warm = min(1.0, (self.step + 1) / max(1, self.options.warmup))
        decay = 0.5 * (1.0 + math.cos(math.pi * self.step / self.options.steps))
        return self.options.learning_rate * warm * decay

    @torch.no_grad()
    def _describe_codes(self) -> None:
        """Lets the generator know mean and spread of the codes of what it learns from."""
        codes = torch.cat([self.encoder(images) for images in _batches(self.learned[:4096])])
        self.generator.get_buffer("mean_w").copy_(codes.mean(dim=0))
        self.generator.get_buffer("w_std").copy_(codes.std(dim=0))

    @torch.no_grad()
    def _held_out_psnr(self) -> float:
        """Mean PSNR in dB of what the encoder finds at once; optimised codes are better."""
        values = []
        for images in _batches(self.held_out):
            made = self.generator(self.encoder(images)).clamp(0.0, 1.0)
            errors = (made - images).square().flatten(1).mean(dim=1)
            values.append(-10.0 * errors.clamp_min(1e-12).log10())
        return float(torch.cat(values).mean())

    @torch.no_grad()
    def _save_pictures(self) -> None:
        """Held-out faces above what is made of them."""
        images = _unit(self.held_out[:_SHOWN])
        made = self.generator(self.encoder(images))
        save_grid(torch.cat([images, made]), self.folder.samples, columns=len(images))

    def _resume(self) -> None:
        state = self.folder.load_checkpoint(torch.device("cpu"))
        if state is not None:
            self.encoder.load_state_dict(state["encoder"])
            self.generator.load_state_dict(state["generator"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._random.set_state(state["random"])
            self.step = state["step"]
        self.folder.cut_log(self.step)


def pyramid_distance(made: Tensor, images: Tensor) -> Tensor:
    """Mean squared error, plus the mean absolute errors of the levels of a Laplacian pyramid.

    The pyramid keeps edges that a squared error alone blurs (Bojanowski et al., "Optimizing the
    Latent Space of Generative Networks", ICML 2018, section 3.2).

    Args:
        made, images: (N, 3, side, side), the side a multiple of 8.
    """
    difference = made - images
    total = difference.square().mean()
    for _ in range(3):
        coarse = functional.avg_pool2d(difference, 2)
        fine = difference - functional.interpolate(coarse, scale_factor=2.0)
        total = total + fine.abs().mean()
        difference = coarse
    return total + difference.abs().mean()


def _unit(images: Images) -> Tensor:
    return torch.from_numpy(images).float() / 255.0


def _batches(images: Images) -> Iterator[Tensor]:
    for start in range(0, len(images), _MEASURED_TOGETHER):
        yield _unit(images[start : start + _MEASURED_TOGETHER])
