"""Which variable of a file is which parameter of the flow, by the original's names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["VariableNames", "sort_names"]

STEP = re.compile(
    r"^(?P<scope>.*?)\d+/\d+/"
    r"(?:(?:actnorm/)?actnorm_(?:center/b|scale/logs)|f1/l_\w+/W|(?:invconv|shuffle)/\w+)$"
)
# The optimiser's slots are called Variable, Variable_1, ...: the original passes their names in
# the place of another argument.
TRAINING_STATE = re.compile(
    r"(^|/)Variable(_\d+)?$"
    r"|_adam_(m1|m2|mg|v|t)$"
    r"|/ExponentialMovingAverage(/|$)"
    r"|/(Adam|Adamax|AdaMax|Momentum|RMSProp)(_\d+)?$"
    r"|(^|/)(adam_t|beta1_power|beta2_power|global_step|learning_rate)$"
    r"|^_CHECKPOINTABLE_OBJECT_GRAPH$"
)
# Trained beside the flow when --weight_y is set; it reads the latents and changes nothing.
CLASSIFIER = re.compile(r"^classifier/")


@dataclass(frozen=True, slots=True)
class VariableNames:
    """The names of a file, sorted.

    Attributes:
        scope: what stands before every name of the flow, such as ``model/``.
        flow: names below the scope, in the spelling of the original's last version, to the names
            in the file. Names without a meaning for a Glow are among them.
        training: names of an optimiser's state and of averages of parameters.
    """

    scope: str
    flow: Mapping[str, str]
    training: tuple[str, ...]

    def in_file(self, name: str) -> str:
        """The name in the file, or the one that is expected there."""
        return self.flow.get(name, self.scope + name)


def sort_names(names: Iterable[str]) -> VariableNames:
    """Sorts the names of a file.

    Raises:
        ValueError: no variable is called like a flow step's, or those of two models are there.
    """
    everything = sorted(names)
    training = tuple(name for name in everything if TRAINING_STATE.search(name))
    parameters = [name for name in everything if not TRAINING_STATE.search(name)]
    scopes = Counter(match["scope"] for name in parameters if (match := STEP.match(name)))
    if not scopes:
        seen = ", ".join(parameters[:3]) or "none"
        raise ValueError(
            "no variables of a Glow: none is called like model/0/0/actnorm_center/b "
            f"(the first of {len(parameters)} are: {seen})"
        )
    if len(scopes) > 1:
        raise ValueError(f"variables of several models, below {', '.join(sorted(scopes))}")
    (scope,) = scopes
    flow = {_last_spelling(name.removeprefix(scope)): name for name in parameters}
    flow = {name: original for name, original in flow.items() if not CLASSIFIER.match(name)}
    return VariableNames(scope, flow, training)


def _last_spelling(name: str) -> str:
    name = re.sub(r"(^|/)actnorm/(?=actnorm_(center|scale)/)", r"\1", name)
    return re.sub(r"^top_prior/", "prior/", name)
