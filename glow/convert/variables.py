"""Each tensor of the package and the variables of the original that it is made of.

Layouts: the original is channels last; kernels are (height, width, in, out) there and (out, in,
height, width) here, the matrix of a 1x1 convolution acts on the right there and on the left here.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

import numpy as np

from glow.config import GlowConfig
from glow.convert.source import Array

__all__ = ["Part", "Target", "targets"]


@dataclass(frozen=True, slots=True)
class Part:
    """A variable of the original: its name below the model's scope, and its shape."""

    name: str
    shape: tuple[int, ...]

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether this is its shape; a vector may have any number of axes of length 1."""
        if shape == self.shape:
            return True
        expected, found = (tuple(n for n in s if n != 1) for s in (self.shape, shape))
        return expected == found and len(found) <= 1


@dataclass(frozen=True, slots=True)
class Target:
    """A tensor of the package, by its name in the state dict.

    Attributes:
        name: such as ``levels.0.steps.3.actnorm.bias``.
        parts: the variables that it is made of; none for what the original does not store.
        make: makes the tensor's values of those of the parts.
    """

    name: str
    parts: tuple[Part, ...]
    make: Callable[..., Array]


def targets(config: GlowConfig, *, factored: bool, present: Container[str]) -> Iterator[Target]:
    """The tensors of a Glow.

    Args:
        config: its configuration.
        factored: whether the 1x1 convolutions are stored as LU factors.
        present: names below the model's scope that the file holds; a shuffle can be read from
            its indices or from their inverse, of which a graph may hold one alone.
    """
    channels = config.channels
    for level in range(config.levels):
        channels *= 4
        for step in range(config.steps):
            theirs, ours = f"{level}/{step}", f"levels.{level}.steps.{step}"
            if config.actnorm:
                yield from _actnorm(theirs, f"{ours}.actnorm", channels)
            yield _permutation(
                config, theirs, f"{ours}.permutation", channels, factored=factored, present=present
            )
            yield from _network(config, f"{theirs}/f1", f"{ours}.coupling.network", channels)
        if level < config.levels - 1:
            name = f"pool{level}/conv"
            yield from _zero_conv(name, f"splits.{level}.prior", channels // 2, channels)
            channels //= 2
    if config.learn_top:
        yield from _zero_conv("prior/p", "top.prior", 2 * channels, 2 * channels)
    if config.classes:
        embedding = Part("prior/y_emb/W", (config.classes, 2 * channels))
        yield Target("top.labels.weight", (embedding,), _transposed)
        yield Target("top.labels.bias", (Part("prior/y_emb/b", (1, 2 * channels)),), np.ravel)
        yield Target("top.labels.logs", (Part("prior/y_emb/logs", (1, 2 * channels)),), np.ravel)


def _actnorm(theirs: str, ours: str, channels: int) -> Iterator[Target]:
    shape = (1, 1, 1, channels)
    yield Target(f"{ours}.bias", (Part(f"{theirs}/actnorm_center/b", shape),), np.ravel)
    yield Target(f"{ours}.logs", (Part(f"{theirs}/actnorm_scale/logs", shape),), np.ravel)
    yield Target(f"{ours}.initialized", (), lambda: np.array(True))


def _permutation(
    config: GlowConfig,
    theirs: str,
    ours: str,
    channels: int,
    *,
    factored: bool,
    present: Container[str],
) -> Target:
    if config.permutation == "reverse":
        return Target(f"{ours}.order", (), lambda: np.arange(channels)[::-1])
    if config.permutation == "shuffle":
        forward, inverse = f"{theirs}/shuffle/indices", f"{theirs}/shuffle/indices_inverse"
        if forward in present or inverse not in present:
            return Target(f"{ours}.order", (Part(forward, (channels,)),), _order)
        return Target(f"{ours}.order", (Part(inverse, (channels,)),), _inverse_order)
    square, vector = (channels, channels), (channels,)
    if not factored:
        return Target(f"{ours}.weight", (Part(f"{theirs}/invconv/W", square),), _transposed)
    shapes = {"P": square, "L": square, "U": square, "sign_S": vector, "log_S": vector}
    parts = tuple(Part(f"{theirs}/invconv/{name}", shape) for name, shape in shapes.items())
    return Target(f"{ours}.weight", parts, _product_of_factors)


def _network(config: GlowConfig, theirs: str, ours: str, channels: int) -> Iterator[Target]:
    half, width = channels // 2, config.width
    first = Part(f"{theirs}/l_1/W", (3, 3, half + 1, width))
    yield Target(f"{ours}.0.weight", (first,), _kernel)
    yield from _actnorm(f"{theirs}/l_1", f"{ours}.1", width)
    second = Part(f"{theirs}/l_2/W", (1, 1, width, width))
    yield Target(f"{ours}.3.weight", (second,), _kernel)
    yield from _actnorm(f"{theirs}/l_2", f"{ours}.4", width)
    outputs = channels if config.coupling == "affine" else half
    yield from _zero_conv(f"{theirs}/l_last", f"{ours}.6", width, outputs)


def _zero_conv(theirs: str, ours: str, inputs: int, outputs: int) -> Iterator[Target]:
    kernel = Part(f"{theirs}/W", (3, 3, inputs + 1, outputs))
    yield Target(f"{ours}.conv.weight", (kernel,), _kernel)
    yield Target(f"{ours}.bias", (Part(f"{theirs}/b", (1, 1, 1, outputs)),), np.ravel)
    yield Target(f"{ours}.logs", (Part(f"{theirs}/logs", (1, outputs)),), np.ravel)


def _kernel(values: Array) -> Array:
    return values.transpose(3, 2, 0, 1)


def _transposed(values: Array) -> Array:
    return values.T


def _order(indices: Array) -> Array:
    order = np.ravel(indices).astype(np.int64)
    if sorted(order.tolist()) != list(range(len(order))):
        raise ValueError("the indices of a shuffle are no permutation of its channels")
    return order


def _inverse_order(indices: Array) -> Array:
    return np.argsort(_order(indices))


def _product_of_factors(p: Array, lower: Array, upper: Array, sign: Array, log_s: Array) -> Array:
    """The matrix P L U, of which the triangles alone are read, as the code that never ran does."""
    p, lower, upper = (factor.astype(np.float64) for factor in (p, lower, upper))
    diagonal = np.ravel(sign) * np.exp(np.ravel(log_s).astype(np.float64))
    unit_lower = np.tril(lower, -1) + np.eye(len(lower))
    product: Array = p @ unit_lower @ (np.triu(upper, 1) + np.diag(diagonal))
    return product.T
