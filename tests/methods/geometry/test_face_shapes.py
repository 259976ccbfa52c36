from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.data.synthfaces import NAMED_EXPRESSIONS, View
from bench.data.synthfaces.landmarks import draw_landmarks
from bench.methods.face_shapes import (
    FaceLandmarks,
    face_shape,
    in_neutral_pose,
    motion,
    resting,
    within_face,
)
from metrics.similarity import Similarity

TURN = Similarity(1.1 * np.exp(0.08j), 0.05 - 0.02j)


@pytest.fixture
def neutral(drawing):
    return drawing.landmarks(drawing.face("a", "neutral"))


@pytest.fixture
def smile(drawing):
    return drawing.landmarks(drawing.face("a", "happiness"))


@pytest.fixture
def other(drawing):
    return drawing.landmarks(drawing.face("b", "neutral"))


def test_a_head_that_moved_and_turned_in_the_plane_comes_back(neutral):
    np.testing.assert_allclose(in_neutral_pose(TURN(neutral), neutral), neutral, atol=1e-9)


@pytest.mark.parametrize("view", [View(yaw=6.0), View(pitch=-4.0), View(yaw=-4.0, pitch=3.0)])
def test_a_head_that_turned_aside_comes_back_for_the_most_part(drawing, neutral, view):
    turned = draw_landmarks(replace(drawing.parameters("a", "neutral"), view=view))
    left = np.linalg.norm(in_neutral_pose(turned, neutral) - neutral, axis=1).mean()
    assert left < 0.35 * np.linalg.norm(turned - neutral, axis=1).mean()


@pytest.mark.parametrize("name", NAMED_EXPRESSIONS)
def test_what_is_no_pose_stays(drawing, neutral, name):
    points = drawing.landmarks(drawing.face("a", name))
    moved, kept = points - neutral, in_neutral_pose(points, neutral) - neutral
    assert np.linalg.norm(kept - moved) < 0.35 * np.linalg.norm(moved)


def test_without_an_expression_there_is_no_motion(neutral, other):
    np.testing.assert_allclose(motion(TURN(neutral), neutral, other), 0.0, atol=1e-9)


def test_motion_on_oneself_leads_to_the_expression(neutral, smile):
    np.testing.assert_allclose(
        neutral + motion(smile, neutral, neutral), in_neutral_pose(smile, neutral), atol=1e-12
    )


def test_motion_takes_the_target_s_scale_and_roll(neutral, smile):
    """And where either picture's head is, does not matter."""
    moved = motion(smile, neutral, neutral)
    np.testing.assert_allclose(
        motion(smile, neutral, TURN(neutral)), TURN(moved) - TURN(np.zeros((1, 2))), atol=1e-9
    )
    np.testing.assert_allclose(motion(TURN(smile), neutral, neutral), moved, atol=1e-3)
    np.testing.assert_allclose(motion(TURN(smile), TURN(neutral), neutral), moved, atol=1e-3)


def test_still_points_know_of_the_neutral_landmarks_alone(neutral, smile):
    expressive, calm = face_shape(smile, neutral), face_shape(neutral, neutral)
    np.testing.assert_array_equal(expressive[68:], calm[68:])
    np.testing.assert_array_equal(expressive[:68], smile)
    assert {(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)} <= {tuple(p) for p in calm}
    assert (calm[68:74, 1] < calm[17:27, 1].min()).all()
    assert len(within_face()) == len(calm)


def test_resting_landmarks_follow_the_head(neutral):
    np.testing.assert_allclose(resting(neutral, TURN(neutral)), TURN(neutral), atol=1e-9)


def test_a_face_without_landmarks_is_named(drawing):
    context = replace(
        drawing.context(),
        landmarks=lambda faces: [
            None if face.sample == "again" else drawing.landmarks(face) for face in faces
        ],
    )
    landmarks = FaceLandmarks(context)
    assert landmarks[drawing.face("a", "neutral")].shape == (68, 2)
    with pytest.raises(LookupError, match="a/again"):
        landmarks[drawing.face("a", "again")]


def test_a_benchmark_without_usable_landmarks_is_refused(drawing):
    nothing = replace(drawing.context(), landmarks=lambda faces: [None] * len(faces))
    with pytest.raises(ValueError, match="neither the dataset drawn nor the AU estimator"):
        FaceLandmarks(nothing)
    with pytest.raises(ValueError, match="ibug-68, not mesh-478"):
        FaceLandmarks(replace(drawing.context(), landmark_scheme="mesh-478"))
