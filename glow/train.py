"""Training by maximum likelihood, with checkpoints that a killed run goes on from."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from torch import Tensor

from glow.checkpoint import save_glow
from glow.config import GlowConfig
from glow.data import Augmentation, dequantise, find_images, load_images
from glow.model import Glow
from glow.pictures import save_grid

__all__ = ["TrainingOptions", "train"]

SOURCE_SIZE_FACTOR = 4
"""Images that are changed are kept this many times larger than the model, to stay sharp."""


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train.

    Attributes:
        images: folders or text lists of training images.
        held_out: folders or text lists of images that only measure.
        out: folder for the weights, the log, the samples and the checkpoint.
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
        bf16: run the coupling networks in bfloat16.
        device: where to train.
        seed: of the initialisation, the images' order, their changes and the noise.
        augmentation: random changes of each image; None where there are images enough.
    """

    images: list[Path]
    held_out: list[Path]
    out: Path
    steps: int = 4000
    batch: int = 32
    learning_rate: float = 1e-3
    warmup: int = 200
    weight_decay: float = 1e-4
    average: float = 0.998
    noise_bits: int = 5
    clip: float = 50.0
    measure_every: int = 200
    bf16: bool = True
    device: str = "cpu"
    seed: int = 0
    augmentation: Augmentation | None = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "measure_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")


