"""What the ranked methods gain over doing nothing on each group of people."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

import numpy as np
import pandas as pd

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import FEWEST_IDENTITIES
from bench.analysis.chosen_readings import chosen_places
from bench.analysis.group_report import SCORES
from bench.analysis.group_values import NEUTRAL, GroupReport, GroupResult
from bench.analysis.people_groups import GroupVariable, people_groups
from bench.analysis.statistics.groups import FEWEST_IN_GROUP, GroupGap, GroupScore
from bench.analysis.statistics.groups_at_once import score_groups_at_once
from bench.analysis.statistics.holm import holm
from bench.analysis.stored_terms import terms_of
from bench.analysis.terms import mean_real_niqe
from bench.data.benchmark import card_of
from bench.data.card import DatasetCard
from bench.errors import BenchError
from bench.report.contents import ReportInput, ReportMethod
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.significance import p_text
from bench.report.wording import interval, number, printable, signed

__all__ = [
    "SCORE_NAMES",
    "GroupTable",
    "Groups",
    "collect",
    "gain_text",
    "gap_name",
    "gap_size",
]

SCORE_NAMES: Final = {"expression_skill": "E", "identity_retention": "R"}

MOST_LOOKS = 120
"""A look is one method, variable and score, and takes about 15 ms at 2,000 pairs and fewer."""

MANY_PAIRS = 2000
"""With more pairs there are fewer looks in turn."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupTable:
    """One variable and one score: a row for each method.

    Attributes:
        variable: its name.
        score: one of ``SCORE_NAMES``.
        results: of the methods in the order of the board; all have the same groups.
    """

    variable: str
    score: str
    results: tuple[GroupResult, ...]

    @property
    def groups(self) -> tuple[GroupScore, ...]:
        """The groups, with how many people and pairs they have."""
        return self.results[0].found.rows


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The groups of people, or what is missing to tell them.

    Attributes:
        found: the looks; None where something is missing.
        missing: what, in one sentence; empty where nothing is.
        command: what would mend that; empty if no command does.
        ranked: number of ranked methods, of which ``found`` may hold only the first ones.
        all_methods: the command that looks at all methods, anchors too.
    """

    found: GroupReport | None
    missing: str = ""
    command: str = ""
    ranked: int = 0
    all_methods: str = ""

    @property
    def tables(self) -> tuple[GroupTable, ...]:
        """By variable, then by score."""
        if self.found is None:
            return ()
        tables = []
        for variable, of_variable in groupby(self.found.results, lambda one: one.variable):
            results = list(of_variable)
            for score in dict.fromkeys(one.found.score for one in results):
                same = tuple(one for one in results if one.found.score == score)
                tables.append(GroupTable(variable, score, same))
        return tuple(table for table in tables if table.groups)

    def sentence(self) -> str:
        """How many gaps were looked at, and which of them hold."""
        if self.found is None:
            return self.missing
        with_gap = [one for one in self.found.results if one.found.gap is not None]
        if not with_gap:
            return "No two groups have a number, so nothing can be said about groups."
        looks = self.found.looks
        text = f"Of {looks} gaps between groups" if looks > 1 else "Of one gap between groups"
        found = [one for one in with_gap if one.differs]
        if found:
            listed = "; ".join(map(_described, found))
            hold = "holds" if len(found) == 1 else "hold"
            return f"{text} {len(found)} {hold} after Holm's correction over them: {listed}."
        least = min(with_gap, key=lambda one: _gap(one).p_value)
        return (
            f"{text} none holds after Holm's correction over them; the least p-value is of "
            f"{_described(least)}."
        )

    def limits(self) -> str:
        """Which methods were not looked at; empty if none was left out."""
        if self.found is None:
            return ""
        shown = len(self.found.results) // (len(self.found.variables) * len(SCORES))
        if shown >= self.ranked:
            return ""
        which = "the first method" if shown == 1 else f"the first {shown} methods"
        return (
            f"To keep the report quick, only {which} of {self.ranked} on the board were looked at, "
            "and Holm corrects over those."
        )

    def notes(self) -> Iterator[str]:
        """What the numbers are, and what must be known of them."""
        if self.found is None:
            return
        yield (
            f"Gain: the score minus that of {NEUTRAL} (doing nothing, E 0 and R 1) on the same "
            "people, so that what the instruments read into a group's resting faces cancels; how "
            "well they read its moving faces does not. Groups are of the target's people."
        )
        yield (
            "Largest gap: its interval and p-value are corrected for being the largest of its "
            "variable; Holm corrects p further for all gaps of this section."
        )
        for variable in self.found.variables:
            if variable.rule:
                yield f"Groups: {printable(variable.rule)}."

    def remarks(self, table: GroupTable) -> Iterator[str]:
        """Which groups of a table have no number or a shaky one, and who is in none."""
        if few := [row for row in table.groups if row.withheld]:
            names = ", ".join(f"{printable(row.group)} ({_people(row.identities)})" for row in few)
            yield (
                f"Withheld: {names}. Fewer than {FEWEST_IN_GROUP} people say nothing about a group."
            )
        shaky = [
            printable(row.group)
            for row in table.groups
            if not row.withheld and row.identities < FEWEST_IDENTITIES
        ]
        if shaky:
            yield (
                f"Intervals of {', '.join(shaky)} rest on fewer than {FEWEST_IDENTITIES} people: "
                "do not rely on them."
            )
        if count := table.results[0].found.ungrouped:
            are = "is" if count == 1 else "are"
            yield (
                f"{_people(count)} {are} left out: the dataset does not tell their "
                f"{printable(table.variable)}."
            )

    def to_dict(self) -> dict[str, Any]:
        if self.found is None:
            return {"missing": self.missing, "command": self.command or None}
        return {
            **self.found.to_dict(),
            "sentence": self.sentence(),
            "limits": self.limits() or None,
            "command": self.all_methods,
        }

    def to_markdown(self) -> str:
        parts = [markdown_text(self.sentence())]
        if self.found is None:
            return "\n\n".join([*parts, *filter(None, [_code(self.command)])])
        parts += [markdown_text(text) for text in (self.limits(),) if text]
        shown = ""
        for table in self.tables:
            if table.variable != shown:
                parts.append(f"### By {markdown_text(table.variable)}")
                parts += [markdown_text(text) for text in self.remarks(table)]
                shown = table.variable
            parts += [f"Gain in {SCORE_NAMES.get(table.score, table.score)}", _markdown(table)]
        parts += [markdown_text(note) for note in self.notes()]
        return "\n\n".join([*parts, f"With anchors: {_code(self.all_methods)}"])


def collect(report: ReportInput) -> Groups | None:
    """Looks at the ranked methods; None for a dataset without groups, or without stored runs."""
    contestants = [m for m in report.methods if m.run is not None and not m.row.is_anchor]
    card = _card(report.benchmark)
    if card is None or not card.groups or not contestants:
        return None
    if card.groups_file and report.data is None and not card.ships_images:
        return Groups(
            None,
            f"Which group people belong to ({', '.join(map(printable, card.groups))}) is told by a "
            "table beside the images, which the report was not given.",
            f"{report.command} --data DIR",
        )
    try:
        variables = people_groups(card, report.data)
    except BenchError as error:
        mend = "" if report.data is None else f"{report.command} --data DIR"
        return Groups(None, f"Groups of people are missing: {printable(error)}.", mend)
    neutral = next(
        (m for m in report.methods if m.run is not None and m.row.method == NEUTRAL), None
    )
    if neutral is None:
        return Groups(
            None,
            f"Groups are compared with {NEUTRAL} (doing nothing), which has no stored run.",
            shlex.join(["bench", "run", NEUTRAL, "--benchmark", report.benchmark]),
        )
    shown = contestants[: _affordable(report, variables)]
    return Groups(
        _look(report, shown, neutral, variables),
        ranked=len(contestants),
        all_methods=_command(report),
    )


def gain_text(row: GroupScore) -> tuple[str, str]:
    """The gain with its sign, and its interval; ``withheld`` and nothing if there is none."""
    if row.withheld:
        return "withheld", ""
    return signed(row.gain), interval(Estimate(row.gain, row.low, row.high))


def gap_name(gap: GroupGap) -> str:
    """``male minus female``."""
    return f"{printable(gap.most)} minus {printable(gap.least)}"


def gap_size(gap: GroupGap) -> str:
    """``0.05 [0.02, 0.08]``."""
    return f"{number(gap.gap)} {interval(Estimate(gap.gap, gap.low, gap.high))}".rstrip()


def _card(benchmark: str) -> DatasetCard | None:
    try:
        return card_of(benchmark)
    except BenchError:
        return None


def _affordable(report: ReportInput, variables: Sequence[GroupVariable]) -> int:
    """How many methods can be looked at in a few seconds, at least one."""
    pairs = max(len(report.pairs), MANY_PAIRS)
    return max(1, MOST_LOOKS * MANY_PAIRS // (pairs * len(variables) * len(SCORES)))


def _look(
    report: ReportInput,
    methods: Sequence[ReportMethod],
    neutral: ReportMethod,
    variables: Sequence[GroupVariable],
) -> GroupReport:
    """What ``bench groups`` computes, of these methods alone."""
    part = report.board.part
    terms = {method.row.run_id: _terms(method, report) for method in methods}
    of_neutral = _terms(neutral, report)
    references = [m.run.references for m in (*methods, neutral) if m.run is not None]
    niqe_real = mean_real_niqe(max(references, key=len), part)
    results = []
    for variable in variables:
        found = score_groups_at_once(
            terms, of_neutral, variable.members, niqe_real=niqe_real, scores=SCORES
        )
        for method in methods:
            for score in SCORES:
                looked = found[method.row.run_id, score]
                rows = sorted(looked.rows, key=lambda row: variable.order.index(row.group))
                results.append(
                    GroupResult(
                        method=method.row.method,
                        label=method.row.label,
                        is_anchor=False,
                        alpha=method.row.alpha,
                        variable=variable.name,
                        found=replace(looked, rows=tuple(rows)),
                        p_adjusted=float("nan"),
                    )
                )
    p_values = [one.found.gap.p_value if one.found.gap else float("nan") for one in results]
    adjusted = holm(np.array(p_values))
    return GroupReport(
        benchmark=report.benchmark,
        part=part,
        variables=tuple(variables),
        pairs=int((of_neutral["kind"] == "cross").sum()),
        results=tuple(
            replace(one, p_adjusted=float(p)) for one, p in zip(results, adjusted, strict=True)
        ),
        looks=int(np.isfinite(p_values).sum()),
        anchor_looks=0,
        notes=(),
    )


def _terms(method: ReportMethod, report: ReportInput) -> pd.DataFrame:
    """The terms of the board's pairs at the method's alpha, which the board was made of."""
    run, row = method.run, method.row
    assert run is not None
    terms = terms_of(run, report.board.part, report.pairs or None)
    places = chosen_places(terms, report.board.part, row.alpha, row.alpha_by_target)
    return terms.iloc[places]


def _command(report: ReportInput) -> str:
    words = ["bench", "groups", "--benchmark", report.benchmark]
    if report.folder is not None:
        words += ["--runs", str(report.folder)]
    if report.data is not None:
        words += ["--data", str(report.data)]
    return printable(shlex.join(words))


def _gap(result: GroupResult) -> GroupGap:
    assert result.found.gap is not None
    return result.found.gap


def _described(result: GroupResult) -> str:
    gap = _gap(result)
    score = SCORE_NAMES.get(result.found.score, result.found.score)
    return (
        f"{printable(result.label)}, {score} by {printable(result.variable)}, {gap_name(gap)} "
        f"{gap_size(gap)}, p {p_text(gap.p_value)}, after Holm {p_text(result.p_adjusted)}"
    )


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _code(text: str) -> str:
    """As Markdown; with a longer fence than any in the text."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {printable(text)} {fence}" if text else ""


def _markdown(table: GroupTable) -> str:
    headings = ["method"]
    headings += [markdown_text(f"{row.group} ({_people(row.identities)})") for row in table.groups]
    headings += ["largest gap", "p", "p after Holm"]
    rows = []
    for result in table.results:
        gap = result.found.gap
        gains = [markdown_text(" ".join(gain_text(row)).rstrip()) for row in result.found.rows]
        told = ["", "", ""]
        if gap is not None:
            told = [
                markdown_text(f"{gap_name(gap)}: {gap_size(gap)}"),
                markdown_text(p_text(gap.p_value)),
                markdown_text(p_text(result.p_adjusted)),
            ]
        rows.append([markdown_text(result.label), *gains, *told])
    return markdown_table(headings, rows)
