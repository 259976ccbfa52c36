"""``python -m glow``: train, evaluate, convert, measure."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from glow.comparison.command import add_bench, run_bench
from glow.convert.command import add_convert, run_convert
from glow.training.command import add_train, run_train


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m glow", description="Glow in PyTorch.")
    commands = parser.add_subparsers(dest="command", required=True)
    add_train(commands)
    _add_evaluate(commands)
    add_convert(commands)
    add_bench(commands)
    run = {
        "train": run_train,
        "evaluate": _run_evaluate,
        "convert": run_convert,
        "bench": run_bench,
    }
    options = parser.parse_args(arguments)
    try:
        return run[options.command](options)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


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


def _run_evaluate(options: argparse.Namespace) -> int:
    from glow.checkpoint import load_module
    from glow.data import find_images, load_images
    from glow.evaluate import evaluate
    from glow.pretrained import find_model

    module = load_module(find_model(options.model))
    images = load_images(find_images(options.images), module.config.image_size)
    result = evaluate(module, images, noise_bits=options.noise_bits)
    print(json.dumps(result.to_dict(), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
