"""Drawn faces whose truth is known: identity, Action Units and view are their parameters."""

from bench.data.synthfaces.drawing import draw_face
from bench.data.synthfaces.parameters import (
    ACTION_UNITS,
    Expression,
    FaceParameters,
    Identity,
    View,
)
from bench.data.synthfaces.sampling import NAMED_EXPRESSIONS

__all__ = [
    "ACTION_UNITS",
    "NAMED_EXPRESSIONS",
    "Expression",
    "FaceParameters",
    "Identity",
    "View",
    "draw_face",
]
