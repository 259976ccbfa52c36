from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from metrics.similarity import Similarity, fit_similarity, inside_share, resample

RNG = np.random.default_rng(3)


def test_two_points_are_met_exactly() -> None:
    points, targets = RNG.normal(size=(2, 2)), RNG.normal(size=(2, 2))
    np.testing.assert_allclose(fit_similarity(points, targets)(points), targets, atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 0.3, 2.0, -3.0])
def test_a_similarity_is_found_again_from_any_points(angle: float) -> None:
    true = Similarity(complex(1.7 * np.exp(1j * angle)), 4.0 - 2.0j)
    points = RNG.normal(size=(5, 2))
    found = fit_similarity(points, true(points))
    assert found.scale == pytest.approx(true.scale)
    assert found.shift == pytest.approx(true.shift)


def test_no_other_similarity_is_nearer() -> None:
    points, targets = RNG.normal(size=(5, 2)), RNG.normal(size=(5, 2))
    best = fit_similarity(points, targets)
    least = np.sum((best(points) - targets) ** 2)
    for _ in range(50):
        scale, shift = (complex(*RNG.normal(scale=0.1, size=2)) for _ in range(2))
        other = Similarity(best.scale + scale, best.shift + shift)
        assert np.sum((other(points) - targets) ** 2) > least


def test_it_agrees_with_umeyama_by_singular_values() -> None:
    points, targets = RNG.normal(size=(6, 2)), RNG.normal(size=(6, 2))
    centred, to = points - points.mean(axis=0), targets - targets.mean(axis=0)
    left, values, right = np.linalg.svd(to.T @ centred / len(points))
    signs = np.array([1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ np.diag(signs) @ right
    scale = (values * signs).sum() / centred.var(axis=0).sum()
    expected = scale * centred @ rotation.T + targets.mean(axis=0)
    np.testing.assert_allclose(fit_similarity(points, targets)(points), expected, atol=1e-12)


def test_there_and_back_is_nowhere() -> None:
    similarity = Similarity(0.4 - 1.1j, 3.0 + 7.0j)
    points = RNG.normal(size=(4, 3, 2))
    np.testing.assert_allclose(similarity.inverse()(similarity(points)), points, atol=1e-12)


def test_one_point_is_too_little() -> None:
    with pytest.raises(ValueError, match="two different points"):
        fit_similarity(np.ones((2, 2)), np.zeros((2, 2)))


def spot(width: int, height: int, x: float, y: float, deviation: float) -> Image.Image:
    """A Gaussian spot whose centre is at (x, y) in the continuous plane."""
    rows = np.exp(-0.5 * ((np.arange(height) + 0.5 - y) / deviation) ** 2)
    columns = np.exp(-0.5 * ((np.arange(width) + 0.5 - x) / deviation) ** 2)
    return Image.fromarray((np.outer(rows, columns) * 255.0).round().astype(np.uint8))


@pytest.mark.parametrize("scale", [0.11, 0.37, 0.9, 1.0, 2.5])
@pytest.mark.parametrize("angle", [0.0, 0.6, 1.9])
def test_a_frame_shows_a_point_where_the_similarity_brings_it(scale: float, angle: float) -> None:
    # The sides of the reduced picture are rounded: no point may move for that.
    at, goes_to = np.array([[211.3, 142.8]]), np.array([[29.2, 36.6]])
    factor = complex(scale * np.exp(1j * angle))
    shift = complex(*goes_to[0]) - factor * complex(*at[0])
    picture = spot(431, 277, *at[0], deviation=3.0 / scale)
    frame = np.asarray(resample(picture, Similarity(factor, shift), 64), dtype=np.float64)
    steps = np.arange(64) + 0.5
    centre = (frame.sum(axis=0) @ steps / frame.sum(), frame.sum(axis=1) @ steps / frame.sum())
    assert centre == pytest.approx(goes_to[0], abs=0.15)


def test_what_lies_outside_is_black_and_counted() -> None:
    white = Image.new("RGB", (100, 50), "white")
    half_out = Similarity(1.0 + 0.0j, 0.0 + 0.0j)
    frame = np.asarray(resample(white, half_out, 100))
    assert frame[:50].min() == 255
    assert frame[50:].max() == 0
    assert inside_share(white.size, half_out, 100) == pytest.approx(0.5)
    assert inside_share(white.size, Similarity(4.0 + 0.0j, -20.0 - 20.0j), 100) == 1.0


def test_a_picture_that_becomes_small_keeps_its_mean_and_loses_its_stripes() -> None:
    stripes = np.zeros((640, 640), dtype=np.uint8)
    stripes[:, ::2] = 255
    frame = resample(Image.fromarray(stripes), Similarity(0.1 + 0.0j, 0.0j), 64)
    inner = np.asarray(frame, dtype=np.float64)[4:-4, 4:-4]
    assert inner.mean() == pytest.approx(127.5, abs=2.0)
    assert inner.std() < 3.0
