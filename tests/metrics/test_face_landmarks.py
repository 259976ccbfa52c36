"""The 68 landmarks of the MediaPipe estimator, on real photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.au.face_mesh import MESH_OF_IBUG
from metrics.contracts import EYE_POSITIONS
from metrics.landmarks import EYE_CORNERS, LANDMARKS
from metrics.measures.landmarks import normalised_mean_errors

Faces: TypeAlias = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="module")
def landmarks_of(
    weights_dir: Path,
) -> Iterator[Callable[[NDArray[np.uint8]], NDArray[np.float64]]]:
    from metrics.au.mediapipe import MediaPipeAUEstimator

    with MediaPipeAUEstimator(weights_dir / "mediapipe" / "face_landmarker.task") as estimator:

        def read(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
            found = estimator.estimate(frames).landmarks
            assert found is not None
            return found.astype(np.float64)

        yield read


Read: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


def test_there_are_68_different_points() -> None:
    assert len(set(MESH_OF_IBUG.tolist())) == LANDMARKS == len(MESH_OF_IBUG)


def test_they_lie_where_ibug_has_them(landmarks_of: Read, faces: Faces) -> None:
    points = landmarks_of(faces("neutral", limit=20))
    assert points.shape == (20, LANDMARKS, 2)
    eyes = [points[:, i : i + 6].mean(axis=1) for i in (36, 42)]
    for found, expected in zip(eyes, EYE_POSITIONS, strict=True):
        np.testing.assert_allclose(found.mean(axis=0), expected, atol=0.01)
    x, y = points[..., 0], points[..., 1]
    assert (np.diff(x[:, :17], axis=1)[:, 4:12] > 0).all(), "the jaw runs from left to right"
    assert (y[:, 8] > y[:, [0, 16, 57]].max(axis=1)).all(), "its middle is the chin"
    assert (y[:, 17:27].max(axis=1) < y[:, 36:48].min(axis=1)).all(), "brows above eyes"
    assert (y[:, 51] < y[:, 57]).all(), "upper lip above lower lip"
    assert (x[:, 48] < x[:, 54]).all(), "mouth from left to right"
    assert (x[:, EYE_CORNERS[0]] < x[:, 39]).all(), "outer corner outside"


def test_a_mirrored_face_has_mirrored_landmarks(landmarks_of: Read, faces: Faces) -> None:
    frames = faces("neutral", limit=8)
    points, mirrored = landmarks_of(frames), landmarks_of(frames[:, :, ::-1].copy())
    jaw = mirrored[:, 16::-1] * np.array([-1.0, 1.0]) + np.array([1.0, 0.0])
    np.testing.assert_allclose(jaw, points[:, :17], atol=0.03)


def test_a_smile_moves_the_mouth_and_the_same_picture_does_not(
    landmarks_of: Read, faces: Faces
) -> None:
    neutral, smiling = (landmarks_of(faces(e, limit=10)) for e in ("neutral", "smiling"))
    np.testing.assert_array_equal(landmarks_of(faces("neutral", limit=10)), neutral)
    assert normalised_mean_errors(smiling, neutral).mean() > 0.02
    moved = np.abs(smiling - neutral).sum(axis=-1).mean(axis=0)
    assert moved[[48, 54]].min() > 2 * moved[[36, 39, 42, 45]].mean()


def test_no_face_has_no_landmarks(landmarks_of: Read) -> None:
    assert np.isnan(landmarks_of(np.full((1, 64, 64, 3), 128, dtype=np.uint8))).all()
