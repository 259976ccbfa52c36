"""What a second pair of instruments says of the same outputs, as values, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.analysis.board import BoardRow, Estimate
from bench.analysis.records import SCHEMA_VERSION, number_or_none, without_nan

__all__ = ["FEWEST_CONTESTANTS", "Opinion", "OpinionRow", "Separation"]

FEWEST_CONTESTANTS: Final = 3
"""The order of two methods is the same or reversed: tau says nothing that the table does not."""


@dataclass(frozen=True, slots=True)
class OpinionRow:
    """A method under both pairs of instruments.

    Attributes:
        first, second: its rows on the two boards; ranks are None for anchors.
    """

    first: BoardRow
    second: BoardRow

    @property
    def shift(self) -> int | None:
        """Places lost under the second instruments, negative if gained; None for anchors."""
        ranks = self.first.rank, self.second.rank
        return None if ranks[0] is None or ranks[1] is None else ranks[1] - ranks[0]


@dataclass(frozen=True, slots=True)
class Separation:
    """Two methods that one pair of instruments tells apart, and what the other says of them.

    Attributes:
        better, worse: labels, as the instruments that separate them have it; one of them may be
            an anchor.
        difference: in transfer score there, better minus worse.
        other_difference: the same under the other instruments; NaN if undefined.
        verdict: of the other instruments: ``confirmed`` (separated, same order), ``same order``
            (not separated), ``not in front`` (tied, reversed or undefined, not separated) or
            ``reversed`` (separated the other way round).
    """

    better: str
    worse: str
    difference: Estimate
    other_difference: Estimate
    verdict: str

    @property
    def is_lost(self) -> bool:
        """Whether the better one is not in front under the other instruments."""
        return self.verdict in ("not in front", "reversed")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a second pair of instruments says of the same outputs.

    Attributes:
        first, second: the instruments, ``EMBEDDER + AU ESTIMATOR``; alphas were chosen under the
            first.
        rows: as on the first board.
        contestants: methods that are no anchors.
        tau: Kendall's tau-b of the two rankings of contestants, with a percentile interval over
            resampled people; NaN where a board ties them all, or with fewer than two.
        first_separations, second_separations: of contestants, by each pair of instruments.
        first_anchor_separations, second_anchor_separations: of contestants from anchors.
        pairs: cross pairs that both boards rest on.
        pairs_left_out: those of which one of them could not read a real image.
        notes: what a reader must know.
    """

    benchmark: str
    part: str
    first: str
    second: str
    rows: tuple[OpinionRow, ...]
    contestants: int
    tau: Estimate
    first_separations: tuple[Separation, ...]
    second_separations: tuple[Separation, ...]
    first_anchor_separations: tuple[Separation, ...]
    second_anchor_separations: tuple[Separation, ...]
    pairs: int
    pairs_left_out: int
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``bench second-opinion --json``; what is undefined is null."""
        return {
            "schema_version": SCHEMA_VERSION,
            "benchmark": self.benchmark,
            "part": self.part,
            "first": self.first,
            "second": self.second,
            "contestants": self.contestants,
            "tau": number_or_none(self.tau.value),
            "tau_interval": self.tau.interval_dict(),
            "pairs": self.pairs,
            "pairs_left_out": self.pairs_left_out,
            "rows": [_row_dict(row) for row in self.rows],
            "first_separations": [_separation_dict(one) for one in self.first_separations],
            "second_separations": [_separation_dict(one) for one in self.second_separations],
            "first_anchor_separations": [
                _separation_dict(one) for one in self.first_anchor_separations
            ],
            "second_anchor_separations": [
                _separation_dict(one) for one in self.second_anchor_separations
            ],
            "notes": list(self.notes),
        }


def _row_dict(row: OpinionRow) -> dict[str, Any]:
    return {
        "label": row.first.label,
        "method": row.first.method,
        "is_anchor": row.first.is_anchor,
        "alpha": number_or_none(row.first.alpha),
        "alpha_protocol": row.first.alpha_protocol,
        "shift": row.shift,
        "first": _board_row_dict(row.first),
        "second": _board_row_dict(row.second),
    }


def _board_row_dict(row: BoardRow) -> dict[str, Any]:
    names = ("transfer_score", "expression_skill", "identity_retention", "naturalness")
    kept = [name for score in names for name in (score, f"{score}_interval")]
    values = row.to_dict()
    return {
        name: values[name]
        for name in ("run_id", "rank", "rank_low", "rank_high", "tie_group", *kept, "coverage")
    }


def _separation_dict(one: Separation) -> dict[str, Any]:
    values: Mapping[str, Any] = without_nan(
        {
            "better": one.better,
            "worse": one.worse,
            "difference": one.difference.value,
            "other_difference": one.other_difference.value,
            "verdict": one.verdict,
        }
    )
    return {
        **values,
        "difference_interval": one.difference.interval_dict(),
        "other_difference_interval": one.other_difference.interval_dict(),
    }
