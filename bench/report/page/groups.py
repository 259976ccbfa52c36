"""Groups of people on the page."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.group_values import GroupResult
from bench.report import wording
from bench.report.page.base import Page, Rendered
from bench.report.sections.groups import (
    SCORE_NAMES,
    Groups,
    GroupTable,
    gain_text,
    gap_name,
    gap_size,
)
from bench.report.significance import p_text

__all__ = ["render"]


@dataclass(frozen=True, slots=True)
class _Row:
    """A method: gains and their intervals, the largest gap, and whether it is a finding."""

    name: str
    gains: list[tuple[str, str]]
    gap: str
    size: str
    p_value: str
    p_adjusted: str
    differs: bool


@dataclass(frozen=True, slots=True)
class _Table:
    score: str
    groups: list[tuple[str, int, int]]
    rows: list[_Row]


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    remarks: list[str]
    tables: list[_Table]


def render(section: Groups, page: Page) -> Rendered:
    body = page.template(
        "groups",
        sentence=section.sentence(),
        missing=bool(section.missing),
        command=wording.printable(section.command),
        limits=section.limits(),
        variables=_variables(section),
        notes=list(section.notes()),
        all_methods=section.all_methods,
    )
    return Rendered(body)


def _variables(section: Groups) -> list[_Variable]:
    found: dict[str, _Variable] = {}
    for table in section.tables:
        if table.variable not in found:
            remarks = list(section.remarks(table))
            found[table.variable] = _Variable(wording.printable(table.variable), remarks, [])
        found[table.variable].tables.append(_table(table))
    return list(found.values())


def _table(table: GroupTable) -> _Table:
    return _Table(
        score=SCORE_NAMES.get(table.score, table.score),
        groups=[(wording.printable(row.group), row.identities, row.pairs) for row in table.groups],
        rows=[_row(result) for result in table.results],
    )


def _row(result: GroupResult) -> _Row:
    gap = result.found.gap
    return _Row(
        name=wording.printable(result.label),
        gains=[gain_text(row) for row in result.found.rows],
        gap=gap_name(gap) if gap else "",
        size=gap_size(gap) if gap else "",
        p_value=p_text(gap.p_value) if gap else "",
        p_adjusted=p_text(result.p_adjusted) if gap else "",
        differs=result.differs,
    )
