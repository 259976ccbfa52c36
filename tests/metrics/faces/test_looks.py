from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.faces.finder import Eyes, Face, FaceFinder, largest_first
from metrics.faces.ibug import five_points
from metrics.faces.looks import SeveralLooks, mirror_face, overlap

Image = NDArray[np.uint8]
FACE = np.array([(40.0, 50.0), (60.0, 52.0), (51.0, 62.0), (43.0, 75.0), (58.0, 76.0)])
RIGHT, DOWN = np.array([3.0, 0.0]), np.array([0.0, 40.0])


def face(points: NDArray[np.float64], confidence: float | None = 0.99, grow: float = 1.0) -> Face:
    middle, half = points.mean(axis=0), grow * np.array([20.0, 25.0])
    left, top, right, bottom = *(middle - half), *(middle + half)
    return Face(points, (left, top, right, bottom), confidence)


class Painted:
    """Finds the white pixels that stand for a face, and errs as it is told."""

    name = "painted"
    eyes: Eyes = "lids"
    least_confidence = 0.9

    def __init__(self, err: Callable[[int, list[Face]], list[Face]]) -> None:
        self.err = err
        self.looks = 0

    def find(self, image: Image) -> list[Face]:
        rows, columns = np.nonzero(image[..., 0] == 255)
        middle = np.array([columns.mean() + 0.5, rows.mean() + 0.5])
        points = np.stack([middle + step for step in FACE - FACE.mean(axis=0)])
        self.looks += 1
        return self.err(self.looks, [face(points)])


def picture() -> Image:
    pixels = np.zeros((120, 90, 3), dtype=np.uint8)
    pixels[60:66, 48:54] = 255
    return pixels


def symmetric_points() -> NDArray[np.float64]:
    """What is left of the painted face when its two mirror images are averaged."""
    offsets = FACE - FACE.mean(axis=0)
    mirrored = (offsets * [-1.0, 1.0])[[1, 0, 2, 4, 3]]
    return np.array([51.0, 63.0]) + (offsets + mirrored) / 2.0


def test_a_leaning_to_one_side_is_cancelled() -> None:
    def lean(_: int, faces: list[Face]) -> list[Face]:
        return [face(found.points + RIGHT) for found in faces]

    finder = SeveralLooks(Painted(lean))
    assert isinstance(finder, FaceFinder)
    assert (finder.name, finder.least_confidence, finder.eyes) == ("painted", 0.9, "lids")
    (found,) = finder.find(picture())
    np.testing.assert_allclose(found.points, symmetric_points(), atol=1e-9)
    assert found.confidence == 0.99


def test_one_wild_look_does_not_count() -> None:
    def once(look: int, faces: list[Face]) -> list[Face]:
        return [face(found.points + (9.0 if look == 1 else 0.0)) for found in faces]

    (found,) = SeveralLooks(Painted(once)).find(picture())
    assert np.abs(found.points - symmetric_points()).max() < 3.0


@pytest.mark.parametrize(("looks", "faces"), [(1, 0), (2, 0), (3, 1), (4, 1)])
def test_a_face_that_half_of_the_looks_show_is_none(looks: int, faces: int) -> None:
    finder = Painted(lambda look, found: found if look > 4 - looks else [])
    assert len(SeveralLooks(finder).find(picture())) == faces


def test_a_second_face_is_kept_apart() -> None:
    def second(_: int, faces: list[Face]) -> list[Face]:
        return [*faces, face(faces[0].points + DOWN)]

    found = SeveralLooks(Painted(second)).find(picture())
    assert sorted(round(each.points[:, 1].mean()) for each in found) == [63, 103]


def test_a_mirrored_face_has_its_left_on_the_left() -> None:
    mirrored = mirror_face(face(FACE), 100.0)
    np.testing.assert_allclose(mirrored.points[0], [40.0, 52.0])
    np.testing.assert_allclose(mirrored.points[3], [42.0, 76.0])
    twice = mirror_face(mirrored, 100.0)
    np.testing.assert_allclose(twice.points, FACE)
    assert twice.box == pytest.approx(face(FACE).box)


def test_overlap_is_the_shared_share_of_the_union() -> None:
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1.0
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1.0 / 3.0)
    assert overlap((0, 0, 2, 2), (2, 0, 4, 2)) == 0.0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0.0


def test_the_largest_of_the_confident_faces_is_first() -> None:
    small, large, huge = (face(FACE, c, g) for c, g in ((0.99, 1.0), (0.96, 2.0), (0.94, 9.0)))
    unsaid = face(FACE, None, 1.5)
    assert largest_first([small, large, huge, unsaid], 0.95) == [large, unsaid, small]
    assert largest_first([huge], 0.95) == []


def test_five_points_are_those_of_ibug() -> None:
    landmarks = np.stack([np.arange(68.0), np.zeros(68)], axis=1)
    np.testing.assert_array_equal(five_points(landmarks)[:, 0], [38.5, 44.5, 30.0, 48.0, 54.0])
    with pytest.raises(ValueError, match="68"):
        five_points(landmarks[:51])
