"""P-values and mean ranks in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bench.report.wording import MISSING, number

if TYPE_CHECKING:
    from bench.analysis.board import Board

__all__ = ["mean_ranks_text", "p_clause", "p_text"]


def p_text(p_value: float) -> str:
    """``0.034``; ``<0.001`` for what is smaller."""
    return "<0.001" if p_value < 0.001 else number(p_value, 3)


def p_clause(p_value: float) -> str:
    """``p = 0.034``, ``p < 0.001``, or ``p n/a``."""
    text = p_text(p_value)
    sign = "" if text == MISSING else "= "
    return f"p {'< ' + text[1:] if text.startswith('<') else sign + text}"


def mean_ranks_text(board: Board) -> str:
    """Of whom the mean ranks are and when they differ; nothing with fewer than two contestants."""
    ranks = board.average_ranks
    if ranks is None or not math.isfinite(ranks.critical_difference):
        return ""
    left_out = f" ({ranks.left_out} without a score left out)" if ranks.left_out else ""
    return (
        f"Mean ranks are of {ranks.people} target people{left_out}: those that differ by more than "
        f"{number(ranks.critical_difference)} differ significantly on these sources (Nemenyi's "
        "critical difference; Friedman's test of all methods being alike: "
        f"{p_clause(ranks.p_value)}). The letters speak of other sources, too."
    )
