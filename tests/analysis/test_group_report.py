"""Groups of people under stored runs: one look for each method, variable, side and score."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.group_report import group_report
from bench.analysis.people_groups import GroupVariable, group_variable
from bench.analysis.statistics.groups import score_groups
from bench.analysis.statistics.holm import holm
from bench.analysis.stored_terms import terms_of
from bench.errors import BenchError
from bench.run.store import StoredRun
from bench.run.timings import Timings

UNITS = ("AU06", "AU12", "AU25")


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world(count=14)


@pytest.fixture
def stored(world: Any) -> Callable[..., StoredRun]:
    """A run of a made-up method without alpha on fourteen people."""

    def make(name: str, method: Any, *, is_anchor: bool = False, pairs: int | None = None) -> Any:
        info = {
            "benchmark": "made-up-64",
            "method": {"name": name, "is_anchor": is_anchor, "has_alpha": False},
            "identity": {"parts": {"parameters": {}}},
            "action_units": list(UNITS),
        }
        scores = world.scores(method).head(pairs or 10**6)
        return StoredRun(Path(f"{name}-1"), info, scores, world.references(), Timings())

    return make


@pytest.fixture
def halves(world: Any) -> GroupVariable:
    return group_variable("half", {name: "ab"[place % 2] for place, name in enumerate(world.names)})


def worse_on_b(methods: Any, halves: GroupVariable) -> Any:
    """Does half of what is asked for targets of group b, all for the others."""

    def method(world: Any, pair: Any, alpha: float) -> Any:
        full, none = methods.perfect(world, pair, alpha), methods.target_neutral(world, pair, alpha)
        if halves.members[pair.target] == "a":
            return full
        return replace(full, units=(full.units + none.units) / 2)

    return method


def runs_of(stored: Callable[..., StoredRun], methods: Any, halves: GroupVariable) -> list[Any]:
    return [
        stored("target-neutral", methods.target_neutral, is_anchor=True),
        stored("copy-source", methods.copy_source, is_anchor=True),
        stored("unfair", worse_on_b(methods, halves)),
        stored("perfect", methods.perfect),
    ]


def test_every_look_is_there_once_and_is_that_of_the_pure_function(
    stored: Any, methods: Any, halves: GroupVariable
) -> None:
    runs = runs_of(stored, methods, halves)
    report = group_report(runs, [halves], benchmark="made-up-64", sides=("target", "source"))
    assert [(r.label, r.found.by, r.found.score) for r in report.results] == [
        (label, side, score)
        for side in ("target", "source")
        for label in ("perfect", "unfair", "copy-source")
        for score in ("expression_skill", "identity_retention")
    ]
    assert (report.looks, report.anchor_looks) == (8, 4)
    assert report.pairs == 14 * 13
    unfair = next(r for r in report.results if r.label == "unfair")
    terms, neutral = (terms_of(run, "test") for run in (runs[2], runs[0]))
    niqe_real = float(runs[0].references["niqe"].mean())
    assert unfair.found == score_groups(terms, neutral, halves.members, niqe_real=niqe_real)


def test_an_unfair_method_is_found_and_a_fair_one_is_not(
    stored: Any, methods: Any, halves: GroupVariable
) -> None:
    report = group_report(runs_of(stored, methods, halves), [halves], benchmark="made-up-64")
    found = {(r.label, r.found.score): r for r in report.results}
    unfair = found["unfair", "expression_skill"]
    assert unfair.differs
    assert unfair.found.gap is not None
    assert unfair.found.gap.gap == pytest.approx(0.25, abs=0.02)
    assert not found["perfect", "expression_skill"].differs


def test_holm_counts_the_looks_at_methods_apart_from_those_at_anchors(
    stored: Any, methods: Any, halves: GroupVariable
) -> None:
    report = group_report(runs_of(stored, methods, halves), [halves], benchmark="made-up-64")
    for is_anchor in (False, True):
        family = [r for r in report.results if r.is_anchor == is_anchor]
        p_values = np.array([r.found.gap.p_value for r in family if r.found.gap])
        assert [r.p_adjusted for r in family] == pytest.approx(holm(p_values))


def test_groups_stand_in_the_order_of_the_variable(stored: Any, methods: Any, world: Any) -> None:
    ages = {name: str(18 + place) for place, name in enumerate(world.names)}
    report = group_report(
        runs_of(stored, methods, group_variable("x", dict.fromkeys(world.names, "a"))),
        [group_variable("age", ages)],
        benchmark="made-up-64",
    )
    assert [row.group for row in report.results[0].found.rows] == [
        "under 25", "25 to 29", "30 and over",
    ]  # fmt: skip
    few = report.results[0].found.rows[2]
    assert few.withheld is not None
    assert "2 identities" in few.withheld


def test_methods_are_scored_on_the_pairs_that_all_have(
    stored: Any, methods: Any, halves: GroupVariable
) -> None:
    runs = [*runs_of(stored, methods, halves), stored("short", methods.perfect, pairs=100)]
    report = group_report(runs, [halves], benchmark="made-up-64")
    cross = runs[-1].scores.query("source != target")
    assert report.pairs == len(cross)
    assert {sum(row.pairs for row in r.found.rows) for r in report.results} == {len(cross)}


def test_without_doing_nothing_there_is_nothing_to_compare_with(
    stored: Any, methods: Any, halves: GroupVariable
) -> None:
    with pytest.raises(BenchError, match=r"compared with target-neutral.*bench run target-neutral"):
        group_report([stored("perfect", methods.perfect)], [halves], benchmark="made-up-64")


def test_the_json_has_no_number_where_it_is_withheld(stored: Any, methods: Any, world: Any) -> None:
    groups = {name: "few" if place < 4 else "many" for place, name in enumerate(world.names)}
    variable = group_variable("size", groups)
    report = group_report(runs_of(stored, methods, variable), [variable], benchmark="made-up-64")
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    few = values["results"][0]["groups"][0]
    assert (few["gain"], few["low"], few["identities"]) == (None, None, 4)
    assert "fewer than 5" in few["withheld"]
    assert values["results"][0]["gap"] is None
    assert (values["looks"], values["compared_with"]) == (0, "target-neutral")
    assert pd.isna(report.results[0].p_adjusted)
