"""``python -m glow train``."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_train", "run_train"]

EXAMPLES = """examples:
  python -m glow train --data photos/ --out runs/glow
  python -m glow train --data datasets/synthfaces/card.toml --out runs/glow
  python -m glow train --data dev.txt --data more/ --held-out held_out.txt \\
      --image-size 64 --levels 4 --depth 16 --width 128 --steps 4000 --out runs/glow-64
  python -m glow train --data photos/ --image-size 256 --levels 6 --depth 32 --width 512 \\
      --coupling additive --memory invert --device cuda --out runs/glow-256
  python -m glow train --config runs/glow-64/config.toml --seed 1 --out runs/glow-64-seed-1

A list is a text file with the path of one image a line. Of a dataset card, the people of one part
of its split are taken (dev; test is refused). A config file has a line for each option, such as
learning-rate = 0.0005 or data = ["photos"]; what is given here as well wins. --out gets config.toml
with all settings. The same command goes on from the checkpoint in --out when it was interrupted."""


def add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to a parser."""
    from glow.training.settings import add_settings

    parser = commands.add_parser(
        "train",
        help="train by maximum likelihood; goes on from a checkpoint",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as TOML")
    add_settings(parser)


def run_train(options: argparse.Namespace) -> int:
    """Trains, and prints the path of the best weights.

    Raises:
        ValueError, FileNotFoundError, RuntimeError: as :func:`glow.training.train` and
            :func:`glow.training.config_file.read_config`.
    """
    import torch

    from glow.training.config_file import read_config
    from glow.training.procedure import train
    from glow.training.settings import all_settings, to_options, with_defaults

    from_file = read_config(options.config) if options.config else {}
    names = {setting.name for setting in all_settings()}
    given = {name: value for name, value in vars(options).items() if name in names}
    config, training = to_options(with_defaults(from_file, given))
    try:
        best = train(config, training)
    except torch.OutOfMemoryError as error:
        raise RuntimeError(f"{error} Try --memory invert, or a smaller --batch") from error
    print(best)
    return 0
