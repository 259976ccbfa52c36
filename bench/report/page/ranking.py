"""The ranked table on the page, and how sure its order is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from bench.analysis.board import BoardRow
from bench.report import wording
from bench.report.charts.figures import interval_bar, swatch
from bench.report.charts.plane import Axis
from bench.report.floor import Difference
from bench.report.page.base import Page, Rendered
from bench.report.sections.ranking import Ranking
from bench.report.significance import mean_ranks_text

__all__ = ["render"]

_SCORES = (
    ("transfer_score", "Transfer score"),
    ("expression_skill", "Expression skill E"),
    ("identity_retention", "Identity retention R"),
    ("naturalness", "Naturalness Q"),
)

_BAR: Final = 80.0

MOST_TIES: Final = 8
"""Groups with a bar of their own; report.css has a place for each."""


@dataclass(frozen=True, slots=True)
class _Score:
    """A score in the table: number, interval and bar."""

    value: float
    text: str
    interval: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table.

    Attributes:
        tie: the place of its group's bar, from 1; 0 where nobody shares its group.
        number: tells its command from those of other rows.
    """

    row: BoardRow
    name: str
    rank: str
    tie: int
    alpha: str
    scores: list[_Score]
    number: int
    command: str
    swatch: Markup


@dataclass(frozen=True, slots=True)
class _Step:
    """From a row to the next one."""

    above: str
    name: str
    is_anchor: bool
    differences: Sequence[Difference]


def render(section: Ranking, page: Page) -> Rendered:
    board = section.board
    rows = _rows(section, page)
    body = page.template(
        "ranking",
        mean_ranks=mean_ranks_text(board),
        floor=section.floor,
        failed=any(count for row in board.rows for count in row.failures.values()),
        has_failures="failures" in page.sections,
        score_names=[name for _, name in _SCORES],
        bodies=[
            ("", [item for item in rows if not item.row.is_anchor]),
            ("Anchors", [item for item in rows if item.row.is_anchor]),
        ],
        rows=rows,
        ties=max((item.tie for item in rows), default=0),
        contestants=section.contestants,
        steps=_steps(section),
        at_zero=[row for row in board.rows if wording.own_mean_face(row)],
    )
    return Rendered(body)


def _rows(section: Ranking, page: Page) -> list[_Row]:
    """The rows of the board, with their commands and the colours of the charts."""
    board_rows = section.board.rows
    axes = [_score_axis(board_rows, field) for field, _ in _SCORES]
    ties = _ties(board_rows)
    rows = []
    for place, row in enumerate(board_rows):
        scores = []
        for (field, _), axis in zip(_SCORES, axes, strict=True):
            estimate = getattr(row, field)
            digits = 3 if field == "transfer_score" else 2
            scores.append(
                _Score(
                    estimate.value,
                    wording.number(estimate.value, digits),
                    wording.interval(estimate, digits),
                    interval_bar(estimate, axis, _BAR),
                )
            )
        rows.append(
            _Row(
                row=row,
                name=wording.printable(row.label),
                rank=wording.rank_text(row),
                tie=ties.get(row.tie_group or 0, 0),
                alpha=wording.alpha_text(row),
                scores=scores,
                number=place,
                command=section.commands[row.run_id],
                swatch=swatch(page.series.get(row.run_id)),
            )
        )
    return rows


def _ties(rows: Sequence[BoardRow]) -> dict[int, int]:
    """A place for the bar of each group of several methods.

    Beside each other, since a method that was measured poorly can stand among those of another
    group.
    """
    sizes = Counter(row.tie_group for row in rows if row.tie_group is not None)
    groups = sorted(group for group, size in sizes.items() if size > 1)
    return {group: 1 + place % MOST_TIES for place, group in enumerate(groups)}


def _steps(section: Ranking) -> list[_Step]:
    """Differences to the row above, by name; the anchors stand where their scores put them."""
    if section.floor is None or not section.floor.steps:
        return []
    return [
        _Step(wording.printable(above.label), step.name, step.is_anchor, step.differences)
        for (above, _), step in zip(pairwise(section.board.rows), section.floor.steps, strict=True)
    ]


def _score_axis(rows: Sequence[BoardRow], field: str) -> Axis:
    estimates = [getattr(row, field) for row in rows]
    values = [value for e in estimates for value in (e.value, e.low, e.high)]
    return Axis.spanning([0.0, 1.0, *values], field, limits=(-0.5, 1.0))
