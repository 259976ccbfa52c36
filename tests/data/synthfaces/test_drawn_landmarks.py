from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from bench.data.synthfaces import Expression, FaceParameters, View, draw_face
from bench.data.synthfaces.landmarks import draw_landmarks, find_drawn_faces
from bench.data.synthfaces.palette import palette
from bench.data.synthfaces.sampling import random_identity, random_view
from bench.errors import BenchError
from bench.paths import datasets_folder
from metrics.contracts import EYE_POSITIONS
from metrics.faces.ibug import five_points

COMMITTED = datasets_folder() / "synthfaces"
NEUTRAL = Expression.of()
MIRRORED = [
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), 45, 44, 43, 42, 47,
    46, 39, 38, 37, 36, 41, 40, *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66,
    65,
]  # fmt: skip


def person(seed: int = 9, **changes: object):
    identity = random_identity(np.random.default_rng(seed))
    return replace(identity, **{"glasses": "none", "hair_style": "bald", **changes})


def landmarks(expression: Expression = NEUTRAL, view: View | None = None, seed: int = 9):
    return draw_landmarks(FaceParameters(person(seed), expression, view or View()))


def moved(**intensities: float):
    """Movement of each landmark, to the image's right and down."""
    return landmarks(Expression.of(**intensities)) - landmarks()


@pytest.mark.parametrize("seed", range(6))
def test_eyes_are_where_the_alignment_puts_them(seed):
    view = replace(random_view(np.random.default_rng(seed)), roll=0.0)
    points = landmarks(view=view, seed=seed)
    np.testing.assert_allclose(five_points(points)[:2], EYE_POSITIONS, atol=0.012)


def test_a_face_seen_from_the_front_is_symmetric():
    points = landmarks(Expression.of(AU12=3, AU25=4))
    np.testing.assert_allclose(points[MIRRORED] * [-1, 1] + [1, 0], points, atol=1e-9)


def test_brows_and_lips_have_the_colours_of_the_drawing():
    face = FaceParameters(person(skin=0.1, hair_tone=0.0), NEUTRAL, View(contrast=0.0))
    picture, colours = draw_face(face, 256) / 255.0, palette(face.identity)
    x, y = (draw_landmarks(face) * 256).astype(int).T
    for points, colour in ((range(18, 21), colours.brow), (range(23, 26), colours.brow)):
        drawn = picture[y[list(points)], x[list(points)]]
        to_brow, to_skin = (np.abs(drawn - np.asarray(c)).mean(1) for c in (colour, colours.skin))
        assert (to_brow < 0.5 * to_skin).all()


def test_an_open_mouth_is_dark_between_the_inner_lips():
    face = FaceParameters(person(skin=0.1), Expression.of(AU25=5, AU26=5), View())
    points, picture = draw_landmarks(face) * 256, draw_face(face, 256) / 255.0
    x, y = np.round(0.35 * points[62] + 0.65 * points[66]).astype(int)
    chin_x, chin_y = np.round(0.5 * points[57] + 0.5 * points[8]).astype(int)
    assert picture[y, x].mean() < 0.6 * picture[chin_y, chin_x].mean()


def test_action_units_move_their_landmarks():
    assert moved(AU12=5)[54, 0] > 0.02
    assert moved(AU12=5)[[48, 54], 1].max() < -0.02
    assert moved(AU26=5)[8, 1] > 0.03
    assert moved(AU01=5)[21, 1] < 2 * moved(AU01=5)[17, 1] - 0.02
    assert moved(AU02=5)[17, 1] < moved(AU02=5)[21, 1] - 0.02
    np.testing.assert_allclose(moved(AU26=5)[17:48], 0.0, atol=1e-12)


def test_lids_and_lips_open_and_close():
    def gaps(points):
        return np.linalg.norm(points[[37, 44, 62]] - points[[41, 46, 66]], axis=1)

    still = gaps(landmarks())
    assert (gaps(landmarks(Expression.of(AU45=5)))[:2] < 0.2 * still[:2]).all()
    assert still[2] == 0.0
    assert gaps(landmarks(Expression.of(AU25=3)))[2] > 0.01


def test_light_moves_nothing():
    view = View(light=1.0, contrast=0.6, background_tone=0.1)
    np.testing.assert_array_equal(landmarks(view=view), landmarks())


def test_the_committed_tables_give_landmarks_of_every_picture():
    faces = find_drawn_faces(COMMITTED)
    assert faces is not None
    points = faces.landmarks("s001", "happiness")
    assert points is not None
    assert points.shape == (68, 2)
    assert faces.landmarks("s001", "nothing") is None
    assert points.min() > 0.0
    assert points.max() < 1.0


def test_the_hash_is_of_the_tables(tmp_path):
    assert find_drawn_faces(tmp_path) is None
    for name in ("faces.csv", "identities.csv"):
        shutil.copy(COMMITTED / name, tmp_path)
    copied, committed = find_drawn_faces(tmp_path), find_drawn_faces(COMMITTED)
    assert copied.sha256 == committed.sha256
    table = tmp_path / "faces.csv"
    table.write_text(table.read_text().replace("s001,neutral,0.00", "s001,neutral,none"))
    assert copied.sha256 != committed.sha256
    with pytest.raises(BenchError, match=r"faces\.csv:2: malformed"):
        copied.landmarks("s002", "neutral")
