"""Two methods compared, on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from bench.analysis.board import Estimate
from bench.analysis.paired_values import Disagreement, PairedMethods
from bench.report.charts.figures import interval_bar
from bench.report.charts.plane import Axis
from bench.report.page.base import Page, Rendered
from bench.report.sections.comparison import (
    NAMES,
    NOTE_ON_P,
    NOTE_ON_TESTS,
    SIDES,
    Comparison,
    score_cells,
    test_cells,
)
from bench.report.wording import printable, signed

__all__ = ["render"]

_OF_ONE: Final = frozenset(
    {
        "transfer_score", "expression_skill", "raw_expression_skill", "identity_retention",
        "naturalness", "hypervolume",
    }
)  # fmt: skip
"""Scores that share a scale, on which their differences are drawn."""


@dataclass(frozen=True, slots=True)
class _Score:
    name: str
    better: str
    cells: tuple[str, ...]
    bar: Markup
    told: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    pair: str
    expression: str
    identity: str
    failed: str


def render(section: Comparison, page: Page) -> Rendered:
    found = section.found
    pairs = [_pair(one) for one in found.disagreements]
    body = page.template(
        "comparison",
        section=section,
        scores=_scores(found),
        tests=list(test_cells(found)),
        sides=SIDES,
        pairs=pairs,
        failed=any(one.failed for one in pairs),
        note_on_p=NOTE_ON_P,
        note_on_tests=NOTE_ON_TESTS,
        notes=[printable(note) for note in found.notes],
    )
    return Rendered(body)


def _scores(found: PairedMethods) -> list[_Score]:
    differences = {
        row.name: Estimate(row.comparison.difference, row.comparison.low, row.comparison.high)
        for row in found.rows
    }
    ends = [
        value
        for name, one in differences.items()
        if name in _OF_ONE
        for value in (one.low, one.value, one.high)
    ]
    axis = Axis.spanning([0.0, *ends], "A - B")
    return [
        _Score(
            name=NAMES[row.name],
            better="higher" if row.better == "up" else "lower",
            cells=score_cells(row),
            bar=interval_bar(differences[row.name], axis, 120) if row.name in _OF_ONE else Markup(),
            told=row.comparison.separated,
        )
        for row in found.rows
    ]


def _pair(one: Disagreement) -> _Pair:
    outcomes = (("A", one.first_outcome), ("B", one.second_outcome))
    return _Pair(
        pair=printable(f"{one.source}, {one.sample}, to {one.target}"),
        expression=signed(one.expression_skill),
        identity=signed(one.identity_retention),
        failed=", ".join(f"{name}: {printable(text)}" for name, text in outcomes if text != "ok"),
    )
