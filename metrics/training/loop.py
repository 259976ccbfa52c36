"""The training loop: a schedule, averaged weights, checkpoints that a killed run goes on from."""

from __future__ import annotations

import copy
import json
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor, nn

from metrics.synth_network import FaceNetwork, channels_last
from metrics.synth_weights import InstrumentHeader, save_instrument
from metrics.weights import sha256_of

__all__ = ["Lesson", "TrainingOptions", "train"]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train. The run ends after ``steps`` or ``minutes``, whichever comes first.

    Attributes:
        out: folder of the weights, the result and the checkpoint.
        steps: optimiser steps; None for no such limit.
        minutes: of training, those before an interruption included; None for no such limit.
        batch: faces a step.
        learning_rate: of AdamW, reached after ``warmup`` steps and decayed to zero by a cosine.
        average: decay of the exponential moving average of the weights.
        clip: largest norm of the gradient.
        measure_every: steps between two measurements on held-out people, each with a checkpoint.
        bf16: run the network in bfloat16 while training.
        seed: of the initialisation, the order of the images and all changes.
    """

    out: Path
    steps: int | None = 8000
    minutes: float | None = None
    batch: int = 64
    learning_rate: float = 2e-3
    warmup: int = 200
    weight_decay: float = 1e-2
    average: float = 0.998
    clip: float = 5.0
    measure_every: int = 500
    bf16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch", "measure_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        limits = [limit for limit in (self.steps, self.minutes) if limit is not None]
        if not limits or min(limits) <= 0:
            raise ValueError("give steps or minutes, more than 0: training must end")

    def progress(self, step: int, seconds: float) -> float:
        """Share of the training that is done, 1 at its end."""
        by_steps = 0.0 if self.steps is None else step / self.steps
        by_time = 0.0 if self.minutes is None else seconds / (60.0 * self.minutes)
        return min(1.0, max(by_steps, by_time))


class Lesson(Protocol):
    """What is learned from what."""

    @property
    def header(self) -> InstrumentHeader:
        """The network to make, with the facts of the training that the lesson knows."""
        ...

    def make_module(self) -> nn.Module:
        """What is optimised: a module whose attribute ``network`` is the ``FaceNetwork``."""
        ...

    def loss(self, module: nn.Module, batch: int, generator: torch.Generator) -> Tensor:
        """Loss (scalar) of one random batch."""
        ...

    def measure(self, network: FaceNetwork) -> dict[str, Any]:
        """What the network does on held-out people; JSON values."""
        ...


def train(lesson: Lesson, options: TrainingOptions) -> Path:
    """Trains, and returns the path of the averaged weights.

    ``result.json`` beside them says what was measured. A run whose folder already holds a
    checkpoint goes on from it; the checkpoint carries the state of the random generator, so an
    interrupted run of so many steps ends as an undisturbed one.

    Raises:
        ValueError: the folder holds a broken checkpoint or one of another training.
        RuntimeError: the loss is no longer finite; the last checkpoint stays.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    run = _Run(lesson, options)
    run.resume()
    with _progress_bar() as bar:
        task = bar.add_task("training", total=1.0, note="")
        while run.done < 1.0:
            loss = run.train_step()
            bar.update(task, completed=run.done, note=f"step {run.step}, loss {loss:.4f}")
            if run.step % options.measure_every == 0 or run.done >= 1.0:
                measured = run.checkpoint()
                bar.console.print(f"step {run.step:>6}  {_one_line(measured)}")
    return run.finish()


