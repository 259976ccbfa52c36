"""The expressions of the dev part, each beside the neutral face of who shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.plugins.contracts import Face, MethodContext

__all__ = ["ShownExpression", "shown_expressions"]


@dataclass(frozen=True, slots=True, eq=False)
class ShownExpression:
    """One expression of one dev person.

    Attributes:
        faces: all their images of it, at least one; none is their neutral face.
        neutral: their neutral face.
    """

    identity: str
    expression: str
    faces: tuple[Face, ...]
    neutral: Face


def shown_expressions(
    context: MethodContext, faces: Sequence[Face]
) -> dict[str, list[ShownExpression]]:
    """Who of the dev people shows which expression, by expression.

    Args:
        context: tells the neutral faces.
        faces: the faces of ``context.development()``.
    """
    neutral = {i: context.neutral(i) for i in dict.fromkeys(face.identity for face in faces)}
    images: dict[tuple[str, str], list[Face]] = {}
    for face in faces:
        if face.key != neutral[face.identity].key:
            images.setdefault((face.expression, face.identity), []).append(face)
    shown: dict[str, list[ShownExpression]] = {}
    for (expression, identity), own in images.items():
        one = ShownExpression(identity, expression, tuple(own), neutral[identity])
        shown.setdefault(expression, []).append(one)
    return shown
