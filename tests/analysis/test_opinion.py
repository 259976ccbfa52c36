"""The same outputs ranked under two pairs of instruments."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.analysis.opinion import Judgement, second_opinion
from bench.analysis.ranking import BoardEntry

Judged = Callable[..., Judgement]

SKILLS = {"good": 0.8, "fair": 0.5, "poor": 0.2}


@pytest.fixture
def judged(make_world: Any, methods: Any) -> Judged:
    """Methods of these expression skills, give or take a little, and doing nothing."""
    world = make_world(count=10)
    perfect, nothing = (world.terms(m) for m in (methods.perfect, methods.target_neutral))

    def terms(skill: float, spread: float, seed: int) -> pd.DataFrame:
        wobble = np.random.default_rng(seed).normal(1.0, spread, len(perfect))
        return perfect.assign(expression_error=(1 - skill) * wobble * perfect["expression_change"])

    def make(skills: dict[str, float], name: str = "a", spread: float = 0.05) -> Judgement:
        entries = [
            BoardEntry(label, f"{label}-{name}", False, terms(skill, spread, seed))
            for seed, (label, skill) in enumerate(skills.items())
        ]
        entries.append(BoardEntry("target-neutral", f"target-neutral-{name}", True, nothing))
        return Judgement(f"embedder {name}", f"estimator {name}", tuple(entries), world.niqe_real)

    return make


def opinion(first: Judgement, second: Judgement, **options: Any) -> Any:
    options = {"benchmark": "made-up-64", "part": "test", "resamples": 300, **options}
    return second_opinion(first, second, **options)


def test_instruments_that_agree(judged: Judged) -> None:
    found = opinion(judged(SKILLS), judged(SKILLS, "b"))
    assert (found.first, found.second) == ("embedder a + estimator a", "embedder b + estimator b")
    assert (found.tau.value, found.tau.low, found.tau.high) == (1, 1, 1)
    assert found.contestants == 3
    assert {row.shift for row in found.rows if not row.first.is_anchor} == {0}
    assert [one.verdict for one in found.first_separations] == ["confirmed"] * 3
    assert found.first_separations == found.second_separations
    assert {one.worse for one in found.first_anchor_separations} == {"target-neutral"}
    assert found.pairs == 90


def test_instruments_that_have_it_the_other_way_round(judged: Judged) -> None:
    turned = dict(zip(SKILLS, reversed(SKILLS.values()), strict=True))
    found = opinion(judged(SKILLS), judged(turned, "b"))
    assert found.tau.value == -1
    shifts = {row.first.label: row.shift for row in found.rows}
    assert shifts == {"good": 2, "fair": 0, "poor": -2, "target-neutral": None}
    assert [one.verdict for one in found.first_separations] == ["reversed"] * 3
    good_poor = next(one for one in found.first_separations if one.worse == "poor")
    assert good_poor.better == "good"
    assert good_poor.difference.value > 0 > good_poor.other_difference.value
    assert good_poor.is_lost


def test_a_method_that_leads_only_under_the_instruments_it_was_tuned_with(judged: Judged) -> None:
    """Two change places: the second separate what the first do, but not the two among them."""
    second = judged({"good": 0.5, "fair": 0.5005, "poor": 0.2}, "b", spread=0.4)
    found = opinion(judged(SKILLS, spread=0.4), second)
    lost = [one for one in found.first_separations if one.is_lost]
    assert [(one.better, one.worse, one.verdict) for one in lost] == [
        ("good", "fair", "not in front")
    ]
    assert not [one for one in found.second_separations if one.is_lost]
    assert found.tau.value == pytest.approx(1 / 3)
    assert found.tau.low <= found.tau.value < found.tau.high


def test_an_order_that_is_kept_without_being_separated(judged: Judged) -> None:
    second = judged({"good": 0.51, "fair": 0.5, "poor": 0.2}, "b", spread=2.0)
    found = opinion(judged(SKILLS), second)
    verdicts = {(one.better, one.worse): one.verdict for one in found.first_separations}
    rows = {row.first.label: row.second.transfer_score.value for row in found.rows}
    expected = "same order" if rows["good"] > rows["fair"] else "not in front"
    assert verdicts["good", "fair"] == expected


def test_a_method_that_beats_doing_nothing_only_under_the_first(judged: Judged) -> None:
    found = opinion(judged({"alone": 0.5}), judged({"alone": -0.5}, "b"))
    assert np.isnan(found.tau.value)
    [one] = found.first_anchor_separations
    assert (one.better, one.worse, one.verdict) == ("alone", "target-neutral", "not in front")
    assert found.second_anchor_separations == ()
    assert found.to_dict()["tau"] is None


def test_both_boards_rest_on_the_pairs_that_both_could_read(judged: Judged) -> None:
    first, second = judged(SKILLS), judged(SKILLS, "b")
    readable = second.entries[0].terms["source"] != "p03"
    fewer = tuple(replace(e, terms=e.terms[readable.to_numpy()]) for e in second.entries)
    found = opinion(first, replace(second, entries=fewer))
    assert (found.pairs, found.pairs_left_out) == (81, 9)
    assert {row.first.pairs for row in found.rows} == {row.second.pairs for row in found.rows}
    assert {row.first.pairs for row in found.rows} == {81}


def test_alphas_may_differ_between_targets(judged: Judged) -> None:
    def with_alphas(one: Judgement) -> Judgement:
        entries = []
        for entry in one.entries:
            alphas = entry.terms["target"].str[1:].astype(int) / 10
            entries.append(replace(entry, terms=entry.terms.assign(alpha=alphas)))
        return replace(one, entries=tuple(entries))

    found = opinion(with_alphas(judged(SKILLS)), with_alphas(judged(SKILLS, "b")))
    assert found.tau.value == 1


def test_what_cannot_be_compared_is_refused(judged: Judged) -> None:
    with pytest.raises(ValueError, match="same methods"):
        opinion(judged(SKILLS), judged({"good": 0.8}, "b"))
    second = judged(SKILLS, "b")
    none = tuple(replace(entry, terms=entry.terms.head(0)) for entry in second.entries)
    with pytest.raises(ValueError, match="no pair"):
        opinion(judged(SKILLS), replace(second, entries=none))


def test_the_json_is_strict_and_same_seed_same_result(judged: Judged) -> None:
    second = judged({"good": 0.5, "fair": 0.6, "poor": -0.2}, "b", spread=0.4)
    values = opinion(judged(SKILLS), second, notes=["made again"]).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values == opinion(judged(SKILLS), second, notes=["made again"]).to_dict()
    assert values["notes"][0] == "made again"
    assert values["rows"][0]["first"]["rank"] == 1
    assert values["first_separations"][0]["difference_interval"]["low"] > 0
