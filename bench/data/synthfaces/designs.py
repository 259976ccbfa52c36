"""Which faces a folder holds: the benchmark's, or fresh ones for training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import numpy as np

from bench.data.synthfaces.parameters import Expression, FaceParameters, Identity, View
from bench.data.synthfaces.sampling import (
    NAMED_EXPRESSIONS,
    any_expression,
    natural_expression,
    random_identity,
    random_view,
    similar_view,
)

__all__ = ["DESIGNS", "Design", "NamedFace", "make_faces"]

Written = TypeVar("Written", Identity, View)

Design = Literal["benchmark", "training"]
DESIGNS: Final = ("benchmark", "training")

REFERENCES: Final = 20
"""Images in a reference set, as in the reference paper (S = T = 20)."""


@dataclass(frozen=True, slots=True)
class NamedFace:
    """A face of a folder, with the names of the person and of the picture."""

    identity: str
    sample: str
    parameters: FaceParameters


def make_faces(design: Design, people: int, images: int, seed: int) -> list[NamedFace]:
    """Faces at random.

    Args:
        design: ``benchmark``: for each person a neutral face, 19 natural expressions (together the
            reference set) and the twelve named ones, all of one sitting. ``training``: ``images``
            pictures of each person with any expression, every one in another light.
        people: number of identities.
        images: pictures of each person; the benchmark's number is fixed.
        seed: of everything. Two seeds share no person.
    """
    prefix, pictures = ("s", _sitting) if design == "benchmark" else ("f", _any_pictures)
    faces = []
    for number in range(1, people + 1):
        # A generator of each person's own: more people leave the first ones as they are.
        rng = np.random.default_rng([seed, number])
        name = f"{prefix}{number:0{len(str(people)) + 1}d}"
        identity = _as_written(random_identity(rng))
        for sample, expression, view in pictures(rng, images):
            parameters = FaceParameters(identity, expression, _as_written(view))
            faces.append(NamedFace(name, sample, parameters))
    return faces


def _as_written(values: Written) -> Written:
    """Rounded as a table rounds, so that a table gives back the very same picture."""
    return values.from_row(values.to_row())


def _sitting(rng: np.random.Generator, images: int) -> Iterator[tuple[str, Expression, View]]:
    first = random_view(rng)
    yield "neutral", Expression.of(), similar_view(first, rng)
    for number in range(2, REFERENCES + 1):
        yield f"reference-{number:02d}", natural_expression(rng), similar_view(first, rng)
    for name, expression in NAMED_EXPRESSIONS.items():
        yield name, expression, similar_view(first, rng)


def _any_pictures(rng: np.random.Generator, images: int) -> Iterator[tuple[str, Expression, View]]:
    for number in range(1, images + 1):
        yield f"{number:03d}", any_expression(rng), random_view(rng)