def train(config: GlowConfig, options: TrainingOptions) -> Path:
    """Trains a Glow and returns the path of the best averaged weights.

    The best weights are those of the least held-out bits/dim. A run whose folder already holds a
    checkpoint goes on from it; the checkpoint carries the state of every random generator, so an
    interrupted run and an undisturbed one see the same images, changes and noise.

    Raises:
        ValueError: images are missing or unreadable, the device is not there, or the folder
            holds a run of another configuration or a broken checkpoint.
        RuntimeError: the loss or its gradient is no longer finite; the last good checkpoint
            stays.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    size = config.image_size
    factor = 1 if options.augmentation is None else SOURCE_SIZE_FACTOR
    images = load_images(find_images(options.images), size * factor)
    held_out = load_images(find_images(options.held_out), size)
    run = _Run(config, options, held_out)
    run.resume()
    if run.step == 0:
        run.initialise(images)
    with _progress() as progress:
        task = progress.add_task("training", total=options.steps, completed=run.step, note="")
        for loss in run.steps(images):
            progress.update(task, completed=run.step, note=f"{loss:.3f} bits/dim")
            if run.step % options.measure_every == 0 or run.step == options.steps:
                measured = run.measure()
                progress.console.print(
                    f"step {run.step:>6}  training {measured['training']:.4f}  "
                    f"held out {measured['held_out']:.4f} bits/dim"
                )
    return options.out / "model.safetensors"


class _Run:
    """The mutable state of one training."""

    def __init__(self, config: GlowConfig, options: TrainingOptions, held_out: Tensor) -> None:
        torch.manual_seed(options.seed)
        self.config, self.options = config, options
        self.device = _find_device(options.device)
        self.held_out = held_out.float() / 255.0
        self.model = _channels_last(Glow(config)).to(self.device)
        self.average = _channels_last(Glow(config)).to(self.device).eval()
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
            fused=self.device.type == "cuda",
        )
        self.generator = torch.Generator().manual_seed(options.seed)
        self.step = 0
        self.best = math.inf
        self.recent: list[float] = []

    def initialise(self, images: Tensor) -> None:
        """Lets the actnorms see one large batch, then copies the model into its average."""
        self.model.train()
        with torch.no_grad():
            self.model.log_prob(self._batch(images, count=max(64, self.options.batch)))
        self.average.load_state_dict(self.model.state_dict())

    def steps(self, images: Tensor) -> Iterator[float]:
        """Runs the optimiser and yields the loss of each step, in bits per dimension."""
        options = self.options
        self.model.train()
        while self.step < options.steps:
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate()
            with self._mixed_precision():
                batch = self._batch(images, options.batch)
                loss = self.model.bits_per_dim(batch, options.noise_bits).mean()
            value = float(loss.detach())
            self._require_finite(value, "loss")
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), options.clip)
            self._require_finite(float(norm), "gradient's norm")
            self.optimizer.step()
            self.step += 1
            self._update_average()
            self.recent.append(value)
            yield value

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Measures on the held-out images, logs, saves the best weights and a checkpoint."""
        training = sum(self.recent) / max(1, len(self.recent))
        self.recent.clear()
        # The same noise at every measurement, so that two of them differ by the model alone.
        noise = torch.Generator().manual_seed(0)
        repeats = []
        for _ in range(2):
            noisy = dequantise(self.held_out, self.options.noise_bits, noise).to(self.device)
            repeats.append(self.average.bits_per_dim(noisy, self.options.noise_bits).mean())
        held_out = float(torch.stack(repeats).mean())
        self._require_finite(held_out, "held-out loss")
        row = {"step": self.step, "training": training, "held_out": held_out}
        self._log(row)
        if held_out < self.best:
            self.best = held_out
            self._save_weights("model.safetensors", held_out)
        self._save_weights("last.safetensors", held_out)
        samples = 0.7 * torch.randn(16, self.config.latent_size, generator=noise).to(self.device)
        save_grid(self.average.decode(samples), self.options.out / "samples.png", columns=8)
        self._save_checkpoint()
        return {"training": training, "held_out": held_out}

    def resume(self) -> None:
        """Restores the checkpoint in the folder, if there is one."""
        path = self._checkpoint_path
        if path.is_file():
            self._restore(path)
        self._forget_lost_rows()

    def _restore(self, path: Path) -> None:
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            raise ValueError(
                f"the checkpoint {path} is broken; remove it to start again"
            ) from error
        if state["config"] != self.config.to_dict():
            raise ValueError(
                f"{path} belongs to another configuration: {json.dumps(state['config'])}; "
                "choose another --out"
            )
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"].cpu())
        self.step, self.best = state["step"], state["best"]

    def _forget_lost_rows(self) -> None:
        """Drops the log's rows after the checkpoint: those steps are made and logged again."""
        path = self.options.out / "log.csv"
        if not path.is_file():
            return
        header, *rows = path.read_text(encoding="utf-8").splitlines()
        # A row that was cut short lacks fields, and its step cannot be trusted.
        whole = [row for row in rows if row.count(",") == header.count(",")]
        kept = [row for row in whole if int(row.split(",")[0]) <= self.step]
        path.write_text("\n".join([header, *kept, ""]), encoding="utf-8")

    def _require_finite(self, value: float, name: str) -> None:
        if not math.isfinite(value):
            raise RuntimeError(
                f"the {name} is {value} at step {self.step}; the checkpoint of the last "
                f"measurement is good: go on from it with a smaller --learning-rate"
            )

    def _batch(self, images: Tensor, count: int) -> Tensor:
        """A random batch, changed, dequantised and centred: (count, 3, H, W)."""
        chosen = torch.randint(len(images), (count,), generator=self.generator)
        x = images[chosen].to(self.device)
        if self.options.augmentation is None:
            x = x.float() / 255.0
        else:
            x = self.options.augmentation(x, self.config.image_size, self.generator)
        x = dequantise(x, self.options.noise_bits, self.generator)
        return x.contiguous(memory_format=torch.channels_last)

    def _learning_rate(self) -> float:
        options = self.options
        if self.step < options.warmup:
            return options.learning_rate * (self.step + 1) / options.warmup
        progress = (self.step - options.warmup) / max(1, options.steps - options.warmup)
        return options.learning_rate * 0.5 * (1.0 + math.cos(math.pi * progress))

    @torch.no_grad()
    def _update_average(self) -> None:
        # A short memory at first, else the average would keep the initialisation for long.
        decay = min(self.options.average, (1.0 + self.step) / (10.0 + self.step))
        pairs = zip(self.average.parameters(), self.model.parameters(), strict=True)
        for averaged, current in pairs:
            averaged.lerp_(current, 1.0 - decay)

    def _mixed_precision(self) -> AbstractContextManager[Any]:
        if not self.options.bf16:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def _log(self, row: dict[str, float]) -> None:
        path = self.options.out / "log.csv"
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)

    def _save_weights(self, name: str, held_out: float) -> None:
        note = {"step": self.step, "held_out_bits_per_dim": held_out, **_plain(self.options)}
        save_glow(self.average, self.options.out / name, half=True, note=json.dumps(note))

    def _save_checkpoint(self) -> None:
        state = {
            "config": self.config.to_dict(),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "step": self.step,
            "best": self.best,
        }
        partial = self._checkpoint_path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self._checkpoint_path)

    @property
    def _checkpoint_path(self) -> Path:
        return self.options.out / "checkpoint.pt"


def _find_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # a build without CUDA asserts
        raise ValueError(f"no device {name!r} here; try --device cpu") from error
    return device


def _plain(options: TrainingOptions) -> dict[str, Any]:
    """The options as JSON values, without the paths, which say nothing to another reader."""
    values = asdict(options)
    return {k: v for k, v in values.items() if k not in {"images", "held_out", "out"}}


def _channels_last(model: Glow) -> Glow:
    """Kernels in the layout in which convolutions are fastest, on processors and accelerators."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
