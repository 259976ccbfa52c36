"""What must hold of every metric: a new one is tested here by being registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from metrics.measures import MEASURES, Measure, PairReadings

MakePairs = Callable[..., PairReadings]

every_measure = pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.card.name)


def swapped(pairs: PairReadings) -> PairReadings:
    """Output for source and source for output."""
    return replace(
        pairs,
        output=pairs.source,
        source=pairs.output,
        source_neutral=pairs.target_neutral,
        target_neutral=pairs.source_neutral,
        output_landmarks=pairs.source_landmarks,
        source_landmarks=pairs.output_landmarks,
    )


def test_names_are_unique_and_every_card_is_filled_in() -> None:
    names = [measure.card.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    for card in (measure.card for measure in MEASURES):
        may_be_empty = {"unit", "scales"}
        empty = {k for k, v in card.to_dict().items() if v in ("", [])} - may_be_empty
        assert not empty, (card.name, empty)
        assert ("action units" in card.needs) <= bool(card.scales), card.name


@pytest.mark.parametrize(
    "measure", [m for m in MEASURES if m.card.best is not None], ids=lambda m: m.card.name
)
def test_a_perfect_output_has_the_best_value(measure: Measure, make_pairs: MakePairs) -> None:
    assert measure.value(make_pairs(far=0.0)) == pytest.approx(measure.card.best, abs=1e-9)


@every_measure
def test_it_gets_worse_the_farther_the_output_is(measure: Measure, make_pairs: MakePairs) -> None:
    values = [measure.value(make_pairs(far=far)) for far in (0.05, 0.3, 0.7, 1.5, 3.0)]
    assert np.isfinite(values).all()
    change = np.diff(values)
    worse = change if measure.card.direction == "down" else -change
    assert (worse >= -1e-12).all()
    assert worse.sum() > 0.0


@every_measure
def test_exchanging_output_and_source(measure: Measure, make_pairs: MakePairs) -> None:
    pairs = make_pairs()
    there, back = measure.value(pairs), measure.value(swapped(pairs))
    if measure.card.symmetric:
        assert back == pytest.approx(there, rel=1e-12)
    elif measure.card.needs == ("action units",):
        assert back != pytest.approx(there, rel=1e-6)


@every_measure
def test_the_order_of_the_pairs_does_not_count(measure: Measure, make_pairs: MakePairs) -> None:
    pairs = make_pairs()
    order = np.random.default_rng(1).permutation(len(pairs))
    shuffled = pairs.take(order)
    np.testing.assert_allclose(measure.parts(shuffled), measure.parts(pairs)[order], rtol=1e-12)
    assert measure.value(shuffled) == pytest.approx(measure.value(pairs), rel=1e-12)


@every_measure
def test_the_size_of_a_batch_does_not_count(measure: Measure, make_pairs: MakePairs) -> None:
    pairs = make_pairs()
    whole = measure.parts(pairs)
    parts = [measure.parts(pairs.take(np.arange(i, i + 8))) for i in range(0, len(pairs), 8)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12)
    np.testing.assert_allclose(measure.parts(pairs.take(np.array([7])))[0], whole[7], rtol=1e-12)


@every_measure
def test_a_failed_pair_is_left_out_and_never_a_zero(
    measure: Measure, make_pairs: MakePairs
) -> None:
    pairs = make_pairs()
    failed = np.arange(len(pairs)) % 3 == 0
    marked = replace(pairs, ok=~failed)
    survivors = pairs.take(np.flatnonzero(~failed))
    assert np.isnan(measure.parts(marked)[failed]).all()
    assert measure.value(marked) == pytest.approx(measure.value(survivors), rel=1e-12)
    assert measure.value(marked) != pytest.approx(measure.value(pairs), rel=1e-9)


@every_measure
def test_what_was_not_read_counts_as_failed(measure: Measure, make_pairs: MakePairs) -> None:
    pairs = make_pairs()
    assert pairs.output_landmarks is not None
    unread = np.arange(len(pairs)) == 5

    def hole(values: np.ndarray) -> np.ndarray:
        holed = values.astype(float).copy()
        holed[unread] = np.nan
        return holed

    holed = replace(
        pairs,
        output=hole(pairs.output),
        id_dist_target=hole(pairs.id_dist_target),
        id_dist_source=hole(pairs.id_dist_source),
        output_landmarks=hole(pairs.output_landmarks),
        image_values={name: hole(values) for name, values in pairs.image_values.items()},
    )
    rest = pairs.take(np.flatnonzero(~unread))
    assert np.isnan(measure.parts(holed)[unread]).all()
    assert measure.value(holed) == pytest.approx(measure.value(rest), rel=1e-12)


@every_measure
def test_nothing_read_is_no_number(measure: Measure, make_pairs: MakePairs) -> None:
    pairs = make_pairs(count=4)
    assert np.isnan(measure.value(replace(pairs, ok=np.zeros(4, dtype=bool))))
    assert np.isnan(measure.value(pairs.take(np.arange(0))))


@every_measure
def test_a_pair_that_counts_twice_is_a_pair_that_is_there_twice(
    measure: Measure, make_pairs: MakePairs
) -> None:
    pairs = make_pairs(count=12)
    weights = np.random.default_rng(2).integers(0, 4, (3, 12)).astype(float)
    weighted = measure.of_sums(weights @ measure.parts(pairs))
    repeated = [
        measure.value(pairs.take(np.repeat(np.arange(12), row.astype(int)))) for row in weights
    ]
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)


@every_measure
def test_a_resample_without_a_pair_is_no_number(measure: Measure, make_pairs: MakePairs) -> None:
    sums = np.zeros((2, measure.parts(make_pairs(count=3)).shape[1]))
    assert np.isnan(measure.of_sums(sums)).all()


@every_measure
def test_readings_are_not_changed(measure: Measure, make_pairs: MakePairs) -> None:
    pairs, untouched = make_pairs(), make_pairs()
    measure.value(pairs)
    np.testing.assert_array_equal(pairs.output, untouched.output)
    np.testing.assert_array_equal(pairs.output_landmarks, untouched.output_landmarks)
    np.testing.assert_array_equal(pairs.id_dist_target, untouched.id_dist_target)
