"""``python -m glow convert``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glow.convert.conversion import Conversion

__all__ = ["add_convert", "run_convert"]

EXAMPLES = """examples:
  python -m glow convert graph_unoptimized.pb --bits 5 --out celebahq256.safetensors --verify
  python -m glow convert abl-1x1-aff/ --image-size 32 --out cifar10.safetensors
  python -m glow convert model_best_loss.ckpt --image-size 64 --out lsun64.safetensors

Names and shapes are read from the file and decide the configuration. TensorFlow reads the file:
pip install 'expression-transfer-bench[openai]'. Nothing else in this package needs it."""


def add_convert(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command's parser."""
    parser = commands.add_parser(
        "convert",
        help="read the original's weights (TensorFlow) into a .safetensors file",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "source",
        type=Path,
        help="prefix of a TensorFlow checkpoint, a folder with one, or a frozen graph (.pb)",
    )
    add("--out", type=Path, required=True, help="file to write; ends in .safetensors")
    add("--image-size", type=int, help="pixels; needed for a checkpoint, which does not tell")
    add("--bits", type=int, help="bit depth of the input (default 8; the released CelebA-HQ has 5)")
    add("--half", action="store_true", help="store kernels in float16, at half the size")
    add(
        "--allow-extra",
        action="store_true",
        help="leave out variables that no Glow has, and say which",
    )
    add(
        "--verify",
        action="store_true",
        help="of a frozen graph: run it too, and compare what both decode; minutes at 256 x 256",
    )
    add("--json", action="store_true", help="print what was converted as JSON")


def run_convert(options: argparse.Namespace) -> int:
    """Converts and writes the model; returns the exit status.

    Raises:
        ValueError, FileNotFoundError, RuntimeError: as :func:`glow.convert.open_source` and
            :func:`glow.convert.convert`; or there is no place for the file.
    """
    from rich.console import Console
    from rich.progress import Progress

    from glow.checkpoint import save_tensors
    from glow.convert.conversion import convert
    from glow.convert.source import open_source
    from glow.convert.verification import verify

    out: Path = options.out
    if out.suffix != ".safetensors":
        raise ValueError(f"--out {out} must end in .safetensors")
    if not out.parent.is_dir():
        raise FileNotFoundError(f"no folder {out.parent} to write {out.name} to: make it first")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("opening", total=None)
        source = open_source(options.source)
        progress.update(task, description="reading")
        conversion = convert(
            source,
            image_size=options.image_size,
            bits=options.bits,
            allow_extra=options.allow_extra,
            advance=lambda done, total: progress.update(task, completed=done, total=total),
        )
        equal = None
        if options.verify:
            progress.update(task, description="comparing", total=None)
            equal = verify(source, conversion)
        progress.update(task, description="writing", total=None)
        note = json.dumps({"converted_from": options.source.name, "kind": source.kind})
        save_tensors(conversion.tensors, conversion.config, out, half=options.half, note=note)
    if options.json:
        print(json.dumps(_summary(conversion, source.kind, out, equal), indent=2))
    else:
        _print(conversion, source.kind, out, equal)
    return 0


def _summary(conversion: Conversion, kind: str, out: Path, equal: float | None) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "out": str(out),
        "kind": kind,
        "config": conversion.config.to_dict(),
        "variables": conversion.variables,
        "training_variables": len(conversion.training),
        "extra_variables": list(conversion.extra),
        "bits_assumed": conversion.bits_assumed,
        "equal_pixels": equal,
    }


def _print(conversion: Conversion, kind: str, out: Path, equal: float | None) -> None:
    config = conversion.config
    top = "learned" if config.learn_top else "standard normal"
    top += f", {config.classes} classes" if config.classes else ""
    print(
        f"{kind}: {config.image_size} x {config.image_size} pixels at {config.bits} bits, "
        f"{config.levels} levels of {config.steps} steps, width {config.width}, "
        f"{config.coupling} coupling, permutation {config.permutation}, top prior {top}"
    )
    print(
        f"{conversion.variables} variables read, "
        f"{len(conversion.training)} of the optimiser left out"
    )
    if conversion.extra:
        print(f"left out, no part of a Glow: {', '.join(conversion.extra)}")
    if conversion.bits_assumed:
        print("the file does not tell the bit depth; 8 is assumed: pass --bits if it is another")
    if equal is not None:
        print(f"{equal:.2%} of the pixel values that both decode are equal")
    print(out)
