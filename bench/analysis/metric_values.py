"""The metrics of stored runs as values, and their JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.analysis.board import AlphaProtocol, Estimate
from bench.analysis.matching import Matching
from bench.analysis.records import SCHEMA_VERSION, number_or_none, without_nan
from bench.run.labels import method_label

__all__ = ["MetricTable", "MetricValue", "RunMetrics", "UnitErrors"]


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric of one run.

    Attributes:
        name: of its card.
        estimate: with the ends of the 95 % interval; all NaN where ``absent`` says why.
        pairs: how many cross pairs it is of.
        remark: what must be known of the number beside the card; often empty.
        absent: why there is no number, in one sentence; empty if there is one.
    """

    name: str
    estimate: Estimate
    pairs: int
    remark: str = ""
    absent: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON values; ``exact`` tells an infinite value, which JSON has not, from none."""
        return {
            "value": number_or_none(self.estimate.value),
            "exact": math.isinf(self.estimate.value),
            "interval": self.estimate.interval_dict(),
            "pairs": self.pairs,
            "remark": self.remark,
            "absent": self.absent,
        }


@dataclass(frozen=True, slots=True)
class UnitErrors:
    """One Action Unit of one run; failed pairs count as in ``au_mae``, so that its mean over units
    is that number.

    Attributes:
        mae: mean absolute error to the source.
        mse: mean squared error.
        mae_of_nothing: mean absolute error if every output were the target's neutral face.
        in_source: mean value in the sources.
        in_output: mean value in the outputs that did not fail.
    """

    action_unit: str
    mae: Estimate
    mse: Estimate
    mae_of_nothing: float
    in_source: float
    in_output: float

    def to_dict(self) -> dict[str, Any]:
        values = {"action_unit": self.action_unit}
        errors = {
            key: value
            for name, estimate in (("mae", self.mae), ("mse", self.mse))
            for key, value in (
                (name, number_or_none(estimate.value)),
                (f"{name}_interval", estimate.interval_dict()),
            )
        }
        means = {
            name: number_or_none(getattr(self, name))
            for name in ("mae_of_nothing", "in_source", "in_output")
        }
        return {**values, **errors, **means}


@dataclass(frozen=True, slots=True)
class RunMetrics:
    """All metrics of one run at its alpha.

    Attributes:
        parameters: those of the method that were set, as text.
        alpha: None for a method without alpha, and where targets have different ones.
        pairs: number of cross pairs.
        failures: number of cross pairs of every outcome but ``ok``.
        identities: the fewer of the people on the two sides.
    """

    method: str
    run_id: str
    is_anchor: bool
    parameters: Mapping[str, str]
    alpha: float | None
    alpha_protocol: AlphaProtocol | None
    pairs: int
    failures: Mapping[str, int]
    identities: int
    values: tuple[MetricValue, ...]
    units: tuple[UnitErrors, ...]
    alpha_by_target: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return method_label(self.method, self.parameters)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name and ``label``, the values by the name of their metric."""
        return {
            "method": self.method,
            "label": self.label,
            "run_id": self.run_id,
            "is_anchor": self.is_anchor,
            "parameters": dict(self.parameters),
            "alpha": self.alpha,
            "alpha_protocol": self.alpha_protocol,
            "alpha_by_target": dict(self.alpha_by_target),
            "pairs": self.pairs,
            "failures": dict(self.failures),
            "metrics": {value.name: value.to_dict() for value in self.values},
            "action_units": [unit.to_dict() for unit in self.units],
        }


@dataclass(frozen=True, slots=True)
class MetricTable:
    """The metrics of stored runs of one benchmark, on the same pairs.

    Attributes:
        scale: of the AU estimator.
        matching: what the real images say of the embedder.
        notes: what a reader must know.
    """

    benchmark: str
    part: str
    au_estimator: str
    scale: str
    embedder: str
    matching: Matching
    runs: tuple[RunMetrics, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench metrics --json``; what is undefined is null."""
        return {
            "schema_version": SCHEMA_VERSION,
            "benchmark": self.benchmark,
            "part": self.part,
            "au_estimator": self.au_estimator,
            "scale": self.scale,
            "embedder": self.embedder,
            "matching": without_nan(asdict(self.matching)),
            "runs": [run.to_dict() for run in self.runs],
            "notes": list(self.notes),
        }
