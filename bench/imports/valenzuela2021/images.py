"""The released pictures: where each lies, and its pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from bench.data.images import Pixels, open_image
from bench.errors import BenchError
from bench.imports.valenzuela2021.release import Expression, Output, Release

__all__ = ["SIDE", "ReleasedImages", "read_released"]

SIDE = 256
"""Pixels of all released images, outputs and photographs alike."""

_PHOTOGRAPH = re.compile(r"(?P<identity>[^\W\d]+)(?P<number>\d+)_aligned\.png")


@dataclass(frozen=True)
class ReleasedImages:
    """The pictures of a copy of the release; a copy need not hold them."""

    release: Release

    def output(self, output: Output) -> Path:
        """Where the picture of an output lies; at alpha = 0 the mean face."""
        if output.alpha == 0.0:
            return self.mean(output.target)
        name = f"{output.target}_{output.text}.png"
        below = Path(output.expression.name, output.target, output.text, name)
        return self.release.folder / "results" / "transferring" / below

    def mean(self, identity: str) -> Path:
        return self.release.folder / "results" / "means" / f"{identity}_mean.png"

    def source(self, expression: Expression) -> Path:
        return self.release.folder / "data" / "expressions" / f"{expression.sample}.png"

    @cached_property
    def photographs(self) -> tuple[tuple[str, Path], ...]:
        """(identity, file) of the aligned photographs that the mean faces were made from.

        Files with other names than ``<identity><number>_aligned.png`` and people without a mean
        face are not taken.
        """
        return tuple(sorted(self._photographs()))

    def _photographs(self) -> Iterator[tuple[str, Path]]:
        for path in self.release.folder.glob("data/id*_aligned/*.png"):
            match = _PHOTOGRAPH.fullmatch(path.name)
            if match and match["identity"] in self.release.means:
                yield match["identity"], path

    @cached_property
    def needed(self) -> tuple[Path, ...]:
        """The pictures of everything that was transferred to another person."""
        paths = [self.output(output) for output in self.release.outputs if not output.is_self]
        paths += [self.mean(identity) for identity in self.release.means]
        paths += [self.source(expression) for expression in self.release.expressions]
        return tuple(dict.fromkeys(paths))

    @cached_property
    def missing(self) -> tuple[Path, ...]:
        """Those of ``needed`` that this copy does not hold."""
        return tuple(path for path in self.needed if not path.is_file())


def read_released(paths: Sequence[Path]) -> list[Pixels]:
    """Pixels (256, 256, 3) of released pictures.

    All of them are RGBA with nothing transparent in it, so that dropping the fourth channel loses
    nothing.

    Raises:
        BenchError: a file is missing, no image, of another size, or transparent somewhere.
    """
    return [_read(path) for path in paths]


def _read(path: Path) -> Pixels:
    with open_image(path, _header_problem) as file:
        pixels = np.asarray(file)
    if pixels.shape[2] == 4 and (pixels[..., 3] < 255).any():
        raise BenchError(
            f"the image {path} is transparent in places: its colours there are not known"
        )
    return np.ascontiguousarray(pixels[..., :3])


def _header_problem(file: Image.Image) -> str | None:
    if file.size != (SIDE, SIDE):
        return f"is {file.size[0]}x{file.size[1]}, expected {SIDE}x{SIDE}"
    if file.mode not in {"RGB", "RGBA"}:
        return f"is of mode {file.mode}, expected RGB or RGBA"
    return None
