"""Variables of a frozen graph that an optimiser has folded into other constants.

An optimiser computes ahead of time what depends on constants alone, and the result keeps the name
of the operation: ``exp(3 * logs)`` becomes a constant called ``.../Exp``, the matrix of a 1x1
convolution, brought to a kernel's shape, one called ``invconv/Reshape``. These can be undone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from glow.convert.source import Array

__all__ = ["Folded", "find_folded"]

Shapes = Mapping[str, tuple[int, ...]]

LOG_SCALE_FACTOR = 3.0
LOG_SCALE = re.compile(r"^(?P<scope>.+/(?:actnorm_scale|l_last|conv|p|y_emb))/(?P<form>mul|Exp)$")
MATRIX = re.compile(r"^(?P<scope>.+/\d+/\d+)/invconv/Reshape$")
# A step's own scale and matrix, which the decoder inverts; a coupling network's are never inverted.
STEP_SCALE = re.compile(r"^(?P<step>.*/\d+/\d+)(?:/actnorm)?/actnorm_scale$")
# The same variable is used below model, model_1, ...: one scope of operations for each use.
REUSED_SCOPE = re.compile(r"^(?P<top>(?:import/)?[^/\d]+)_\d+/")


@dataclass(frozen=True, slots=True)
class Folded:
    """A variable that can be computed from a constant.

    Attributes:
        constant: name of the constant.
        shape: shape of the variable.
        undo: the variable's values from the constant's.
    """

    constant: str
    shape: tuple[int, ...]
    undo: Callable[[Array], Array]


def find_folded(constants: Shapes, operations: Collection[str]) -> dict[str, Folded]:
    """The variables that can be recovered, by their names.

    Args:
        constants: shapes of the graph's constants.
        operations: names of all of the graph's operations; whether a step's actnorm adds or
            subtracts its bias tells an encoder from a decoder, where scales are inverted.
    """
    centering = {
        match["scope"]: match["operation"] == "add"
        for name in operations
        if (match := re.match(r"^(?P<scope>.+)/actnorm_center/(?P<operation>add|sub)", name))
    }
    found: dict[str, Folded] = {}
    # Names of the encoder come first where it was built first; its values need no inverse.
    for name in sorted(constants):
        for variable, folded in _undone(name, constants[name], centering):
            found.setdefault(REUSED_SCOPE.sub(r"\g<top>/", variable), folded)
    return found


def _undone(
    name: str, shape: tuple[int, ...], centering: Mapping[str, bool]
) -> list[tuple[str, Folded]]:
    if match := LOG_SCALE.match(name):
        scope, form = match["scope"], match["form"]
        step = STEP_SCALE.match(scope)
        forward = centering.get(scope.rpartition("/actnorm_scale")[0]) if step else True
        if len([n for n in shape if n != 1]) > 1 or (forward is None and form == "Exp"):
            return []
        undo = _undo_factor if form == "mul" else _undo_exp if forward else _undo_inverse_exp
        return [(f"{scope}/logs", Folded(name, shape, undo))]
    if (match := MATRIX.match(name)) and len(shape) == 4 and shape[:2] == (1, 1):
        forward = centering.get(match["scope"], centering.get(match["scope"] + "/actnorm"))
        if forward is None:
            return []
        undo = _undo_reshape if forward else _undo_inverse
        return [(f"{match['scope']}/invconv/W", Folded(name, shape[2:], undo))]
    return []


def _undo_factor(values: Array) -> Array:
    return values / LOG_SCALE_FACTOR


def _undo_exp(values: Array) -> Array:
    logs: Array = np.log(values.astype(np.float64)) / LOG_SCALE_FACTOR
    return logs


def _undo_inverse_exp(values: Array) -> Array:
    return -_undo_exp(values)


def _undo_reshape(values: Array) -> Array:
    matrix: Array = values[0, 0]
    return matrix


def _undo_inverse(values: Array) -> Array:
    return np.linalg.inv(values[0, 0].astype(np.float64))
