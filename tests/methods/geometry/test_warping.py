from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bench.methods.face_shapes import face_shape
from bench.methods.warping import Raster, sample, triangles, warp

SIZE = 48


@pytest.fixture
def shape(drawing):
    points = drawing.landmarks(drawing.face("a", "neutral"))
    return face_shape(points, points)


@pytest.fixture
def picture():
    return np.random.default_rng(0).random((SIZE, SIZE, 3))


def moved(shape, amount: float, seed: int = 0):
    """The landmarks moved at random, the still points not."""
    steps = np.zeros_like(shape)
    steps[:68] = np.random.default_rng(seed).normal(0.0, amount, (68, 2))
    return shape + steps


def areas(shape):
    a, b, c = np.moveaxis(shape[triangles()], 1, 0)
    return np.cross(np.pad(b - a, ((0, 0), (0, 1))), np.pad(c - a, ((0, 0), (0, 1))))[:, 2] / 2.0


def test_the_same_shape_is_the_same_picture(shape, picture):
    np.testing.assert_allclose(warp(picture, shape, shape), picture, atol=1e-9)


def test_a_shape_moved_by_whole_pixels_moves_the_picture(shape, picture):
    warped = warp(picture, shape, shape + np.array([3.0, 5.0]) / SIZE)
    np.testing.assert_allclose(warped[5:, 3:], picture[:-5, :-3], atol=1e-9)


def test_a_landmark_takes_its_surroundings_along(shape):
    """A soft spot at the chin goes where the chin goes."""
    y, x = (np.indices((SIZE, SIZE)) + 0.5) / SIZE
    spot = np.exp(-((x - shape[8, 0]) ** 2 + (y - shape[8, 1]) ** 2) / 0.03**2)[..., None]
    wanted = shape.copy()
    wanted[5:12, 1] += 0.05
    row, _, _ = np.unravel_index(warp(spot, shape, wanted).argmax(), spot.shape)
    assert (row + 0.5) / SIZE == pytest.approx(wanted[8, 1], abs=0.5 / SIZE)


def test_values_are_affine_where_the_vertices_are(shape):
    raster = Raster(moved(shape, 0.01), SIZE)
    centres = raster.spread(moved(shape, 0.01))
    expected = (np.indices((SIZE, SIZE))[::-1].transpose(1, 2, 0) + 0.5) / SIZE
    np.testing.assert_allclose(centres, expected, atol=1e-12)


@pytest.mark.parametrize("amount", [0.01, 0.05, 0.2])
def test_every_pixel_lies_in_a_triangle_however_far_the_landmarks_move(shape, amount):
    """Even where triangles are turned over or leave the frame: nothing is extrapolated."""
    values = np.random.default_rng(1).random((len(shape), 4))
    for seed in range(5):
        spread = Raster(moved(shape, amount, seed), SIZE).spread(values)
        assert spread.min() >= -1e-6
        assert spread.max() <= 1.0 + 1e-6


def test_the_mesh_covers_the_frame_once(shape):
    found = areas(shape)
    assert found.sum() == pytest.approx(1.0)
    assert set(triangles().ravel()) == set(range(len(shape)))
    assert (found > -1e-3).all()


@pytest.mark.parametrize(
    ("first", "last"), [(36, 41), (42, 47), (48, 59), (60, 67)], ids=["eye", "eye", "lips", "mouth"]
)
def test_contours_of_eyes_and_lips_are_edges_of_the_mesh(first, last):
    edges = {frozenset(pair) for t in triangles().tolist() for pair in pairwise([*t, t[0]])}
    loop = [*range(first, last + 1), first]
    assert all(frozenset(pair) in edges for pair in pairwise(loop))


def test_beyond_the_frame_its_edge_goes_on(picture):
    places = np.array([[-0.5, 0.5 / SIZE], [1.5, 1.5]])
    np.testing.assert_allclose(sample(picture, places), picture[[0, -1], [0, -1]], atol=1e-9)
