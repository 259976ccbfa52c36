"""Pixel arithmetic where expressions move a face: a per-pixel ridge regression learnt on dev."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray

from bench.methods import dev_expressions, pixel_arith
from bench.methods.dev_expressions import ShownExpression, shown_expressions
from bench.methods.fingerprint import code_sha256, faces_sha256
from bench.methods.pixel_arith import mean_face, unit
from bench.plugins.contracts import MethodCard, MethodContext, TransferRequest
from bench.plugins.parameters import Bounds

__all__ = ["MaskedArithmetic"]

Floats = NDArray[np.float32]

SMOOTHING: Final = 1.5 / 64
EDGE: Final = 1.0 / 64
"""Standard deviations of Gaussians, of 1 for the side of the image."""

SATURATION: Final = 0.5
"""Share of the largest coefficient at which the mask is 1."""


class MaskedArithmetic:
    """``y = clip(n_target + alpha m (x_source - mean x_source))``, m a mask in 0..1.

    The target's neutral photograph n keeps the detail that a mean of photographs blurs, and where m
    is 0 nothing is added: no ghost of the source's hair, outline and clothes.

    The mask is made of the coefficients of a ridge regression, one for each pixel, of the change of
    one person's face on that of another with the same expression,

        w = sum <d_a, d_b> / (sum |d_a|^2 + penalty),  d = x - n,

    over the channels, all pairs (a, b) of dev people and all expressions, which count the same:
    what people share stays, what is one person's own or the head's motion vanishes. Both sums are
    smoothed, and w is divided by ``SATURATION`` of its maximum, clipped and smoothed.

    What is left of ghosts lies inside of the mask: the source's moustache or the rim of glasses,
    two mouths where those of source and target lie apart, teeth in a false colour where the skins
    differ much. The head stays as in n.

    Args:
        penalty: of the ridge, in units of the mean of sum |d_a|^2 over the image. On the dev parts
            of synthfaces and london the score hardly depends on it between 0 and 0.3.
    """

    card = MethodCard(
        "masked-arith",
        "pixel arithmetic on the target's neutral image inside of a mask learnt on dev",
        citation=(
            "after Khan, Akram, Mahmood, Ashraf and Murtaza, Masked Linear Regression for Learning "
            "Local Receptive Fields for Facial Expression Synthesis, IJCV 2020"
        ),
    )

    def __init__(self, penalty: Annotated[float, Bounds(0)] = 0.1) -> None:
        if not 0.0 <= penalty < float("inf"):
            raise ValueError(f"penalty={penalty:g}, expected a number from 0 on")
        self._penalty = penalty

    def prepare(self, context: MethodContext) -> Mapping[str, str]:
        self._neutral = context.neutral
        faces = context.development()
        self._mask = _mask(shown_expressions(context, faces), self._penalty)
        return {
            "fitted_on_sha256": faces_sha256(faces),
            "code_sha256": code_sha256(dev_expressions, pixel_arith),
        }

    def transfer(self, requests: Sequence[TransferRequest]) -> Floats:
        outputs = []
        for request in requests:
            change = self._mask * (unit(request.source) - mean_face(request.source_reference))
            outputs.append(unit(self._neutral(request.pair.target)) + request.alpha * change)
        clipped: Floats = np.clip(np.stack(outputs), 0.0, 1.0, dtype=np.float32)
        return clipped


def _mask(shown: Mapping[str, Sequence[ShownExpression]], penalty: float) -> Floats:
    """The mask, (side, side, 1).

    Raises:
        ValueError: no two people share an expression, or nothing of it.
    """
    from scipy.ndimage import gaussian_filter

    shared = [[_changes(one) for one in people] for people in shown.values() if len(people) > 1]
    if not shared:
        raise ValueError("no expression is shown by two people of the dev part")
    products, squares = (
        np.mean([sums(people) for people in shared], axis=0) for sums in (_products, _squares)
    )
    side = len(products)
    ridge = gaussian_filter(squares, SMOOTHING * side) + penalty * squares.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        coefficients = gaussian_filter(products, SMOOTHING * side) / ridge
    coefficients = np.where(ridge > 0.0, coefficients.clip(min=0.0), 0.0)
    if not coefficients.max() > 0.0:
        raise ValueError("no pixel moves alike in two people of the dev part")
    saturated = np.minimum(coefficients / (SATURATION * coefficients.max()), 1.0)
    mask: Floats = gaussian_filter(saturated, EDGE * side)[..., None]
    return mask


def _changes(shown: ShownExpression) -> Floats:
    """Changes of one person from the neutral face, (images, side, side, 3)."""
    changes: Floats = np.stack([unit(face) for face in shown.faces]) - unit(shown.neutral)
    return changes


def _products(people: Sequence[Floats]) -> Floats:
    """Mean of <d_a, d_b> over the pairs of different people, (side, side).

    Closed form: the sum over all pairs is the square of the sum.
    """
    means = np.stack([changes.mean(axis=0) for changes in people])
    count = len(means)
    total = means.sum(axis=0) ** 2 - (means**2).sum(axis=0)
    products: Floats = total.sum(axis=-1) / (count * (count - 1))
    return products


def _squares(people: Sequence[Floats]) -> Floats:
    """Mean of |d_a|^2 over the people, (side, side)."""
    of_people = [np.square(changes).sum(axis=-1).mean(axis=0) for changes in people]
    squares: Floats = np.mean(of_people, axis=0)
    return squares
