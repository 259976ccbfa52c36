"""``python -m metrics``: train the instruments for drawn faces."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.training.faces import Faces
    from metrics.training.loop import TrainingOptions

EXAMPLES = """examples:
  python -m metrics train-au --faces fresh --out runs/synth-au
  python -m metrics train-embedder --faces fresh --out runs/synth-embedder --minutes 30

A folder of faces has faces.csv (identity, sample, AU01, AU02, ...) and
images/IDENTITY/SAMPLE.png. The same command goes on from the checkpoint in --out when it was
interrupted."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m metrics",
        description="Train the instruments for drawn faces.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add(commands, "train-au", "train an Action Unit estimator", batch=64, learning_rate=2e-3)
    embedder = _add(commands, "train-embedder", "train an embedder", batch=64, learning_rate=2e-3)
    embedder.add_argument("--dimensions", type=int, default=128, help="default 128")
    embedder.add_argument(
        "--levelling",
        type=float,
        default=5.0,
        help="weight against distances that follow the expression (default 5)",
    )
    options = parser.parse_args(arguments)
    try:
        return _train(options)
    except KeyboardInterrupt:
        print("stopped; the same command goes on where this one was", file=sys.stderr)
        return 130
    except (ValueError, RuntimeError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    *,
    batch: int,
    learning_rate: float,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=text, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--faces", type=Path, action="append", required=True, help="folder of faces; repeatable")
    add("--out", type=Path, required=True, help="folder of the run")
    add("--held-out", type=float, default=0.05, help="share of people to measure on (default 0.05)")
    add("--steps", type=int, help="optimiser steps (default 8000, or none with --minutes)")
    add("--minutes", type=float, help="of training, those before an interruption included")
    add("--batch", type=int, default=batch, help=f"faces a step (default {batch})")
    add("--learning-rate", type=float, default=learning_rate, help=f"default {learning_rate:g}")
    add("--measure-every", type=int, default=500, help="steps between measurements (default 500)")
    add("--image-size", type=int, default=64, help="side of the faces in pixels (default 64)")
    add("--channels", default="24,48,96,128", help="of each stage (default 24,48,96,128)")
    add("--precision", choices=["fp32", "bf16"], default="fp32", help="default fp32")
    add("--threads", type=int, help="processor threads (default: all)")
    add("--seed", type=int, default=0, help="default 0")
    return parser


def _train(options: argparse.Namespace) -> int:
    import torch

    from metrics.synth_network import NetworkConfig
    from metrics.training.au import AULesson
    from metrics.training.embedder import EmbedderLesson
    from metrics.training.faces import part_faces
    from metrics.training.loop import Lesson, train

    if options.threads is not None:
        if options.threads < 1:
            raise ValueError(f"--threads must be at least 1, not {options.threads}")
        torch.set_num_threads(options.threads)
    training = _training_options(options)
    channels = _channels(options.channels)
    faces = _load(options.faces, options.image_size)
    learned, held_out = part_faces(faces, options.held_out, options.seed)
    outputs = len(faces.action_units) + 1 if options.command == "train-au" else options.dimensions
    config = NetworkConfig(outputs, options.image_size, channels)
    lesson: Lesson
    if options.command == "train-au":
        lesson = AULesson(learned, held_out, config)
    else:
        lesson = EmbedderLesson(learned, held_out, config, levelling=options.levelling)
    print(train(lesson, training))
    return 0


def _training_options(options: argparse.Namespace) -> TrainingOptions:
    from metrics.training.loop import TrainingOptions

    endless = options.steps is None and options.minutes is None
    return TrainingOptions(
        out=options.out,
        steps=8000 if endless else options.steps,
        minutes=options.minutes,
        batch=options.batch,
        learning_rate=options.learning_rate,
        measure_every=options.measure_every,
        bf16=options.precision == "bf16",
        seed=options.seed,
    )


def _channels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError as error:
        raise ValueError(f"--channels {text} is no list of numbers such as 24,48,96") from error


def _load(folders: Sequence[Path], side: int) -> Faces:
    """Reads the faces, with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from metrics.training.faces import count_faces, load_faces

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("reading faces", total=count_faces(folders))
        return load_faces(folders, side, lambda images: bar.advance(task, images))


if __name__ == "__main__":
    sys.exit(main())
