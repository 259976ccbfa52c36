"""Several methods and scores on the same groups of people, each number that of ``score_groups``.

People are drawn and sums resampled once for each group and method, whatever the number of scores:
for a report, which cannot wait for all looks one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from bench.analysis.bootstrap import Draws, draw_identities, resample_sums
from bench.analysis.scores import summands
from bench.analysis.statistics.groups import (
    FEWEST_IN_GROUP,
    GroupScore,
    GroupScores,
    largest_gap,
    withheld,
)
from bench.analysis.statistics.identity_scores import Side
from bench.analysis.statistics.quantities import quantity_of_sums
from bench.analysis.statistics.resampled import Resampled, ResampledSums

__all__ = ["score_groups_at_once"]


def score_groups_at_once(
    methods: Mapping[str, pd.DataFrame],
    neutral: pd.DataFrame,
    groups: Mapping[str, str],
    *,
    niqe_real: float,
    scores: Sequence[str],
    by: Side = "target",
    resamples: int = 2000,
    seed: int = 0,
) -> dict[tuple[str, str], GroupScores]:
    """Scores methods on each group of people, as gain over target-neutral on the same pairs.

    Args:
        methods: by name, rows of ``sample_terms`` of each at its alpha.
        neutral: the same of ``target-neutral``, on the same pairs.
        groups, niqe_real, by, resamples, seed: as in ``score_groups``.
        scores: of ``QUANTITIES``.

    Returns:
        By name and score.

    Raises:
        ValueError: other pairs in ``neutral`` than under a method.
    """
    base = _cross(neutral)
    tables = {name: _cross(terms) for name, terms in methods.items()}
    if any(not table["pair"].equals(base["pair"]) for table in tables.values()):
        raise ValueError("the methods and target-neutral were not run on the same pairs")
    sides = {side: sorted(base[side].unique()) for side in ("source", "target")}
    members: dict[str, list[str]] = {}
    for person in sides[by]:
        if group := groups.get(person, ""):
            members.setdefault(group, []).append(person)
    people = base[by].to_numpy(dtype=object)
    keys = [(name, score) for name in methods for score in scores]
    rows: dict[tuple[str, str], list[GroupScore]] = {key: [] for key in keys}
    gains: dict[tuple[str, str], dict[str, Resampled]] = {key: {} for key in keys}
    for group in sorted(members):
        inside = np.flatnonzero([groups.get(person, "") == group for person in people])
        if len(members[group]) < FEWEST_IN_GROUP:
            for key in keys:
                rows[key].append(withheld(group, len(members[group]), len(inside)))
            continue
        drawn = {**sides, by: members[group]}
        draws = draw_identities(drawn["source"], drawn["target"], resamples=resamples, seed=seed)
        nothing = _sums(base.iloc[inside], draws)
        for name, table in tables.items():
            sums = _sums(table.iloc[inside], draws)
            for score in scores:
                of_score = partial(quantity_of_sums, name=score, niqe_real=niqe_real)
                method, doing_nothing = sums.quantity(of_score), nothing.quantity(of_score)
                gain = method - doing_nothing
                values = gain.value, *gain.interval(), method.value, doing_nothing.value
                counts = len(members[group]), len(inside)
                rows[name, score].append(GroupScore(group, *values, *counts, None))
                if np.isfinite(gain.value):
                    gains[name, score][group] = gain
    ungrouped = len(sides[by]) - sum(map(len, members.values()))
    return {
        (name, score): GroupScores(
            score, by, tuple(rows[name, score]), largest_gap(gains[name, score]), ungrouped
        )
        for name, score in keys
    }


def _cross(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["kind"] == "cross"].sort_values("pair").reset_index(drop=True)


def _sums(rows: pd.DataFrame, draws: Draws) -> ResampledSums:
    return resample_sums(rows, draws, summands(rows))
