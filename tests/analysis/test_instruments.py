"""Checks of instruments on made-up readings whose agreement is known."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from bench.analysis.instruments import InstrumentCheck, check_readings
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
    assert both.same > 0.9 > 0.2 > both.different
    assert both.same_low < both.same
    assert both.different_high > both.different
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


def test_without_a_truth_people_are_still_checked() -> None:
    check = check_readings(dataclasses.replace(perfect(), au=None), "photographs-64")
    assert check.units == ()
    assert check.coverage == {}
    assert {row.follows_expression for row in check.verification} == {None}
    assert check.missed == ()
    assert check.to_dict()["au_estimator"] is None
