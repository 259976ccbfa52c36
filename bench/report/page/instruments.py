"""What measured the images, on the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.analysis.board import BoardRow
from bench.analysis.opinion_values import FEWEST_CONTESTANTS, Opinion, OpinionRow
from bench.report.page.base import Page, Rendered
from bench.report.sections.instruments import Instruments
from bench.report.wording import interval, number, percent, printable, rank_interval

__all__ = ["render"]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A method under one pair of instruments."""

    rank: str
    score: str
    interval: str
    parts: tuple[str, str, str]
    coverage: str


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    is_anchor: bool
    first: _Judged
    second: _Judged
    shift: str


@dataclass(frozen=True, slots=True)
class _Opinion:
    first: str
    second: str
    sentence: str
    rows: list[_Row]
    notes: list[str]


def render(section: Instruments, page: Page) -> Rendered:
    panel = section.panel
    body = page.template(
        "instruments",
        section=section,
        panel=panel,
        perturbations=panel.perturbations() if panel else None,
        agreement=[table for table in (panel.people(), panel.units()) if table] if panel else [],
        opinions=[_opinion(opinion) for opinion in section.opinions],
    )
    return Rendered(body)


def _opinion(opinion: Opinion) -> _Opinion:
    left_out = opinion.pairs_left_out
    notes = [f"{left_out} more pairs could not be read by both."] if left_out else []
    return _Opinion(
        first=printable(opinion.first),
        second=printable(opinion.second),
        sentence=_sentence(opinion),
        rows=[_row(row) for row in opinion.rows],
        notes=[*notes, *map(printable, opinion.notes)],
    )


def _row(row: OpinionRow) -> _Row:
    return _Row(
        name=printable(row.first.label),
        is_anchor=row.first.is_anchor,
        first=_judged(row.first),
        second=_judged(row.second),
        shift="" if row.shift is None else f"{row.shift:+d}" if row.shift else "0",
    )


def _judged(row: BoardRow) -> _Judged:
    parts = (row.expression_skill, row.identity_retention, row.naturalness)
    skill, retention, naturalness = (number(part.value) for part in parts)
    return _Judged(
        rank="" if row.is_anchor else rank_interval(row),
        score=number(row.transfer_score.value, 3),
        interval=interval(row.transfer_score, 3),
        parts=(skill, retention, naturalness),
        coverage=percent(row.coverage),
    )


def _sentence(opinion: Opinion) -> str:
    """How far the two rankings agree, and on what that rests."""
    count, tau = opinion.contestants, opinion.tau
    many = f"{count} method{'' if count == 1 else 's'} on {opinion.pairs} pairs"
    lost = [one for one in opinion.first_separations if one.is_lost]
    if count < 2:
        return f"The same outputs of {many}: there is no order to agree on."
    text = f"The same outputs of {many}: "
    if math.isnan(tau.value):
        text += "one of the two rankings ties them all, so that they cannot agree or disagree"
    else:
        text += f"Kendall's tau-b of the two rankings is {number(tau.value)}"
        if interval(tau):
            text += f" (95% of resampled people {number(tau.low)} to {number(tau.high)})"
        if count < FEWEST_CONTESTANTS:
            text += ", which says little of so few"
    told = len(opinion.first_separations)
    if told:
        text += f". Of {told} pair{'' if told == 1 else 's'} of methods that the first instruments "
        text += f"tell apart, the second contradict {len(lost)}"
    return f"{text}."
