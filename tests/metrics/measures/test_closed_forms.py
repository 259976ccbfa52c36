"""Every metric on readings whose value can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from metrics.landmarks import EYE_CORNERS
from metrics.measures import MEASURES, SCALES, Measure, PairReadings, find_scale
from metrics.measures.errors import AUE_SUM_MSE, AUE_SUM_MSE_LOWER, AUE_SUM_MSE_UPPER
from metrics.measures.identity import embedding_distances
from metrics.measures.images import mean_squares_of_psnr, psnr_of_mean_squares
from metrics.measures.landmarks import LMK_NME, normalised_mean_errors
from metrics.measures.presence import AU_ACTIVE_MAE, AU_HALLUCINATION, AU_PRESENCE_F1, AUCON

MakePairs = Callable[..., PairReadings]


@pytest.fixture
def two_pairs() -> PairReadings:
    """AU01 (upper), AU12 (lower) and AU28 (in neither list), two pairs."""
    flat = np.zeros((2, 3))
    square = np.zeros((2, 68, 2))
    square[:, EYE_CORNERS[1], 0] = 2.0
    square[:, 1, 1] = 1.0
    return PairReadings(
        ok=np.array([True, True]),
        action_units=("AU01", "AU12", "AU28"),
        scale=find_scale("intensity 0..5"),
        source=np.array([[2.0, 0.0, 1.0], [0.0, 4.0, 0.0]]),
        output=np.array([[1.0, 0.5, 1.0], [0.0, 2.0, 3.0]]),
        source_neutral=flat,
        target_neutral=flat,
        id_dist_target=np.array([0.6, 0.8]),
        id_dist_source=np.array([1.0, 1.4]),
        match_distance=0.7,
        # The same shape, turned by a right angle, twice as large and shifted.
        output_landmarks=2.0 * square[..., ::-1] * np.array([-1.0, 1.0]) + 5.0,
        source_landmarks=square,
        image_values={
            "psnr": np.array([20.0, 10.0]),
            "ssim": np.array([0.5, 0.7]),
            "lpips": np.array([0.1, 0.3]),
        },
    )


# Differences: -1, 0.5, 0 and 0, -2, 3. Correlations: see the test of its own.
EXPECTED: Mapping[str, float] = {
    "au_mse": (1.25 / 3 + 13 / 3) / 2,
    "au_mae": (1.5 / 3 + 5 / 3) / 2,
    "au_rmse": np.sqrt((1.25 / 3 + 13 / 3) / 2),
    "aue_sum_mse": (1.25 + 4.0) / 2,
    "aue_sum_mse_upper": (1.0 + 0.0) / 2,
    "aue_sum_mse_lower": (0.25 + 4.0) / 2,
    "au_active_mae": (1.0 + 0.0 + 2.0) / 3,
    "au_hallucination": (0.5 + 0.0 + 3.0) / 3,
    "au_delta_mae": (1.5 / 3 + 5 / 3) / 2,
    "au_delta_cos": (3.0 + 8.0) / np.sqrt((2.25 + 13.0) * (5.0 + 16.0)),
    "au_delta_corr": (1.0 + 1.0 - 1.0) / 3,
    # AU01 2 of 2, AU12 2 of 2, AU28 one hit and one invented.
    "au_presence_f1": (1.0 + 1.0 + 2 / 3) / 3,
    "aucon": (3 / 3 + 2 / 3) / 2,
    "id_dist_target": 0.7,
    "id_dist_source": 1.2,
    "id_margin": 0.5,
    "id_csim_target": ((1 - 0.18) + (1 - 0.32)) / 2,
    "id_retained@FMR=1%": 0.5,
    "lmk_nme": 0.0,
    "psnr": -10 * np.log10((0.01 + 0.1) / 2),
    "ssim": 0.6,
    "lpips": 0.2,
}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.card.name)
def test_the_value_is_the_one_worked_out_by_hand(measure: Measure, two_pairs: PairReadings) -> None:
    assert measure.card.name in EXPECTED, "a new metric needs a value worked out by hand"
    assert measure.value(two_pairs) == pytest.approx(EXPECTED[measure.card.name], abs=1e-12)


def test_upper_and_lower_sums_make_the_whole(make_pairs: MakePairs) -> None:
    pairs = make_pairs()
    halves = AUE_SUM_MSE_UPPER.value(pairs) + AUE_SUM_MSE_LOWER.value(pairs)
    assert AUE_SUM_MSE.value(pairs) == pytest.approx(halves, rel=1e-12)
    assert AUE_SUM_MSE.remark(pairs) == ""


def test_an_action_unit_that_is_not_read_is_named(two_pairs: PairReadings) -> None:
    assert "AU02" in AUE_SUM_MSE_UPPER.remark(two_pairs)
    assert "AU12" not in AUE_SUM_MSE_LOWER.remark(two_pairs)
    other = replace(two_pairs, action_units=("AU11", "AU24", "AU28"))
    assert "reads none of AU01, AU02" in AUE_SUM_MSE_UPPER.lacking(other)


@pytest.mark.parametrize("measure", [AU_ACTIVE_MAE, AU_HALLUCINATION, AU_PRESENCE_F1, AUCON])
def test_every_known_scale_has_a_threshold_or_a_reason(
    measure: Measure, two_pairs: PairReadings
) -> None:
    for scale in SCALES:
        on_scale = replace(two_pairs, scale=scale)
        needs_presence = measure in (AU_PRESENCE_F1, AUCON)
        told = not needs_presence or scale.presence is not None
        assert (measure.lacking(on_scale) == "") is told
        assert scale.name in measure.card.scales
    assert "no threshold" in measure.lacking(replace(two_pairs, scale=None))


def test_the_threshold_is_that_of_the_scale(two_pairs: PairReadings) -> None:
    low = replace(
        two_pairs,
        scale=find_scale("blendshape 0..1"),
        source=two_pairs.source / 5,
        output=two_pairs.output / 5,
    )
    assert AU_ACTIVE_MAE.value(low) == pytest.approx(EXPECTED["au_active_mae"] / 5)


def test_landmarks_may_be_anywhere_but_not_of_another_shape() -> None:
    random = np.random.default_rng(0)
    wanted = random.uniform(size=(5, 68, 2))
    turn = np.array([[np.cos(1.1), -np.sin(1.1)], [np.sin(1.1), np.cos(1.1)]])
    moved = 3.0 * wanted @ turn.T + np.array([4.0, -2.0])
    np.testing.assert_allclose(normalised_mean_errors(moved, wanted), 0.0, atol=1e-12)
    mirrored = wanted * np.array([-1.0, 1.0])
    assert (normalised_mean_errors(mirrored, wanted) > 0.1).all()


def test_one_wrong_landmark_counts_by_the_distance_of_the_eyes() -> None:
    random = np.random.default_rng(0)
    wanted = random.uniform(size=(1, 68, 2))
    left, right = EYE_CORNERS
    eyes = np.linalg.norm(wanted[0, left] - wanted[0, right])
    wrong = wanted.copy()
    wrong[0, 30, 0] += 1e-4
    # The similarity can take back a share of order 1/68 of a single point's error.
    expected = 1e-4 / 68 / eyes
    assert normalised_mean_errors(wrong, wanted)[0] == pytest.approx(expected, rel=2.1)
    assert normalised_mean_errors(wrong, wanted)[0] >= 0.9 * expected
    doubled = normalised_mean_errors(wrong, 2.0 * wanted)
    assert doubled == pytest.approx(normalised_mean_errors(wrong, wanted))


def test_landmarks_of_another_layout_are_refused() -> None:
    with pytest.raises(ValueError, match="68"):
        normalised_mean_errors(np.zeros((1, 5, 2)), np.zeros((1, 5, 2)))


def test_without_landmarks_there_is_a_reason(two_pairs: PairReadings) -> None:
    bare = replace(two_pairs, output_landmarks=None)
    assert "landmarks" in LMK_NME.lacking(bare)
    assert np.isnan(LMK_NME.value(bare))


def test_distances_are_of_directions() -> None:
    first = np.array([[3.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    second = np.array([[1.0, 0.0], [0.0, 5.0], [1.0, 0.0]])
    found = embedding_distances(first, second)
    np.testing.assert_allclose(found[:2], [0.0, np.sqrt(2.0)])
    assert np.isnan(found[2])
    np.testing.assert_array_equal(found, embedding_distances(second, first))


def test_psnr_and_mean_squares_are_each_others_inverse() -> None:
    values = np.array([0.0, 12.5, 60.0, np.inf])
    np.testing.assert_allclose(psnr_of_mean_squares(mean_squares_of_psnr(values)), values)
