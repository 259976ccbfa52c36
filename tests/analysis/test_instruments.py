"""Checks of instruments on made-up readings whose agreement is known."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from bench.analysis.instruments.check import InstrumentCheck, check_readings
from bench.run.readings import AUReadings, Readings
from metrics.cards import InstrumentCard

CARD = InstrumentCard(
    "made-up", "au_estimator", "1", "", 64, "none", "intensity 0..5", "w", "ab" * 32, "CC0", "tests"
)
UNITS = ("AU04", "AU12", "AU45")
PEOPLE, IMAGES, REFERENCES = 10, 12, 8


def perfect(seed: int = 0) -> Readings:
    """Action Units read as they are; people on axes of their own, with a little noise."""
    rng = np.random.default_rng(seed)
    count = PEOPLE * IMAGES
    people = np.repeat(np.arange(PEOPLE), IMAGES)
    truth = rng.uniform(0.0, 5.0, (count, len(UNITS)))
    embeddings = np.eye(PEOPLE)[people] + rng.normal(0.0, 0.05, (count, PEOPLE))
    return Readings(
        parts=np.where(people < 4, "dev", "test"),
        identities=np.array([f"p{p}" for p in people]),
        is_reference=np.tile(np.arange(IMAGES) < REFERENCES, PEOPLE),
        embedder=CARD,
        embeddings=embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True),
        au=AUReadings(
            card=CARD,
            action_units=UNITS,
            unread=(),
            readable=np.ones(count, dtype=bool),
            values=truth.copy(),
            truth=truth,
            strength=np.sqrt(np.square(truth).mean(axis=1)),
        ),
    )


def with_au(readings: Readings, **changes: object) -> Readings:
    assert readings.au is not None
    return dataclasses.replace(readings, au=dataclasses.replace(readings.au, **changes))  # type: ignore[arg-type]


def by_part(check: InstrumentCheck, part: str):
    return next(row for row in check.verification if row.part == part)


def test_perfect_instruments_keep_all_limits() -> None:
    check = check_readings(perfect(), "made-up-64")
    assert check.missed == ()
    for unit in check.units:
        assert unit.dev_r == unit.test_r == pytest.approx(1.0)
        assert unit.test_interval.low == pytest.approx(1.0)
        assert unit.test_error == 0.0
    assert check.coverage == {"dev": 1.0, "test": 1.0}
    both = by_part(check, "both")
    assert (both.people, both.images, both.equal_error_rate) == (10, 120, 0.0)
    assert (both.same_pairs, both.different_pairs) == (10 * 66, 45 * 144)
    assert both.same < 0.5 < 1.2 < both.threshold < both.different
    assert both.accepted == both.accepted_interval.low == both.accepted_interval.high == 1.0
    assert both.equal_error_rate_interval.high == 0.0
    assert both.threshold_interval.low <= both.threshold <= both.threshold_interval.high
    assert abs(both.follows_expression) < 0.3


def test_a_noisy_action_unit_is_found_on_the_part_where_it_is_noisy() -> None:
    readings = perfect()
    values = readings.au.values.copy()
    noisy = readings.parts == "test"
    values[noisy, 1] += np.random.default_rng(1).normal(0.0, 1.0, noisy.sum())
    check = check_readings(with_au(readings, values=values), "made-up-64")
    assert check.missed == ("AU12",)
    unit = check.units[1]
    assert unit.dev_r == pytest.approx(1.0)
    assert unit.test_r < 0.95
    assert unit.test_interval.low < unit.test_r < unit.test_interval.high
    assert unit.test_error == pytest.approx(0.8, abs=0.25)
    assert unit.name == "lip corner puller"


def test_a_line_through_the_truth_is_enough_on_another_scale() -> None:
    readings = perfect()
    other = dataclasses.replace(CARD, scale="blendshape 0..1")
    check = check_readings(
        with_au(readings, values=0.1 + 0.15 * readings.au.values, card=other), "x"
    )
    assert check.missed == ()
    assert {unit.test_error for unit in check.units} == {None}


def test_images_without_a_reading_are_left_out_of_r_and_counted() -> None:
    readings = perfect()
    values, readable = readings.au.values.copy(), readings.au.readable.copy()
    values[::4], readable[::4] = np.nan, False
    check = check_readings(with_au(readings, values=values, readable=readable), "x")
    assert check.coverage == {"dev": 0.75, "test": 0.75}
    assert check.missed == ("faces found on dev", "faces found on test")
    assert all(unit.test_r == pytest.approx(1.0) for unit in check.units)


def test_nothing_readable_and_a_constant_truth_are_missed_not_raised() -> None:
    readings = perfect()
    blind = with_au(
        readings,
        values=np.full_like(readings.au.values, np.nan),
        readable=np.zeros(len(readings.parts), dtype=bool),
    )
    check = check_readings(blind, "x")
    assert set(UNITS) <= set(check.missed)
    text = json.dumps(check.to_dict(), allow_nan=False)
    assert json.loads(text)["units"][0]["test_r"] is None
    truth = readings.au.truth.copy()
    truth[:, 0] = 0.0
    assert check_readings(with_au(readings, truth=truth), "x").missed == ("AU04",)


def test_embeddings_that_follow_the_expression_are_found() -> None:
    readings = perfect()
    strength = np.where(readings.is_reference, 0.5, 3.0)
    turned = readings.embeddings + 0.2 * strength[:, None] * np.eye(PEOPLE)[3]
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    check = check_readings(
        dataclasses.replace(with_au(readings, strength=strength), embeddings=turned), "x"
    )
    assert by_part(check, "test").follows_expression > 0.9


def test_an_image_is_not_compared_with_itself() -> None:
    """References with noise of their own are as far from their person as other images are."""
    rng = np.random.default_rng(0)
    readings = perfect()
    people = np.repeat(np.arange(PEOPLE), IMAGES)
    embeddings = np.eye(200)[people] * 2.0 + rng.normal(0.0, 0.1, (len(people), 200))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    strength = np.where(readings.is_reference, 0.0, 3.0)
    check = check_readings(
        dataclasses.replace(with_au(readings, strength=strength), embeddings=embeddings), "x"
    )
    # Left in, every reference would be clearly nearer: a correlation of nearly 1.
    assert abs(by_part(check, "both").follows_expression) < 0.5


def test_people_who_look_alike_are_missed() -> None:
    readings = perfect()
    alike = np.roll(readings.embeddings, IMAGES, axis=0)
    embeddings = np.where((readings.parts == "dev")[:, None], readings.embeddings + alike, alike)
    embeddings = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    embeddings[:IMAGES] = embeddings[IMAGES : 2 * IMAGES]
    check = check_readings(dataclasses.replace(readings, embeddings=embeddings), "x")
    assert "EER on dev" in check.missed
    assert "EER on test" not in check.missed


def noisy_people(noise: float, people: int = 24, images: int = 6, seed: int = 3) -> Readings:
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), images)
    embeddings = rng.normal(size=(people, 6))[who] + rng.normal(0.0, noise, (len(who), 6))
    return Readings(
        parts=np.where(who % 2 == 0, "dev", "test"),
        identities=np.array([f"p{p:02d}" for p in who]),
        is_reference=np.ones(len(who), dtype=bool),
        embedder=CARD,
        embeddings=embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True),
        au=None,
    )


def test_numbers_of_a_verification_are_those_of_its_pairs() -> None:
    readings = noisy_people(0.6)
    both = by_part(check_readings(readings, "x"), "both")
    vectors, names = readings.embeddings, readings.identities
    one, two = [], []
    for i in range(len(names)):
        for j in range(i):
            (one if names[i] == names[j] else two).append(np.linalg.norm(vectors[i] - vectors[j]))
    assert (both.same_pairs, both.different_pairs) == (len(one), len(two))
    assert both.same == pytest.approx(np.mean(one))
    assert both.different == pytest.approx(np.mean(two))
    assert np.mean(np.array(two) < both.threshold) == pytest.approx(0.01, abs=1 / len(two))
    assert both.accepted == pytest.approx(np.mean(np.array(one) < both.threshold))


def test_intervals_hold_the_value_and_widen_with_fewer_people() -> None:
    many, few = (
        by_part(check_readings(noisy_people(0.6, people), "x"), "both") for people in (48, 8)
    )
    for row in (many, few):
        for value, interval in (
            (row.equal_error_rate, row.equal_error_rate_interval),
            (row.accepted, row.accepted_interval),
        ):
            assert interval.low < value < interval.high
    assert few.equal_error_rate_interval.identities == 8
    widths = [r.accepted_interval.high - r.accepted_interval.low for r in (many, few)]
    assert widths[0] < widths[1]


def test_an_interval_is_that_of_people_drawn_with_their_pairs() -> None:
    """Against people drawn one by one; a person and a copy of them make no pair of strangers."""
    readings = noisy_people(0.6, people=10, images=4)
    both = by_part(check_readings(readings, "x"), "both")
    rng = np.random.default_rng(1)
    vectors, names = readings.embeddings, readings.identities
    distance = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1)
    codes = np.unique(names, return_inverse=True)[1]
    accepted = []
    for _ in range(400):
        drawn = rng.integers(0, 10, 10)
        one, two = [], []
        for place, person in enumerate(drawn):
            own = np.flatnonzero(codes == person)
            one.append(distance[np.ix_(own, own)][np.triu_indices(4, 1)])
            others = [np.flatnonzero(codes == o) for o in drawn[:place] if o != person]
            two += [distance[np.ix_(own, other)].ravel() for other in others]
        threshold = np.quantile(np.concatenate(two), 0.01)
        accepted.append(np.mean(np.concatenate(one) < threshold))
    low, high = np.quantile(accepted, [0.025, 0.975])
    assert both.accepted_interval.low == pytest.approx(low, abs=0.05)
    assert both.accepted_interval.high == pytest.approx(high, abs=0.05)


def test_one_image_a_person_leaves_the_share_accepted_undefined() -> None:
    row = by_part(check_readings(noisy_people(0.1, images=1), "x"), "both")
    assert row.same_pairs == 0
    assert np.isnan(row.equal_error_rate)
    assert np.isnan(row.accepted)
    assert not row.passed
    json.dumps(check_readings(noisy_people(0.1, images=1), "x").to_dict(), allow_nan=False)


def test_a_benchmark_of_one_part_has_one_verification() -> None:
    readings = noisy_people(0.2)
    alone = dataclasses.replace(readings, parts=np.full(len(readings.parts), "dev"))
    assert [row.part for row in check_readings(alone, "x").verification] == ["dev"]


def test_without_a_truth_people_are_still_checked() -> None:
    check = check_readings(dataclasses.replace(perfect(), au=None), "photographs-64")
    assert check.units == ()
    assert check.coverage == {}
    assert {row.follows_expression for row in check.verification} == {None}
    assert check.missed == ()
    assert check.to_dict()["au_estimator"] is None
