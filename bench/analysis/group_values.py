"""Groups of people under every method, as values, and their JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.analysis.people_groups import GroupVariable
from bench.analysis.records import SCHEMA_VERSION, without_nan
from bench.analysis.statistics.groups import GroupScores
from bench.analysis.statistics.resampled import LEVEL

__all__ = ["NEUTRAL", "GroupReport", "GroupResult"]

NEUTRAL: Final = "target-neutral"
"""Doing nothing: what every method is compared with on the same people."""


@dataclass(frozen=True, slots=True)
class GroupResult:
    """One look: a method's score on the groups of one variable, on one side of the pairs.

    Attributes:
        method: its name.
        label: the method and its parameters.
        alpha: at which it was scored; None without alpha, and where targets have different ones.
        variable: name of the variable.
        found: the groups, in the variable's order, and the largest gap between two.
        p_adjusted: of the gap, after Holm over all looks at methods, or at anchors, of the report;
            NaN where there is no gap.
    """

    method: str
    label: str
    is_anchor: bool
    alpha: float | None
    variable: str
    found: GroupScores
    p_adjusted: float

    @property
    def differs(self) -> bool:
        """Whether the gap is a finding, all looks considered."""
        return self.p_adjusted <= 1 - LEVEL


@dataclass(frozen=True, slots=True)
class GroupReport:
    """Groups of people under every method.

    Attributes:
        variables: what tells the groups apart.
        pairs: cross pairs that all methods were scored on.
        results: by variable, side, method and score.
        looks, anchor_looks: gaps of methods and of anchors in ``results``, the two families of
            Holm's correction.
        notes: what a reader must know.
    """

    benchmark: str
    part: str
    variables: tuple[GroupVariable, ...]
    pairs: int
    results: tuple[GroupResult, ...]
    looks: int
    anchor_looks: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench groups --json``; what is undefined or withheld is null."""
        return {
            "schema_version": SCHEMA_VERSION,
            "benchmark": self.benchmark,
            "part": self.part,
            "compared_with": NEUTRAL,
            "variables": [
                {"name": one.name, "groups": list(one.order), "rule": one.rule or None}
                for one in self.variables
            ],
            "pairs": self.pairs,
            "looks": self.looks,
            "anchor_looks": self.anchor_looks,
            "results": [_result_dict(result) for result in self.results],
            "notes": list(self.notes),
        }


def _result_dict(result: GroupResult) -> dict[str, Any]:
    found = result.found
    gap = found.gap and {
        **asdict(found.gap), "p_adjusted": result.p_adjusted, "differs": result.differs
    }  # fmt: skip
    values: dict[str, Any] = without_nan(
        {
            "method": result.method,
            "label": result.label,
            "is_anchor": result.is_anchor,
            "alpha": result.alpha,
            "variable": result.variable,
            "side": found.by,
            "score": found.score,
            "groups": [asdict(row) for row in found.rows],
            "gap": gap,
            "ungrouped": found.ungrouped,
        }
    )
    return values
