"""Differences between groups of people, with the instruments' own bias towards a group taken out.

An AU detector may read some faces worse than others, whatever a method does. Doing nothing, the
method target-neutral, meets the same faces and the same detector, so a group's score is what a
method gains over target-neutral on that group (a difference in differences: Angrist and Pischke,
"Mostly harmless econometrics", 2009, chapter 5), and groups are compared by that gain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Final

import numpy as np
import pandas as pd

from bench.analysis.bootstrap import Draws, draw_identities, resample_sums
from bench.analysis.scores import summands
from bench.analysis.statistics.identity_scores import Side
from bench.analysis.statistics.quantities import QUANTITIES, quantity_of_sums
from bench.analysis.statistics.resampled import LEVEL, Resampled

__all__ = [
    "FEWEST_IN_GROUP",
    "GroupGap",
    "GroupScore",
    "GroupScores",
    "largest_gap",
    "score_groups",
    "withheld",
]

FEWEST_IN_GROUP: Final = 5
"""Groups of fewer people get no number: it would be about these people, not about the group."""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """One group: what the method gains over target-neutral there.

    Attributes:
        group: its name.
        gain: score of the method minus score of target-neutral on the group's pairs; NaN if
            withheld. Of ``au_mse`` less is better, of all others more.
        low, high: 95 % interval of the gain.
        method, neutral: the two scores; NaN if withheld.
        identities: people of the group.
        pairs: their cross pairs.
        withheld: why there is no number, None if there is one.
    """

    group: str
    gain: float
    low: float
    high: float
    method: float
    neutral: float
    identities: int
    pairs: int
    withheld: str | None


@dataclass(frozen=True, slots=True)
class GroupGap:
    """The largest difference in gain between two groups.

    Attributes:
        most, least: the groups of largest and of least gain.
        gap: the difference of their gains.
        low, high: its interval, widened (Bonferroni) for the largest of several gaps was picked.
        p_value: two-sided, of no difference, times the number of gaps, at most 1.
        gaps: among how many it is the largest.
    """

    most: str
    least: str
    gap: float
    low: float
    high: float
    p_value: float
    gaps: int


@dataclass(frozen=True, slots=True)
class GroupScores:
    """A method on every group.

    Attributes:
        score: which score; one of ``QUANTITIES``.
        by: whether the targets' or the sources' group counts.
        rows: one per group, sorted by name.
        gap: the largest, None with fewer than two groups that have a number.
        ungrouped: people of no known group, left out.
    """

    score: str
    by: Side
    rows: tuple[GroupScore, ...]
    gap: GroupGap | None
    ungrouped: int


def score_groups(
    terms: pd.DataFrame,
    neutral: pd.DataFrame,
    groups: Mapping[str, str],
    *,
    niqe_real: float,
    score: str = "expression_skill",
    by: Side = "target",
    resamples: int = 2000,
    seed: int = 0,
) -> GroupScores:
    """Scores a method on each group of people, as gain over target-neutral on the same pairs.

    People are resampled within their group, and the people of the other side as usual; groups
    share the latter draws, so that their difference is a paired one.

    Args:
        terms: rows of ``sample_terms`` of the method at its alpha.
        neutral: the same of ``target-neutral``, on the same pairs.
        groups: the group of each identity; people without one, or with an empty one, are left out.
        niqe_real: mean NIQE of the part's real images.
        score: one of ``QUANTITIES``.
        by: whose group counts, the target's or the source's.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    Raises:
        ValueError: an unknown score, or other pairs in ``neutral`` than in ``terms``.
    """
    if score not in QUANTITIES:
        raise ValueError(f"there is no score {score}: choose from {', '.join(QUANTITIES)}")
    tables = [_cross(table) for table in (terms, neutral)]
    if not tables[0]["pair"].equals(tables[1]["pair"]):
        raise ValueError("the method and target-neutral were not run on the same pairs")
    people = sorted(set(tables[0][by]))
    members: dict[str, list[str]] = {}
    for name in people:
        if group := groups.get(name, ""):
            members.setdefault(group, []).append(name)
    rows, gains = [], {}
    for group in sorted(members):
        parts = [table[table[by].isin(members[group])] for table in tables]
        row, gain = _score_group(
            group, members[group], parts, _draws(tables[0], members[group], by, resamples, seed),
            score=score, niqe_real=niqe_real,
        )  # fmt: skip
        rows.append(row)
        if gain is not None and np.isfinite(gain.value):
            gains[group] = gain
    ungrouped = len(people) - sum(map(len, members.values()))
    return GroupScores(score, by, tuple(rows), largest_gap(gains), ungrouped)


def _cross(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["kind"] == "cross"].sort_values("pair").reset_index(drop=True)


def _draws(table: pd.DataFrame, members: list[str], by: Side, resamples: int, seed: int) -> Draws:
    """The group's people on its side; on the other side everybody, so that groups share them."""
    sides = {"source": table["source"].unique(), "target": table["target"].unique(), by: members}
    return draw_identities(sides["source"], sides["target"], resamples=resamples, seed=seed)


def _score_group(
    group: str,
    members: list[str],
    tables: list[pd.DataFrame],
    draws: Draws,
    *,
    score: str,
    niqe_real: float,
) -> tuple[GroupScore, Resampled | None]:
    count, pairs = len(members), len(tables[0])
    if count < FEWEST_IN_GROUP:
        return withheld(group, count, pairs), None
    method, neutral = (
        resample_sums(table, draws, summands(table)).quantity(
            partial(quantity_of_sums, name=score, niqe_real=niqe_real)
        )
        for table in tables
    )
    gain = method - neutral
    low, high = gain.interval()
    row = GroupScore(group, gain.value, low, high, method.value, neutral.value, count, pairs, None)
    return row, gain


def withheld(group: str, people: int, pairs: int) -> GroupScore:
    """The row of a group of fewer than ``FEWEST_IN_GROUP`` people: no number, and why."""
    counted = "1 identity" if people == 1 else f"{people} identities"
    why = f"{counted}, fewer than {FEWEST_IN_GROUP}: no claim about a group can rest on that"
    undefined = float("nan")
    values = undefined, undefined, undefined, undefined, undefined
    return GroupScore(group, *values, people, pairs, why)


def largest_gap(gains: Mapping[str, Resampled]) -> GroupGap | None:
    """Between the groups of the least and the largest gain, corrected for having been picked."""
    if len(gains) < 2:
        return None
    gaps = len(list(combinations(gains, 2)))
    least, *_, most = sorted(gains, key=lambda group: gains[group].value)
    difference = gains[most] - gains[least]
    # The largest of several gaps was picked.
    low, high = difference.interval(1 - (1 - LEVEL) / gaps)
    p_value = min(1.0, gaps * difference.p_value())
    return GroupGap(most, least, difference.value, low, high, p_value, gaps)
