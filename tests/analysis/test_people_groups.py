"""Who belongs to which group: words, bands, what is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.analysis.people_groups import group_variable, people_groups
from bench.data.card import load_card
from bench.errors import BenchError


def named(values: list[object]) -> dict[str, str]:
    return {f"p{place:02d}": str(value) for place, value in enumerate(values)}


def test_words_are_groups_and_what_is_not_known_is_none() -> None:
    found = group_variable("gender", named(["male", " female", "NA", "", "unknown", "male"]))
    assert found.members == {"p00": "male", "p01": "female", "p05": "male"}
    assert found.order == ("female", "male")
    assert not found.rule


def test_ages_become_bands_at_fixed_cuts() -> None:
    ages = [19, 24, 25, 29, 30, 54, 22, 41, "NA"]
    found = group_variable("age", named(ages))
    assert found.order == ("under 25", "25 to 29", "30 and over")
    assert [found.members[f"p{place:02d}"] for place in range(6)] == [
        "under 25", "under 25", "25 to 29", "25 to 29", "30 and over", "30 and over",
    ]  # fmt: skip
    assert "p08" not in found.members
    assert found.rule == "age in bands that begin at 25 and 30, fixed for all datasets"
    with_months = group_variable("age", named([24.9, 25.5, 29.9, 30.1, 40, 50, 60]))
    assert with_months.order[1] == "25 to under 30"
    assert with_months.members["p02"] == "25 to under 30"


def test_other_numbers_become_thirds_of_the_people() -> None:
    found = group_variable("height", named(list(range(150, 180))))
    counts = [list(found.members.values()).count(band) for band in found.order]
    assert counts == [10, 10, 10]
    assert "thirds" in found.rule


def test_a_value_that_most_people_have_begins_no_empty_band() -> None:
    found = group_variable("score", named([0] * 40 + [1, 2, 3, 4, 5, 6, 7]))
    assert found.order == ("under 1", "1 and over")
    assert list(found.members.values()).count("under 1") == 40


def test_numbers_of_few_values_are_codes() -> None:
    found = group_variable("session", named([1, 2, 1, 2, 3]))
    assert found.order == ("1", "2", "3")
    assert not found.rule


def test_bands_do_not_depend_on_the_order_of_the_people() -> None:
    values = named(list(np.random.default_rng(0).integers(0, 100, 50)))
    turned = dict(reversed(values.items()))
    assert group_variable("weight", values) == group_variable("weight", turned)


def test_a_card_without_groups_says_how_to_name_them() -> None:
    with pytest.raises(BenchError, match=r"names no groups.*groups = \[\.\.\.\] on the card"):
        people_groups(load_card("synthfaces"), None)


def test_an_unknown_group_names_the_known_ones() -> None:
    with pytest.raises(BenchError, match=r"no group 'gendre'.*gender"):
        people_groups(load_card("london"), None, ["gendre"])


def test_the_people_of_london(london_data: Path) -> None:
    card = load_card("london")
    age, gender, ethnicity = people_groups(card, london_data)
    assert len(gender.members) == len(ethnicity.members) == 102
    assert len(age.members) == 100  # two did not tell
    counts = [list(age.members.values()).count(band) for band in age.order]
    assert sum(counts) == 100
    assert min(counts) >= 25
    [only] = people_groups(card, london_data, ["gender"])
    assert only == gender
    with pytest.raises(BenchError, match="no file of groups"):
        people_groups(replace(card, groups_file="absent.csv"), london_data)
