"""The configuration of a Glow, from the names and shapes of its variables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeVar

from glow.config import Coupling, GlowConfig, Permutation

__all__ = ["infer_config", "is_factored"]

T = TypeVar("T")
Shapes = Mapping[str, tuple[int, ...]]

STEP = re.compile(r"^(?P<level>\d+)/(?P<step>\d+)/(?P<rest>.+)$")
POOL = re.compile(r"^pool(?P<level>\d+)/")
FACTORS = ("P", "L", "U", "sign_S", "log_S")


def infer_config(shapes: Shapes, *, image_size: int, bits: int) -> GlowConfig:
    """The configuration that most of the variables agree on.

    A majority decides, so that one variable of a wrong shape is reported as such later and does
    not pass for another configuration.

    Args:
        shapes: shapes by name below the model's scope, such as ``0/3/f1/l_1/W``.
        image_size: pixels; convolutional weights do not tell.
        bits: bit depth of the input; the weights do not tell.

    Raises:
        ValueError: the variables are no Glow's, or the image size does not fit the levels.
    """
    steps = [match for name in shapes if (match := STEP.match(name))]
    pools = [int(match["level"]) for name in shapes if (match := POOL.match(name))]
    if not steps:
        raise ValueError("no flow step among the variables")
    levels = max([int(step["level"]) + 1 for step in steps] + [level + 2 for level in pools])
    squeezed = _majority(_squeezed_channels(shapes), "the number of channels")
    if squeezed % 4:
        raise ValueError(f"{squeezed} channels after the first squeeze are no multiple of 4")
    labels = shapes.get("prior/y_emb/W", ())
    return GlowConfig(
        image_size=image_size,
        levels=levels,
        steps=max(int(step["step"]) for step in steps) + 1,
        width=_majority(_widths(shapes), "the width of the coupling networks"),
        coupling=_majority(_couplings(shapes, squeezed), "the kind of coupling"),
        permutation=_permutation(shapes),
        bits=bits,
        learn_top=any(name.startswith("prior/p/") for name in shapes),
        channels=squeezed // 4,
        classes=labels[0] if labels else 0,
    )


def is_factored(shapes: Shapes) -> bool:
    """Whether the 1x1 convolutions are stored as LU factors (off in the published code)."""
    names = Counter(name.rpartition("/")[2] for name in shapes if "/invconv/" in name)
    return sum(names[factor] for factor in FACTORS) > names["W"]


def _majority(votes: Iterator[T], what: str) -> T:
    counts = Counter(votes)
    if not counts:
        raise ValueError(f"no variable tells {what}")
    return counts.most_common(1)[0][0]


def _squeezed_channels(shapes: Shapes) -> Iterator[int]:
    """Channels of the first level; each next level has twice as many."""
    for name, shape in shapes.items():
        if not (match := STEP.match(name)):
            continue
        rest, level = match["rest"], int(match["level"])
        if rest in {"actnorm_center/b", "actnorm_scale/logs"} and shape:
            yield shape[-1] >> level
        elif rest == "f1/l_1/W" and len(shape) == 4:
            yield 2 * (shape[2] - 1) >> level


def _widths(shapes: Shapes) -> Iterator[int]:
    for name, shape in shapes.items():
        if name.endswith("/f1/l_1/W") and len(shape) == 4:
            yield shape[3]


def _couplings(shapes: Shapes, squeezed: int) -> Iterator[Coupling]:
    for name, shape in shapes.items():
        match = STEP.match(name)
        if match and match["rest"] == "f1/l_last/W" and len(shape) == 4:
            channels = squeezed << int(match["level"])
            if shape[3] in {channels, channels // 2}:
                yield "affine" if shape[3] == channels else "additive"


def _permutation(shapes: Shapes) -> Permutation:
    # The reversal of the channels has no variable: it is what is left.
    if any("/invconv/" in name for name in shapes):
        return "invertible_1x1"
    return "shuffle" if any("/shuffle/" in name for name in shapes) else "reverse"
