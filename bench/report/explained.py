"""Why two methods share a place or do not, in two sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bench.report.significance import p_clause
from bench.report.wording import number, printable, signed

if TYPE_CHECKING:
    from bench.analysis.statistics.comparisons import Explanation

__all__ = ["difference_sentence", "reason_sentence"]


def difference_sentence(explanation: Explanation) -> str:
    """The paired difference of the transfer scores, and on whom it rests."""
    found = explanation.comparison
    between = (
        f", 95% interval {number(found.low, 3)} to {number(found.high, 3)}"
        if math.isfinite(found.low)
        else ""
    )
    # The reason has the corrected p-value.
    corrected = found.p_value != found.p_adjusted
    before = f"; {p_clause(found.p_value)} before Holm's correction" if corrected else ""
    return (
        f"{printable(found.first)} - {printable(found.second)}: {signed(found.difference, 3)}"
        f"{between}, a paired difference on {_counted(found.sources, 'source')} and "
        f"{_counted(found.targets, 'target')}{before}."
    )


def reason_sentence(explanation: Explanation) -> str:
    """Whether the data tell the two apart, and what would."""
    found, reason = explanation.comparison, printable(explanation.reason)
    # A reason that begins with a method keeps its name as it is.
    if not reason.startswith((printable(found.first), printable(found.second))):
        reason = reason[:1].upper() + reason[1:]
    return f"{reason}."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
