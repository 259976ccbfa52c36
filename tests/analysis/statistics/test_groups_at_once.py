"""Several methods on groups of people at once: every number that of one look after the other."""

from __future__ import annotations

from typing import Any

import pytest

from bench.analysis.statistics.groups import score_groups
from bench.analysis.statistics.groups_at_once import score_groups_at_once

SCORES = ("expression_skill", "identity_retention", "au_mse")


@pytest.fixture
def world(make_world: Any) -> Any:
    return make_world(count=16)


@pytest.fixture
def groups(world: Any) -> dict[str, str]:
    """Seven and five people, three of a group that is too small, and one of none."""
    named = dict(zip(world.names, "aabababaabbaccc", strict=False))
    return {**named, "p15": ""}


@pytest.mark.parametrize("by", ["target", "source"])
def test_every_number_is_that_of_a_look_alone(
    world: Any, methods: Any, groups: dict[str, str], by: Any
) -> None:
    neutral = world.terms(methods.target_neutral)
    failing = methods.failing(methods.linear, lambda pair: pair.target == "p03")
    tables = {
        "linear": world.terms(failing, (0.7,)),
        "copy": world.terms(methods.copy_source).sample(frac=1, random_state=1),
    }
    found = score_groups_at_once(
        tables, neutral, groups, niqe_real=world.niqe_real, scores=SCORES, by=by
    )
    assert list(found) == [(name, score) for name in tables for score in SCORES]
    for (name, score), looked in found.items():
        alone = score_groups(
            tables[name], neutral, groups, niqe_real=world.niqe_real, score=score, by=by
        )
        assert looked.gap == alone.gap
        assert (looked.score, looked.by, looked.ungrouped) == (score, by, 1)
        assert [row for row in looked.rows if not row.withheld] == [
            row for row in alone.rows if not row.withheld
        ]
        # Not a number is not equal to itself.
        assert repr(looked.rows) == repr(alone.rows)
    assert [row.withheld is None for row in looked.rows] == [True, True, False]


def test_other_pairs_are_refused(world: Any, methods: Any, groups: dict[str, str]) -> None:
    neutral = world.terms(methods.target_neutral)
    with pytest.raises(ValueError, match="not run on the same pairs"):
        score_groups_at_once(
            {"linear": world.terms(methods.perfect).iloc[:-2]},
            neutral,
            groups,
            niqe_real=world.niqe_real,
            scores=SCORES,
        )
