"""The comparison of two methods as a value, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from bench.analysis.board import AlphaProtocol
from bench.analysis.records import SCHEMA_VERSION, without_nan
from bench.analysis.statistics.comparisons import Comparison, Explanation
from bench.analysis.statistics.identity_scores import Side
from bench.analysis.statistics.paired_tests import PairedTest
from bench.analysis.tolerance import Agreement

__all__ = ["ComparedMethod", "Disagreement", "PairedMethods", "PairedScore", "PeopleOfSide"]


@dataclass(frozen=True, slots=True)
class ComparedMethod:
    """One of the two methods; for the alphas see ``BoardRow``.

    Attributes:
        label: the method and its parameters; the run id where both have the same.
        coverage: share of the pairs with outcome ``ok``, 0 to 1.
    """

    label: str
    run_id: str
    alpha: float | None
    alpha_protocol: AlphaProtocol | None
    alpha_by_target: dict[str, float]
    coverage: float


@dataclass(frozen=True, slots=True)
class PairedScore:
    """A score of both methods, and the first minus the second.

    Attributes:
        name: a field of ``Scores`` or ``Measures``, or ``hypervolume``.
        better: which way the score is better.
        comparison: Holm-corrected over the scores.
    """

    name: str
    better: Literal["up", "down"]
    first: float
    second: float
    comparison: Comparison

    def to_dict(self) -> dict[str, Any]:
        """JSON values; what is undefined is null."""
        found = self.comparison.to_dict()
        names = ("difference", "low", "high", "p_value", "p_adjusted", "separated")
        both = without_nan({"first": self.first, "second": self.second})
        return {
            "name": self.name,
            "better": self.better,
            **both,
            **{name: found[name] for name in names},
        }


@dataclass(frozen=True, slots=True, eq=False)
class PeopleOfSide:
    """The people who stand on one side of the pairs.

    Attributes:
        first, second: people x fields of ``Scores``, each over that person's pairs.
        tests: of the mean difference of each score, with Holm over the scores. The people of the
            other side are taken as given.
    """

    side: Side
    first: pd.DataFrame
    second: pd.DataFrame
    tests: tuple[PairedTest, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON values by person; what is undefined is null."""
        return {
            "tests": [without_nan(asdict(test)) for test in self.tests],
            "people": [
                {
                    "identity": str(name),
                    "first": without_nan(self.first.loc[name].to_dict()),
                    "second": without_nan(self.second.loc[name].to_dict()),
                }
                for name in self.first.index
            ],
        }


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A pair, and how far the first method is ahead of the second there.

    Attributes:
        expression_skill, identity_retention: the difference in E and in R; their means over all
            pairs are the differences of the whole.
        first_outcome, second_outcome: of the two outputs; a failed one counts as the worst anchor.
    """

    source: str
    sample: str
    target: str
    expression_skill: float
    identity_retention: float
    first_outcome: str
    second_outcome: str


@dataclass(frozen=True, slots=True, eq=False)
class PairedMethods:
    """Two methods on the same pairs, each at its own alpha.

    Attributes:
        pairs: number of cross pairs that both have.
        rows: the scores, the transfer score first.
        explanation: why the transfer scores are separated or not.
        people: of the targets and of the sources.
        disagreements: the pairs on which the two are furthest apart, the furthest first.
        notes: what to know of the numbers.
        agreement: of two runs of the very same method, as of two machines, row by row; else None.
    """

    benchmark: str
    part: str
    first: ComparedMethod
    second: ComparedMethod
    pairs: int
    rows: tuple[PairedScore, ...]
    explanation: Explanation
    people: Mapping[Side, PeopleOfSide]
    disagreements: tuple[Disagreement, ...]
    notes: tuple[str, ...] = ()
    agreement: Agreement | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench compare --json``; what is undefined is null."""
        return {
            "schema_version": SCHEMA_VERSION,
            "benchmark": self.benchmark,
            "part": self.part,
            "first": without_nan(asdict(self.first)),
            "second": without_nan(asdict(self.second)),
            "pairs": self.pairs,
            "rows": [row.to_dict() for row in self.rows],
            "explanation": self.explanation.to_dict(),
            "people": {side: people.to_dict() for side, people in self.people.items()},
            "disagreements": [without_nan(asdict(one)) for one in self.disagreements],
            "notes": list(self.notes),
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
        }
