"""Training by maximum likelihood, with checkpoints that a killed run goes on from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
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
from torch.backends import cudnn

from glow.config import GlowConfig
from glow.sources import ImageFile, find_image_files, hold_out
from glow.training.config_file import config_text
from glow.training.folder import RunFolder
from glow.training.images import TrainingImages, class_names
from glow.training.options import TrainingOptions
from glow.training.run import TrainingRun
from glow.training.settings import from_options

__all__ = ["train"]


def train(config: GlowConfig, options: TrainingOptions) -> Path:
    """Trains a Glow and returns the path of the best averaged weights.

    The best weights are those of the least held-out bits/dim. A run whose folder already holds a
    checkpoint goes on from it; the checkpoint carries the state of every random generator, so an
    interrupted run and an undisturbed one see the same images, changes and noise.

    Raises:
        ValueError: images are missing or unreadable, the device is not there, or the folder
            holds a run of another configuration or a broken checkpoint.
        RuntimeError: the loss or its gradient is no longer finite; the message names the step and
            the layer, and the last good checkpoint stays.
    """
    training, held_out = _find_files(options)
    classes = class_names(training, config.classes)
    folder = RunFolder(options.out)
    with _progress() as progress, _exact_convolutions():
        source_size = config.image_size if options.augmentation is None else _source_size(config)
        images = _read(training, source_size, classes, progress)
        measured = _read(held_out, config.image_size, classes, progress)
        run = TrainingRun(config, options, folder, images, measured, classes)
        run.resume()
        former = folder.write_config(_config_text(config, options, images, measured), run.step)
        if former is not None:
            progress.console.print(f"other settings from here on; the former are in {former}")
        if run.step == 0:
            run.initialise()
        task = progress.add_task("training", total=options.steps, completed=run.step, note="")
        for loss in run.steps():
            progress.update(task, completed=run.step, note=f"{loss:.3f} bits/dim")
            if run.step % options.measure_every == 0 or run.step == options.steps:
                row = run.measure()
                progress.console.print(
                    f"step {run.step:>6}  training {row['training']:.4f}  "
                    f"held out {row['held_out']:.4f} bits/dim"
                )
    return folder.weights


def _find_files(options: TrainingOptions) -> tuple[list[ImageFile], list[ImageFile]]:
    def find(sources: Sequence[Path]) -> list[ImageFile]:
        return find_image_files(sources, part=options.part, data_folders=options.data_folders)

    files = find(options.data)
    if options.held_out:
        return files, find(options.held_out)
    return hold_out(files, options.held_out_share)


def _read(
    files: Sequence[ImageFile], size: int, classes: Sequence[str], progress: Progress
) -> TrainingImages:
    task = progress.add_task("reading images", total=len(files), note="")
    try:
        return TrainingImages(
            files, size, classes, progress=lambda done: progress.update(task, completed=done)
        )
    finally:
        progress.remove_task(task)


def _source_size(config: GlowConfig) -> int:
    """Images that are changed are kept larger than the model's, to stay sharp."""
    size = config.image_size
    return min(4 * size, max(2 * size, 256))


def _config_text(
    config: GlowConfig, options: TrainingOptions, images: TrainingImages, held_out: TrainingImages
) -> str:
    comments = [
        "python -m glow train --config THIS_FILE --out ELSEWHERE makes the run again.",
        f"{len(images)} training images, {len(held_out)} held out; torch {torch.__version__}.",
    ]
    return config_text(from_options(config, options), comments)


def _exact_convolutions() -> AbstractContextManager[Any]:
    """On an accelerator: the same result each time, and a state that TF32 does not round."""
    context: AbstractContextManager[Any] = cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return context


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
