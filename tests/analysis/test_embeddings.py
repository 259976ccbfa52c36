from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.embeddings import distances, embedding_length, mean_directions, unit_rows


def test_missing_embeddings_are_nan_rows_and_the_others_have_norm_one():
    rows = unit_rows([[3.0, 4.0], None, float("nan"), np.array([0.0, 2.0], np.float32)], 2)
    assert rows[0] == pytest.approx([0.6, 0.8])
    assert np.isnan(rows[1:3]).all()
    assert rows[3] == pytest.approx([0.0, 1.0])


def test_length_is_that_of_the_first_present_embedding():
    assert embedding_length([None, [1.0, 2.0, 3.0]]) == 3
    assert embedding_length([None, float("nan")]) is None


def test_another_length_is_refused():
    with pytest.raises(ValueError, match="different embedders"):
        unit_rows([[1.0, 0.0, 0.0]], 2)


def test_mean_direction_of_a_group_has_unit_norm_and_ignores_missing_members():
    column = [[1.0, 0.0], [0.0, 5.0], None, [0.0, -1.0]]
    means = mean_directions(column, 2, np.array([0, 0, 0, 1]), 3)
    assert means[0] == pytest.approx([np.sqrt(0.5), np.sqrt(0.5)])
    assert means[1] == pytest.approx([0.0, -1.0])
    assert np.isnan(means[2]).all()


def test_distances_of_unit_vectors_run_from_zero_to_two():
    centre = np.array([[1.0, 0.0]])
    choice = np.zeros(4, dtype=np.intp)
    column = [[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0], None]
    found = distances(column, 2, [(centre, choice)])[0]
    assert found[:3] == pytest.approx([0.0, np.sqrt(2), 2.0])
    assert np.isnan(found[3])


def test_distances_are_the_same_in_one_chunk_and_in_many(monkeypatch):
    random = np.random.default_rng(0)
    column = list(random.normal(size=(50, 4)))
    centres = [(random.normal(size=(3, 4)), random.integers(0, 3, 50))]
    whole = distances(column, 4, centres)
    monkeypatch.setattr("bench.analysis.embeddings.CHUNK", 7)
    np.testing.assert_array_equal(distances(column, 4, centres), whole)