class _Run:
    """The mutable state of one training."""

    def __init__(self, lesson: Lesson, options: TrainingOptions) -> None:
        torch.manual_seed(options.seed)
        self.lesson, self.options = lesson, options
        self.module = channels_last(lesson.make_module())
        self.average = copy.deepcopy(self.module).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.module.parameters(),
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
        )
        self.generator = torch.Generator().manual_seed(options.seed)
        self.step, self.seconds = 0, 0.0
        self.history: list[dict[str, Any]] = []

    @property
    def done(self) -> float:
        return self.options.progress(self.step, self.seconds)

    def train_step(self) -> float:
        """One step of the optimiser; its loss."""
        started = time.monotonic()
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.options.bf16):
            loss = self.lesson.loss(self.module, self.options.batch, self.generator)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise RuntimeError(
                f"the loss is {value} at step {self.step}; the last checkpoint is good: go on "
                f"from it with a smaller --learning-rate"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.module.parameters(), self.options.clip)
        self.optimizer.step()
        self.step += 1
        self._update_average()
        self.seconds += time.monotonic() - started
        return value

    def checkpoint(self) -> dict[str, Any]:
        """Measures the averaged network, then writes everything that a later run needs."""
        measured = self.lesson.measure(self._averaged_network)
        self.history.append({"step": self.step, **measured})
        state = {
            "facts": self._facts(),
            "module": self.module.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "step": self.step,
            "seconds": self.seconds,
            "history": json.dumps(self.history),
        }
        partial = self._path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self._path)
        return measured

    def resume(self) -> None:
        """Restores the checkpoint in the folder, if there is one."""
        if not self._path.is_file():
            return
        try:
            state = torch.load(self._path, weights_only=True)
        except Exception as error:  # a damaged pickle can end in almost any error
            raise ValueError(
                f"the checkpoint {self._path} is broken; remove it to start again"
            ) from error
        if state["facts"] != self._facts():
            raise ValueError(f"{self._path} belongs to another training; choose another --out")
        self.module.load_state_dict(state["module"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.history = json.loads(state["history"])

    def finish(self) -> Path:
        """Writes weights and result."""
        header, path = self.lesson.header, self.options.out / "model.safetensors"
        facts = {
            **header.training,
            "options": _plain(self.options),
            "steps_done": self.step,
            "minutes_taken": round(self.seconds / 60.0, 1),
        }
        header = InstrumentHeader(header.kind, header.config, header.action_units, facts)
        save_instrument(self._averaged_network, header, path)
        result = {
            "schema_version": 1,
            "kind": header.kind,
            "weights": path.name,
            "weights_sha256": sha256_of(path),
            "training": facts,
            "held_out": self.history[-1],
            "history": self.history,
        }
        text = json.dumps(result, indent=2, allow_nan=False)
        (self.options.out / "result.json").write_text(text + "\n", encoding="utf-8")
        return path

    def _learning_rate(self) -> float:
        warm = min(1.0, (self.step + 1) / max(1, self.options.warmup))
        return self.options.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * self.done))

    @torch.no_grad()
    def _update_average(self) -> None:
        # A short memory at first, else the average would keep the initialisation for long.
        decay = min(self.options.average, (1.0 + self.step) / (10.0 + self.step))
        current = self.module.state_dict()
        for name, averaged in self.average.state_dict().items():
            if averaged.is_floating_point():
                averaged.lerp_(current[name], 1.0 - decay)
            else:
                averaged.copy_(current[name])

    @property
    def _averaged_network(self) -> FaceNetwork:
        network = self.average.network
        assert isinstance(network, FaceNetwork)
        return network

    def _facts(self) -> str:
        header = self.lesson.header
        return json.dumps(
            [header.kind, header.config.to_dict(), header.training, _plain(self.options)],
            sort_keys=True,
        )

    @property
    def _path(self) -> Path:
        return self.options.out / "checkpoint.pt"


def _plain(options: TrainingOptions) -> dict[str, Any]:
    """The options that decide the numbers, as JSON values."""
    return {name: value for name, value in asdict(options).items() if name != "out"}


def _one_line(measured: dict[str, Any]) -> str:
    numbers = {name: value for name, value in measured.items() if isinstance(value, float)}
    return "  ".join(f"{name} {value:.4f}" for name, value in numbers.items())


def _progress_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}% {task.fields[note]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
