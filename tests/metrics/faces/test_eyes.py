from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.faces.eyes import WithEyes, lids_to_mtcnn, mtcnn_to_lids
from metrics.faces.finder import Eyes, Face, FaceFinder
from metrics.similarity import Similarity

FACE = np.array([(120.0, 210.0), (200.0, 190.0), (165.0, 240.0), (140.0, 285.0), (205.0, 270.0)])


class Fixed:
    name = "fixed"
    least_confidence = 0.5

    def __init__(self, eyes: Eyes) -> None:
        self.eyes = eyes

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        return [Face(FACE, (100.0, 150.0, 220.0, 300.0), 0.7)]


def test_there_and_back_is_nowhere() -> None:
    np.testing.assert_allclose(mtcnn_to_lids(lids_to_mtcnn(FACE)), FACE, atol=1e-9)


def test_eyes_move_up_and_apart_with_the_face() -> None:
    upright = np.array([(0.0, 0.0), (66.0, 0.0), (33.0, 40.0), (10.0, 70.0), (56.0, 70.0)])
    left, right = (lids_to_mtcnn(upright) - upright)[:2]
    assert left == pytest.approx([-0.61, -1.67], abs=0.01)
    assert right == pytest.approx([0.61, -1.67], abs=0.01)
    turned = Similarity(complex(2.0 * np.exp(1.1j)), 30.0 - 5.0j)
    np.testing.assert_allclose(lids_to_mtcnn(turned(upright)), turned(lids_to_mtcnn(upright)))


def test_a_finder_speaks_the_convention_that_is_asked_for() -> None:
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    expected = {
        ("mtcnn", "mtcnn"): FACE,
        ("lids", "lids"): FACE,
        ("lids", "mtcnn"): lids_to_mtcnn(FACE),
        ("mtcnn", "lids"): mtcnn_to_lids(FACE),
    }
    for (own, asked), points in expected.items():
        finder = WithEyes(Fixed(own), asked)  # type: ignore[arg-type]
        assert isinstance(finder, FaceFinder)
        assert (finder.name, finder.eyes, finder.least_confidence) == ("fixed", asked, 0.5)
        (face,) = finder.find(image)
        np.testing.assert_array_equal(face.points, points)
        assert face.confidence == 0.7
