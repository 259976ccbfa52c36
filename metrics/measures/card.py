"""What a metric is: everything that a reader of its number must know."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Direction", "FailureRule", "MetricCard"]

Direction = Literal["up", "down"]
"""Whether higher or lower is better."""

FailureRule = Literal["worst anchor", "left out", "counted"]
"""What a failed pair counts: as the worst of the anchors target-neutral, copy-source and
shuffled-source does at that pair; not at all, with the coverage beside the number; or as itself,
for a metric that counts failures. Never as a zero."""


@dataclass(frozen=True, slots=True)
class MetricCard:
    """Identity of a metric. Two numbers with equal cards may be compared, others may not.

    Notation of the formulas: y is the output, s the source image, n the neutral face of a person,
    a(x) the Action Units and d(x) the distance of the embedding of x to the target's identity
    reference.

    Attributes:
        name: what a user types and a table shows.
        title: a few words.
        formula: in one line.
        direction: whether ``up`` or ``down`` is better.
        unit: of the number; empty for a pure number.
        range: the values that it can have.
        best: the value of a perfect output; None if there is none.
        needs: what must be stored to compute it.
        aggregation: how one number comes from many pairs.
        failures: what a failed pair counts.
        scales: what is done on the scales of other AU estimators, and without an Action Unit;
            empty for a metric that reads none.
        source: the paper or the code that it is taken from.
        version: changes whenever the same readings could give another number.
        symmetric: whether output and source (or truth) can be exchanged.
    """

    name: str
    title: str
    formula: str
    direction: Direction
    unit: str
    range: str
    best: float | None
    needs: tuple[str, ...]
    aggregation: str
    failures: FailureRule
    scales: str
    source: str
    version: str = "1"
    symmetric: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON, where an infinite ``best`` is ``"infinite"``."""
        best = "infinite" if self.best is not None and math.isinf(self.best) else self.best
        return {**asdict(self), "best": best, "needs": list(self.needs)}
