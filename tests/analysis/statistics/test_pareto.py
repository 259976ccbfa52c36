from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.statistics.pareto import front_frequency, hypervolume, non_dominated


def test_front_of_known_points():
    points = np.array([[0.9, 0.1], [0.5, 0.5], [0.4, 0.4], [0.1, 0.9], [0.5, 0.2]])
    assert non_dominated(points).tolist() == [True, True, False, True, False]


def test_equal_points_stand_together_and_undefined_ones_nowhere():
    points = np.array([[0.5, 0.5], [0.5, 0.5], [np.nan, 1.0], [0.5, 0.4]])
    assert non_dominated(points).tolist() == [True, True, False, False]


def test_a_third_objective_can_bring_a_point_to_the_front():
    points = np.array([[0.5, 0.5, 0.5], [0.4, 0.4, 0.9]])
    assert non_dominated(points[:, :2]).tolist() == [True, False]
    assert non_dominated(points).tolist() == [True, True]


def test_front_agrees_with_the_definition():
    points = np.random.default_rng(0).integers(0, 5, size=(60, 3)).astype(float)
    expected = [not any((q >= p).all() and (q > p).any() for q in points) for p in points]
    assert non_dominated(points).tolist() == expected


def test_frequency_is_the_share_of_resamples(monkeypatch):
    better, worse = [0.8, 0.8], [0.5, 0.5]
    points = np.array([[better, worse], [worse, better], [better, worse], [better, better]])
    expected = [0.75, 0.5]
    assert front_frequency(points).tolist() == expected
    monkeypatch.setattr("bench.analysis.statistics.pareto.CHUNK", 1)
    assert front_frequency(points).tolist() == expected


def test_a_method_is_on_the_front_with_any_of_its_alphas():
    points = np.array([[[0.9, 0.1], [0.1, 0.1], [0.2, 0.9]]])
    assert front_frequency(points).tolist() == [1, 0, 1]
    assert front_frequency(points, owners=[0, 0, 1]).tolist() == [1, 1]
    assert front_frequency(points, owners=[1, 0, 1]).tolist() == [0, 1]


def test_area_of_known_points():
    assert hypervolume(np.array([[0.5, 0.5]])) == pytest.approx(0.25)
    assert hypervolume(np.array([[0.2, 0.9], [0.8, 0.3]])) == pytest.approx(0.18 + 0.18)
    assert hypervolume(np.array([[0.8, 0.3], [0.2, 0.9], [0.1, 0.1]])) == pytest.approx(0.36)
    assert hypervolume(np.array([[1.0, 1.0]])) == 1
    assert hypervolume(np.zeros((0, 2))) == 0


def test_area_of_a_quarter_circle():
    angles = np.linspace(0, np.pi / 2, 5001)
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    assert hypervolume(points) == pytest.approx(np.pi / 4, abs=1e-3)


def test_points_are_clipped_to_the_box():
    assert hypervolume(np.array([[-0.5, 0.9], [0.5, -2.0]])) == 0
    assert hypervolume(np.array([[0.5, 3.0]])) == pytest.approx(0.5)
    assert hypervolume(np.array([[np.nan, 1.0], [0.5, 0.5]])) == pytest.approx(0.25)
    shifted = hypervolume(np.array([[1.0, 3.0]]), reference=(0.0, 1.0), ideal=(2.0, 5.0))
    assert shifted == pytest.approx(0.25)


def test_area_never_shrinks_when_a_point_is_added():
    random = np.random.default_rng(0)
    points = random.uniform(-0.2, 1.2, size=(200, 12, 2))
    areas = np.stack([hypervolume(points[:, :count]) for count in range(1, 13)])
    assert (np.diff(areas, axis=0) >= -1e-12).all()
    assert areas[-1].mean() > 2 * areas[0].mean()


def test_area_does_not_depend_on_order_and_handles_many_curves_at_once():
    random = np.random.default_rng(1)
    points = random.uniform(size=(7, 5, 9, 2))
    areas = hypervolume(points)
    assert areas.shape == (7, 5)
    np.testing.assert_allclose(hypervolume(points[:, :, ::-1]), areas)
    grid = np.stack(np.meshgrid(*[(np.arange(400) + 0.5) / 400] * 2), axis=-1)
    covered = (grid[None, :, :, :] <= points[0, 0][:, None, None, :]).all(axis=-1).any(axis=0)
    assert areas[0, 0] == pytest.approx(covered.mean(), abs=5e-3)
