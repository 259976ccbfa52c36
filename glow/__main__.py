"""``python -m glow``: train a Glow, or evaluate one."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from glow.config import Coupling, GlowConfig, Permutation

EXAMPLES = """examples:
  python -m glow train --images photos/ --held-out others/ --out runs/glow
  python -m glow train --images dev.txt --images more/ --held-out held_out.txt \\
      --image-size 64 --levels 4 --depth 16 --width 128 --steps 4000 --out runs/glow-64

A list is a text file with the path of one image a line. The same command goes on from the
checkpoint in --out when it was interrupted."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m glow", description="Glow in PyTorch.")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_train(commands)
    _add_evaluate(commands)
    options = parser.parse_args(arguments)
    try:
        return _train(options) if options.command == "train" else _evaluate(options)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "train",
        help="train by maximum likelihood; goes on from a checkpoint",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--images", type=Path, action="append", required=True, help="folder or list; repeatable")
    add("--held-out", type=Path, action="append", required=True, help="folder or list; repeatable")
    add("--out", type=Path, required=True, help="folder of the run")
    add("--image-size", type=int, default=64, help="pixels (default 64)")
    add("--levels", type=int, default=4, help="scales, L (default 4)")
    add("--depth", type=int, default=16, help="flow steps a level, K (default 16)")
    add("--width", type=int, default=128, help="hidden channels (default 128)")
    add("--coupling", choices=get_args(Coupling), default="affine", help="default affine")
    add("--permutation", choices=get_args(Permutation), default="invertible_1x1")
    add("--steps", type=int, default=4000, help="optimiser steps (default 4000)")
    add("--batch", type=int, default=32, help="images a step (default 32)")
    add("--learning-rate", type=float, default=1e-3, help="default 0.001")
    add("--weight-decay", type=float, default=1e-4, help="default 0.0001")
    add("--noise-bits", type=int, default=5, help="noise of width 2^-BITS (default 5)")
    add("--measure-every", type=int, default=200, help="steps between measurements (default 200)")
    add(
        "--augment",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="change each image at random; --no-augment where there are images enough",
    )
    add("--precision", choices=["bf16", "fp32"], default="bf16", help="of the coupling networks")
    add("--device", default="cpu", help="cpu or cuda (default cpu)")
    add("--seed", type=int, default=0, help="default 0")


def _add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="bits/dim and round trip on images, as JSON",
        epilog="example:\n  python -m glow evaluate london-64 --images held_out.txt --noise-bits 5",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("model", help="name of a model that comes with the package, or a .safetensors file")
    add("--images", type=Path, action="append", required=True, help="folder or list; repeatable")
    add("--noise-bits", type=int, default=5, help="noise of width 2^-BITS (default 5)")


def _evaluate(options: argparse.Namespace) -> int:
    from glow.data import find_images, load_images
    from glow.evaluate import evaluate
    from glow.model import Glow
    from glow.pretrained import find_model

    model = Glow.from_pretrained(find_model(options.model))
    images = load_images(find_images(options.images), model.config.image_size)
    result = evaluate(model, images, noise_bits=options.noise_bits)
    print(json.dumps(result.to_dict(), indent=2))
    return 0


def _train(options: argparse.Namespace) -> int:
    from glow.data import Augmentation
    from glow.train import TrainingOptions, train

    config = GlowConfig(
        image_size=options.image_size,
        levels=options.levels,
        steps=options.depth,
        width=options.width,
        coupling=options.coupling,
        permutation=options.permutation,
    )
    best = train(
        config,
        TrainingOptions(
            images=options.images,
            held_out=options.held_out,
            out=options.out,
            steps=options.steps,
            batch=options.batch,
            learning_rate=options.learning_rate,
            weight_decay=options.weight_decay,
            noise_bits=options.noise_bits,
            measure_every=options.measure_every,
            bf16=options.precision == "bf16",
            device=options.device,
            seed=options.seed,
            augmentation=Augmentation() if options.augment else None,
        ),
    )
    print(best)
    return 0


if __name__ == "__main__":
    sys.exit(main())
