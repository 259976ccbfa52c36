from __future__ import annotations

import numpy as np
import pytest

from bench.methods.eigenfaces import Eigenfaces, check_share
from bench.plugins.contracts import Face


def make_faces(count: int, side: int, seed: int = 0) -> list[Face]:
    random = np.random.default_rng(seed)
    return [
        Face("a", str(i), "", random.integers(256, size=(side, side, 3), dtype=np.uint8))
        for i in range(count)
    ]


def matrix(faces: list[Face]) -> np.ndarray:
    return np.stack([face.pixels.ravel() for face in faces]) / 255.0


@pytest.mark.parametrize(("count", "side"), [(7, 16), (40, 2)], ids=["few faces", "few pixels"])
def test_they_are_the_right_singular_vectors_of_the_centred_faces(count, side):
    faces = make_faces(count, side)
    found = Eigenfaces.fit(faces, 1.0)
    centred = matrix(faces) - matrix(faces).mean(axis=0)
    _, singular, expected = np.linalg.svd(centred, full_matrices=False)
    rank = min(count - 1, 3 * side**2)
    assert len(found.components) == rank
    assert singular[:rank].min() > 1e-3
    cosines = np.abs((found.components * expected[:rank]).sum(axis=1))
    np.testing.assert_allclose(cosines, 1.0, atol=1e-9)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(rank), atol=1e-9)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_they_are_the_fewest_that_hold_the_share(share):
    faces = make_faces(12, 8)
    variances = (
        np.linalg.svd(matrix(faces) - matrix(faces).mean(axis=0), compute_uv=False)[:11] ** 2
    )
    kept = len(Eigenfaces.fit(faces, share).components)
    assert variances[:kept].sum() >= share * variances.sum()
    assert variances[: kept - 1].sum() < share * variances.sum()


def test_the_order_of_the_faces_and_their_signs_do_not_matter():
    faces = make_faces(9, 8)
    one, other = Eigenfaces.fit(faces, 1.0), Eigenfaces.fit(faces[::-1], 1.0)
    np.testing.assert_allclose(one.components, other.components, atol=1e-9)
    largest = np.abs(one.components).argmax(axis=1)
    assert (one.components[np.arange(8), largest] > 0).all()


def test_what_they_were_fitted_on_is_shown_exactly_and_projecting_twice_changes_nothing():
    faces = make_faces(9, 8)
    model = Eigenfaces.fit(faces, 1.0)
    np.testing.assert_allclose(model.decode(model.encode(matrix(faces))), matrix(faces), atol=1e-9)
    strangers = matrix(make_faces(3, 8, seed=1))
    once = model.decode(model.encode(strangers))
    assert np.abs(once - strangers).max() > 0.1
    np.testing.assert_allclose(model.decode(model.encode(once)), once, atol=1e-9)
    difference = strangers[0] - strangers[1]
    np.testing.assert_allclose(model.project(difference), once[0] - once[1], atol=1e-9)


def test_faces_that_allow_none_are_refused():
    with pytest.raises(ValueError, match="at least 2 faces of dev, there are 1"):
        Eigenfaces.fit(make_faces(1, 8), 1.0)
    with pytest.raises(ValueError, match="all 3 are one"):
        Eigenfaces.fit(make_faces(1, 8) * 3, 1.0)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5, float("nan")])
def test_a_share_outside_of_0_to_1_is_refused(share):
    with pytest.raises(ValueError, match="share must be above 0 and up to 1"):
        check_share(share)
