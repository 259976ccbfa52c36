"""The ranked table of a benchmark as a value, and its JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from bench.analysis.records import SCHEMA_VERSION, number_or_none, without_nan
from bench.analysis.statistics.average_ranks import AverageRanks
from bench.analysis.statistics.comparisons import Comparison
from bench.analysis.statistics.resampled import Resampled
from bench.run.labels import method_label

__all__ = ["AlphaProtocol", "Board", "BoardRow", "Estimate"]

AlphaProtocol = Literal["dev", "fixed", "leave-one-target-out"]
"""How the alpha of a row was chosen: on the dev part, by the user, or, where data have no test
part, for each target on the other targets."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with the ends of its 95 % interval; NaN where undefined."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, quantity: Resampled) -> Estimate:
        """A resampled quantity with its interval."""
        return cls(quantity.value, *quantity.interval())

    def interval_dict(self) -> dict[str, float] | None:
        """The interval for JSON; None where it is undefined."""
        low, high = number_or_none(self.low), number_or_none(self.high)
        return None if low is None or high is None else {"low": low, "high": high}


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One method on a board; for the scores see ``Scores``, for the means ``Measures``.

    Attributes:
        parameters: those of the method that were set, as text.
        alpha: None for a method without alpha, and where targets have different ones.
        coverage: share of the cross pairs with outcome ``ok``, 0 to 1.
        pairs: number of cross pairs.
        failures: number of cross pairs of every outcome but ``ok``.
        expression_skill_at_zero, identity_retention_at_zero, naturalness_at_zero: scores of the
            method's own mean faces, what it loses before any transfer; None without alpha.
        rank: among the contestants, 1 is best; equal scores share the smaller rank.
        rank_without_failures: the rank if failed pairs were left out for every method.
        alpha_by_target: by identity, where each target has its own alpha.
        rank_low, rank_high: 95 % interval of the rank over resampled people.
        tie_group: methods that the data cannot separate share one; 1 is the best.
        best_probability: share of the resamples in which the method has the best score, 0 to 1.
        average_rank: over the target people, see ``AverageRanks``.
        on_front: whether no contestant is at least as good in E and R and better in one.
        front_frequency: share of the resamples in which that is so, 0 to 1.
        hypervolume: share of the plane of E and R, 0 to 1 each, that the points of all alphas
            cover.

    What ranks a method, from ``rank`` to ``hypervolume``, is None for anchors: they are references
    and no contestants.
    """

    method: str
    run_id: str
    is_anchor: bool
    parameters: dict[str, str]
    alpha: float | None
    alpha_protocol: AlphaProtocol | None
    transfer_score: Estimate
    expression_skill: Estimate
    raw_expression_skill: Estimate
    identity_retention: Estimate
    naturalness: Estimate
    coverage: float
    pairs: int
    failures: dict[str, int]
    au_mse: float
    au_mae: float
    id_dist_target: float
    id_dist_source: float
    expression_skill_at_zero: float | None
    identity_retention_at_zero: float | None
    naturalness_at_zero: float | None
    images_per_second: float | None
    peak_memory_mib: float | None
    rank: int | None
    rank_without_failures: int | None
    alpha_by_target: dict[str, float] = field(default_factory=dict)
    rank_low: int | None = None
    rank_high: int | None = None
    tie_group: int | None = None
    best_probability: float | None = None
    average_rank: float | None = None
    on_front: bool | None = None
    front_frequency: float | None = None
    hypervolume: Estimate | None = None

    @property
    def label(self) -> str:
        """The method and its parameters: what tells variants apart on a board."""
        return method_label(self.method, self.parameters)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name; an estimate is its value, with ``<name>_interval`` beside it.

        ``label`` stands after ``method``. An interval is {"low", "high"}, or null where it is
        undefined.
        """
        row: dict[str, Any] = {}
        for attribute in fields(self):
            name, value = attribute.name, getattr(self, attribute.name)
            if isinstance(value, Estimate):
                row[name] = number_or_none(value.value)
                row[f"{name}_interval"] = value.interval_dict()
            elif isinstance(value, float):
                row[name] = number_or_none(value)
            else:
                row[name] = value
            if name == "method":
                row["label"] = self.label
        row.setdefault("hypervolume_interval", None)
        return row


@dataclass(frozen=True, slots=True)
class Board:
    """The ranked table of a benchmark, best first, with what a reader must know about it.

    Attributes:
        lead: by how much the first method leads the second in transfer score, anchors aside: the
            paired difference, which the same resampled people give. None with fewer than two.
        comparisons: of all pairs of contestants, Holm-corrected together; they make the tie groups.
        anchor_comparisons: of each contestant, first, with each anchor, Holm-corrected together.
        average_ranks: of the contestants over the target people; None without contestants.
            Comparisons and average ranks name methods by ``BoardRow.label``.
    """

    benchmark: str
    part: str
    rows: tuple[BoardRow, ...]
    notes: tuple[str, ...]
    lead: Estimate | None = None
    comparisons: tuple[Comparison, ...] = ()
    anchor_comparisons: tuple[Comparison, ...] = ()
    average_ranks: AverageRanks | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench run --json``; what is undefined is null."""
        return {
            "schema_version": SCHEMA_VERSION,
            "benchmark": self.benchmark,
            "part": self.part,
            "rows": [row.to_dict() for row in self.rows],
            "notes": list(self.notes),
            "lead": self.lead and number_or_none(self.lead.value),
            "lead_interval": self.lead and self.lead.interval_dict(),
            "comparisons": [one.to_dict() for one in self.comparisons],
            "anchor_comparisons": [one.to_dict() for one in self.anchor_comparisons],
            "average_ranks": self.average_ranks and without_nan(asdict(self.average_ranks)),
        }
