"""From a source of variables to the tensors of a Glow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from glow.config import GlowConfig
from glow.convert.hyperparameters import infer_config, is_factored
from glow.convert.names import VariableNames, sort_names
from glow.convert.source import Source
from glow.convert.variables import Target, targets

__all__ = ["Conversion", "convert"]

DEFAULT_BITS = 8
SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converted model.

    Attributes:
        config: the configuration, inferred.
        tensors: the state dict: parameters in float32, orders in int64.
        variables: how many variables of the original were used.
        training: names of variables of an optimiser, left out.
        extra: names of variables that no Glow has, left out on request.
        bits_assumed: whether nobody told the bit depth of the input.
    """

    config: GlowConfig
    tensors: Mapping[str, Tensor]
    variables: int
    training: tuple[str, ...]
    extra: tuple[str, ...]
    bits_assumed: bool


def convert(
    source: Source,
    *,
    image_size: int | None = None,
    bits: int | None = None,
    allow_extra: bool = False,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> Conversion:
    """Reads a model of the original.

    Args:
        source: of :func:`glow.convert.open_source`.
        image_size: height and width in pixels; needed where the file does not tell.
        bits: bit depth of the input, 1 to 8; 8 where neither this nor the file tells.
        allow_extra: leave out variables that have no place in a Glow instead of refusing them.
        advance: called with the tensors made so far and their total.

    Raises:
        ValueError: a variable is missing, unknown, of a wrong shape or not finite, or the image
            size is unknown or contradicts the file; the message names the variables as the
            original does.
    """
    names = sort_names(source.shapes)
    shapes = {name: source.shapes[original] for name, original in names.flow.items()}
    known_bits = _agreed(bits, source.bits, "--bits")
    config = infer_config(
        shapes,
        image_size=_image_size(image_size, source),
        bits=DEFAULT_BITS if known_bits is None else known_bits,
    )
    wanted = list(targets(config, factored=is_factored(shapes), present=shapes))
    extra = _check(wanted, shapes, names, allow_extra=allow_extra)
    tensors = {}
    for index, target in enumerate(wanted):
        tensors[target.name] = _make(target, source, names)
        advance(index + 1, len(wanted))
    return Conversion(
        config=config,
        tensors=tensors,
        variables=sum(len(target.parts) for target in wanted),
        training=names.training,
        extra=extra,
        bits_assumed=known_bits is None,
    )


def _image_size(given: int | None, source: Source) -> int:
    size = _agreed(given, source.image_size, "--image-size")
    if size is None:
        raise ValueError(
            f"this {source.kind} does not tell the size of the images: pass --image-size "
            "(256 for CelebA-HQ, 32 for CIFAR-10, 64 for LSUN bedroom, church or tower)"
        )
    return size


def _agreed(given: int | None, found: int | None, option: str) -> int | None:
    if given is not None and found is not None and given != found:
        raise ValueError(f"{option} {given} contradicts the file, which says {found}")
    return found if given is None else given


def _check(
    wanted: list[Target],
    shapes: Mapping[str, tuple[int, ...]],
    names: VariableNames,
    *,
    allow_extra: bool,
) -> tuple[str, ...]:
    """Returns the names of the extra variables, or says what is wrong with all of them."""
    parts = {part.name: part for target in wanted for part in target.parts}
    problems = []
    for name, part in parts.items():
        if name not in shapes:
            problems.append(f"{names.in_file(name)} {part.shape} is missing")
        elif not part.fits(shapes[name]):
            found = shapes[name]
            problems.append(f"{names.in_file(name)} has the shape {found}, not {part.shape}")
    spare = {part.rpartition("/")[0] + "/indices_inverse" for part in parts}
    extra = [name for name in shapes if name not in parts and name not in spare]
    if not allow_extra:
        problems += [f"{names.in_file(name)} {shapes[name]} is extra" for name in extra]
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        raise ValueError(
            "the variables are not those of a Glow: "
            + "; ".join(problems[:SHOWN_PROBLEMS])
            + (f"; and {more} more" if more > 0 else "")
            + ("; --allow-extra leaves out what is extra" if extra and not allow_extra else "")
        )
    return tuple(names.in_file(name) for name in extra)


def _make(target: Target, source: Source, names: VariableNames) -> Tensor:
    values = []
    for part in target.parts:
        original = names.in_file(part.name)
        array = source.read(original)
        if not np.isfinite(array).all():
            raise ValueError(f"{original} holds a value that is not finite")
        values.append(array)
    try:
        made = target.make(*values)
    except ValueError as error:
        where = ", ".join(names.in_file(part.name) for part in target.parts)
        raise ValueError(f"{where}: {error}") from error
    if np.issubdtype(made.dtype, np.floating):
        made = made.astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(made).reshape(made.shape))
