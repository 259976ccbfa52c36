"""``python -m bench.methods.generator``: train the small generator of drawn faces."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.data.card import load_card
from bench.data.synthfaces.folder import read_faces
from bench.errors import BenchError

__all__ = ["main", "require_strangers"]

BENCHMARK = "synthfaces"

EXAMPLES = """examples:
  bench data draw --people 700 --images 24 --seed 77 --out fresh
  python -m bench.methods.generator train --faces fresh --out runs/generator
  bench reconstruct gan-inversion --param generator=runs/generator/model.pt --param trust=yes

The same command goes on from the checkpoint in --out when it was interrupted, and with more --steps
when it was done."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        print(_train(options))
    except KeyboardInterrupt:
        print("stopped; the same command goes on where this one was", file=sys.stderr)
        return 130
    except (BenchError, ValueError, RuntimeError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.methods.generator", description="The small generator of drawn faces."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser(
        "train",
        help="train it as the second half of an autoencoder",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = train.add_argument
    add("--faces", type=Path, required=True, help="folder of drawn faces, 64x64")
    add("--out", type=Path, required=True, help="folder of the run")
    add("--held-out", type=float, default=0.02, help="share of people to measure on (default 0.02)")
    add("--steps", type=int, default=8000, help="optimiser steps (default 8000)")
    add("--batch", type=int, default=32, help="faces a step (default 32)")
    add("--learning-rate", type=float, default=2e-3, help="of Adam (default 0.002)")
    add("--measure-every", type=int, default=250, help="steps between checkpoints (default 250)")
    add("--threads", type=int, help="processor threads (default: all)")
    add("--seed", type=int, default=0, help="default 0")
    return parser


def _train(options: argparse.Namespace) -> Path:
    import torch
    from rich.console import Console
    from rich.progress import track

    from bench.methods.generator.network import SIDE
    from bench.methods.generator.training import GeneratorTraining, TrainingOptions
    from metrics.training.faces import load_faces, part_faces

    if options.threads is not None:
        torch.set_num_threads(options.threads)
    require_strangers(options.faces)
    console = Console(stderr=True)
    with console.status("reading faces"):
        faces = load_faces([options.faces], SIDE)
    learned, held_out = part_faces(faces, options.held_out, options.seed)
    names = ("out", "steps", "batch", "learning_rate", "measure_every", "seed")
    settings = TrainingOptions(**{name: getattr(options, name) for name in names})
    training = GeneratorTraining(settings, learned.images, held_out.images)
    console.print(f"{len(learned.images)} faces, from step {training.step}")
    steps = track(
        training.steps(),
        "training",
        total=settings.steps,
        completed=training.step,
        console=console,
    )
    for _ in steps:
        if training.step % settings.measure_every == 0 or training.step == settings.steps:
            row = training.measure()
            console.print("  ".join(f"{name} {value:.5g}" for name, value in row.items()))
    return training.weights


def require_strangers(folder: Path) -> None:
    """Refuses a folder of drawn faces that shows somebody of the benchmark.

    Raises:
        BenchError: it does, or its tables cannot be read.
    """
    known = {face.parameters.identity for face in read_faces(load_card(BENCHMARK).folder)}
    if met := {face.identity for face in read_faces(folder) if face.parameters.identity in known}:
        raise BenchError(
            f"{folder} shows {len(met)} people of the benchmark {BENCHMARK}, such as {min(met)}: "
            "draw others with another --seed"
        )


if __name__ == "__main__":
    sys.exit(main())
