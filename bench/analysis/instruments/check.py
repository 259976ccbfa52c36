"""The check of the instruments of a benchmark as a value, against limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from bench.analysis.instruments.floor import floor_of
from bench.analysis.instruments.repeatability import Repeatability
from bench.analysis.instruments.units import LEAST_R, UnitAgreement, agreement_of_units
from bench.analysis.instruments.verification import (
    FALSE_MATCH_RATE,
    MOST_EER,
    Verification,
    verify,
)
from bench.analysis.records import without_nan
from bench.run.readings import Readings

__all__ = ["LEAST_COVERAGE", "SCHEMA_VERSION", "InstrumentCheck", "check_readings"]

SCHEMA_VERSION: Final = 2
"""Of the JSON of a check; raised when a name in it changes or goes."""

LEAST_COVERAGE: Final = 0.99


@dataclass(frozen=True, slots=True)
class InstrumentCheck:
    """What a check found.

    Attributes:
        embedder, au_estimator: the cards; the latter is None without a truth.
        units: empty without a truth.
        unread: Action Units of the truth that the estimator does not read.
        coverage: share of the images of ``dev`` and ``test`` that the estimator could read; empty
            without a truth.
        verification: of ``dev``, ``test`` and ``both``.
        repeatability: what perturbations change; None if that was not measured. It has no limit
            to keep: how much is too much depends on the differences that are read.
    """

    benchmark: str
    embedder: dict[str, Any]
    au_estimator: dict[str, Any] | None
    units: tuple[UnitAgreement, ...]
    unread: tuple[str, ...]
    coverage: dict[str, float]
    verification: tuple[Verification, ...]
    repeatability: Repeatability | None = None

    @property
    def missed(self) -> tuple[str, ...]:
        """What falls short of its limit; empty if nothing does."""
        units = tuple(unit.action_unit for unit in self.units if not unit.passed)
        coverage = tuple(
            f"faces found on {part}"
            for part, share in self.coverage.items()
            if share < LEAST_COVERAGE
        )
        rates = tuple(f"EER on {row.part}" for row in self.verification if not row.passed)
        return units + coverage + rates

    def to_dict(self) -> dict[str, Any]:
        """JSON values; what is not a number becomes null."""
        limits = {"r": LEAST_R, "equal_error_rate": MOST_EER, "coverage": LEAST_COVERAGE}
        values = {
            "schema_version": SCHEMA_VERSION,
            **asdict(self),
            "false_match_rate": FALSE_MATCH_RATE,
            "floor": self.repeatability and floor_of(self.repeatability).to_dict(),
            "limits": limits,
            "missed": self.missed,
            "passed": not self.missed,
        }
        return {name: without_nan(value) for name, value in values.items()}


def check_readings(
    readings: Readings, benchmark: str, repeated: Repeatability | None = None
) -> InstrumentCheck:
    """Compares what the instruments read from all real images with what is known of them."""
    both = {part: readings.parts == part for part in ("dev", "test")}
    parts = {part: rows for part, rows in both.items() if rows.any()}
    everything = parts if len(parts) == 1 else {**parts, "both": both["dev"] | both["test"]}
    au = readings.au
    return InstrumentCheck(
        benchmark=benchmark,
        embedder=readings.embedder.to_dict(),
        au_estimator=au.card.to_dict() if au else None,
        units=agreement_of_units(au, readings.identities, both) if au else (),
        unread=au.unread if au else (),
        coverage={part: float(au.readable[rows].mean()) for part, rows in parts.items()}
        if au
        else {},
        verification=tuple(verify(readings, part, rows) for part, rows in everything.items()),
        repeatability=repeated,
    )
