"""The mutable state of one training, and what it does at each step."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from glow.checkpoint import save_module
from glow.config import GlowConfig
from glow.data import dequantise
from glow.model import Glow
from glow.module import GlowModule
from glow.pictures import save_grid
from glow.recompute import save_memory, state_dtype
from glow.training.divergence import find_fault
from glow.training.folder import RunFolder
from glow.training.images import TrainingImages
from glow.training.options import TrainingOptions
from glow.training.settings import from_options

__all__ = ["TrainingRun"]


class TrainingRun:
    """One training: the model, its average, the optimiser, and where it stands.

    Args:
        config: of the model.
        options: how to train.
        folder: where to log and to save.
        images: to train on, at the model's size or larger if they are changed.
        held_out: to measure on, at the model's size.
        classes: names of the classes; empty if the model has none.
    """

    def __init__(
        self,
        config: GlowConfig,
        options: TrainingOptions,
        folder: RunFolder,
        images: TrainingImages,
        held_out: TrainingImages,
        classes: Sequence[str],
    ) -> None:
        torch.manual_seed(options.seed)
        self.config, self.options, self.folder = config, options, folder
        self.images, self.held_out, self.classes = images, held_out, classes
        self.device = _find_device(options.device)
        self.model = _channels_last(GlowModule(config)).to(self.device)
        self.average = _channels_last(GlowModule(config)).to(self.device).eval()
        save_memory(self.model, options.memory)
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

    def initialise(self) -> None:
        """Lets the actnorms see one large batch, then copies the model into its average."""
        self.model.train()
        with torch.no_grad():
            self.model.log_prob(*self._batch(max(64, self.options.batch)))
        self.average.load_state_dict(self.model.state_dict())

    def steps(self) -> Iterator[float]:
        """Runs the optimiser and yields the loss of each step, in bits per dimension."""
        options = self.options
        self.model.train()
        while self.step < options.steps:
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate()
            state, labels = self._batch(options.batch)
            with self._mixed_precision():
                loss = self.model.bits_per_dim(state, options.noise_bits, labels).mean()
            value = float(loss.detach())
            self._require_finite(value, "loss", self.model, state, labels)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), options.clip)
            self._require_finite(float(norm), "gradient's norm", self.model, state, labels)
            self.optimizer.step()
            self.step += 1
            self._update_average()
            self.recent.append(value)
            yield value

    def measure(self) -> dict[str, float]:
        """Measures on the held-out images, logs, saves the best weights and a checkpoint."""
        training = sum(self.recent) / max(1, len(self.recent))
        self.recent.clear()
        held_out = self._held_out_bits()
        row = {"step": self.step, "training": training, "held_out": held_out}
        self.folder.append_to_log(row)
        if held_out < self.best:
            self.best = held_out
            self._save_weights(self.folder.weights, held_out)
        self._save_weights(self.folder.last_weights, held_out)
        self._save_samples()
        self._save_checkpoint()
        return row

    def resume(self) -> None:
        """Restores the checkpoint in the folder, if there is one."""
        state = self.folder.load_checkpoint(self.device)
        if state is not None:
            if GlowConfig.from_dict(state["config"]) != self.config:
                raise ValueError(
                    f"{self.folder.checkpoint} belongs to another configuration: "
                    f"{json.dumps(state['config'])}; choose another --out"
                )
            self.model.load_state_dict(state["model"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.generator.set_state(state["generator"].cpu())
            self.step, self.best = state["step"], state["best"]
        self.folder.cut_log(self.step)

    @torch.no_grad()
    def _held_out_bits(self) -> float:
        # The same noise at every measurement, so that two of them differ by the model alone.
        noise = torch.Generator().manual_seed(0)
        bits = self.options.noise_bits
        total = 0.0
        for indices in torch.split(torch.arange(len(self.held_out)), self.options.batch):
            images, labels = self.held_out.take(indices)
            for _ in range(2):
                state = dequantise(images.float() / 255.0, bits, noise).to(self.device)
                labels = None if labels is None else labels.to(self.device)
                loss = float(self.average.bits_per_dim(state, bits, labels).sum())
                self._require_finite(loss, "held-out loss", self.average, state, labels)
                total += loss
        return total / (2 * len(self.held_out))

    def _require_finite(
        self, value: float, name: str, module: GlowModule, state: Tensor, labels: Tensor | None
    ) -> None:
        if math.isfinite(value):
            return
        precision = self._mixed_precision if module is self.model else nullcontext
        with torch.enable_grad():
            fault = find_fault(module, state, labels, precision)
        kept = (
            "the checkpoint of the last measurement is good: go on from it"
            if self.folder.checkpoint.is_file()
            else "there is no checkpoint yet: start again"
        )
        raise RuntimeError(
            f"the {name} is {value} at step {self.step}: {fault}; {kept} with a smaller "
            "--learning-rate"
        )

    def _batch(self, count: int) -> tuple[Tensor, Tensor | None]:
        """A random batch, changed, dequantised and centred, (count, 3, H, W), and its labels."""
        options = self.options
        chosen = torch.randint(len(self.images), (count,), generator=self.generator)
        images, labels = self.images.take(chosen)
        x = images.to(self.device)
        if options.augmentation is None:
            x = x.float() / 255.0
        else:
            x = options.augmentation(x, self.config.image_size, self.generator)
        x = dequantise(x, options.noise_bits, self.generator).to(state_dtype(options.memory))
        labels = None if labels is None else labels.to(self.device)
        return x.contiguous(memory_format=torch.channels_last), labels

    def _learning_rate(self) -> float:
        options = self.options
        if self.step < options.warmup:
            return options.learning_rate * (self.step + 1) / options.warmup
        progress = (self.step - options.warmup) / max(1, options.steps - options.warmup)
        return options.learning_rate * 0.5 * (1.0 + math.cos(math.pi * progress))

    def _update_average(self) -> None:
        # A short memory at first, else the average would keep the initialisation for long.
        decay = min(self.options.average, (1.0 + self.step) / (10.0 + self.step))
        update = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        update(list(self.average.parameters()), list(self.model.parameters()), 0)

    def _mixed_precision(self) -> AbstractContextManager[Any]:
        if self.options.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def _save_samples(self) -> None:
        count = 16
        noise = torch.Generator().manual_seed(0)
        eps = 0.7 * torch.randn(count, self.config.latent_size, generator=noise)
        labels = torch.arange(count) % len(self.classes) if self.classes else None
        images = Glow(self.average, device=self.device).decode(eps, labels)
        save_grid(images, self.folder.samples, columns=8)

    def _save_weights(self, path: Path, held_out: float) -> None:
        places = {"data", "held-out", "data-folder", "out"}
        settings = from_options(self.config, self.options)
        # Without paths, which say nothing to another reader.
        note = {name: value for name, value in settings.items() if name not in places}
        note |= {"step": self.step, "held_out_bits_per_dim": held_out}
        if self.classes:
            note["class_names"] = list(self.classes)
        save_module(self.average, path, half=True, note=json.dumps(note))

    def _save_checkpoint(self) -> None:
        self.folder.save_checkpoint(
            {
                "config": self.config.to_dict(),
                "model": self.model.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "generator": self.generator.get_state(),
                "step": self.step,
                "best": self.best,
            }
        )


def _find_device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # a build without CUDA asserts
        raise ValueError(f"no device {name!r} here; try --device cpu") from error
    return device


def _channels_last(model: GlowModule) -> GlowModule:
    """Kernels in the layout in which convolutions are fastest, on processors and accelerators."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return model
