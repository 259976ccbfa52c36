"""Landmarks as the methods of geometry use them: shapes of one mesh, poses, and motion.

A shape is the vertices (V, 2) of a mesh, x and y as fractions of the frame: the 68 landmarks of
iBUG 68, then points of the forehead and of the frame that no expression moves.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.plugins.contracts import IBUG_68, Face, Landmarks, MethodContext
from metrics.landmarks import LANDMARKS
from metrics.similarity import fit_similarity

__all__ = [
    "IMAGE_LEFT_BROW", "IMAGE_LEFT_EYE", "IMAGE_RIGHT_BROW", "IMAGE_RIGHT_EYE", "MOUTH", "RIGID",
    "FaceLandmarks", "Shape", "face_shape", "in_neutral_pose", "motion", "resting", "within_face",
]  # fmt: skip

Shape = NDArray[np.float64]

JAW: Final = slice(0, 17)
IMAGE_LEFT_BROW: Final = slice(17, 22)
IMAGE_RIGHT_BROW: Final = slice(22, 27)
BROWS: Final = slice(17, 27)
NOSE_BASE: Final = 33
IMAGE_LEFT_EYE: Final = slice(36, 42)
IMAGE_RIGHT_EYE: Final = slice(42, 48)
MOUTH: Final = slice(48, 68)
BROW_ENDS: Final = [17, 26]

RIGID: Final = [0, 1, 15, 16, 27, 28, 29, 30, 33, 36, 39, 42, 45]
"""What an expression hardly moves: the jaw's ends, the nose and the corners of the eyes."""

HEAD_RADII: Final = np.array([2.5, 3.7, 2.3])
"""Half width, half height and depth of an average head, in halves of the distance of the eyes."""

FOREHEAD: Final = [17, 19, 21, 22, 24, 26]
FOREHEAD_HEIGHTS: Final = np.array([0.3, 0.55, 0.55, 0.55, 0.55, 0.3])
"""Of the still points above these, as shares of the way from the nose's base to the brows."""

FRAME_STEPS: Final = 4


class FaceLandmarks:
    """The landmarks of a benchmark's faces, for a method that cannot do without.

    Raises:
        ValueError: the benchmark has no landmarks, or not those of iBUG 68.
    """

    def __init__(self, context: MethodContext) -> None:
        if context.landmark_scheme != IBUG_68:
            raise ValueError(
                f"it needs landmarks of the scheme {IBUG_68}, not {context.landmark_scheme}"
            )
        # All of them, so that an AU estimator on another machine is asked for them at once.
        if all(points is None for points in context.landmarks(context.development())):
            raise ValueError(
                f"it needs landmarks, and neither the dataset {context.dataset} nor the AU "
                "estimator gives any: choose one that does, such as --au mediapipe"
            )
        self._find = context.landmarks
        self.source = context.landmark_source

    def __getitem__(self, face: Face) -> Landmarks:
        """The 68 points of a face.

        Raises:
            LookupError: the face has none.
        """
        points = self._find([face])[0]
        if points is None:
            raise LookupError(f"no landmarks were found in {face.identity}/{face.sample}")
        return points


def in_neutral_pose(landmarks: Landmarks, neutral: Landmarks) -> Landmarks:
    """Landmarks with the head turned and brought to where it is in the person's neutral picture.

    Least squares over what an expression hardly moves, of shift, roll, scale and, to first order,
    yaw and pitch, which move a point by its depth. Faces lie on an ellipsoid, and the jaw, as the
    head's outline, at its axis.
    """
    eyes = [neutral[eye].mean(axis=0) for eye in (IMAGE_LEFT_EYE, IMAGE_RIGHT_EYE)]
    unit = np.linalg.norm(eyes[1] - eyes[0]) / 2.0
    from_axis = (neutral - np.mean(eyes, axis=0)) / unit / HEAD_RADII[:2]
    depth = np.sqrt(np.clip(1.0 - np.square(from_axis).sum(axis=1), 0.0, None))
    depth[JAW] = 0.0
    x, y = landmarks.T
    zero, one = np.zeros_like(x), np.ones_like(x)
    movements = np.stack(
        [[x, -y, one, zero, depth, zero], [y, x, zero, one, zero, depth]], axis=1
    ).T  # (68, 2, 6)
    fitted = movements[RIGID].reshape(-1, 6)
    amounts = np.linalg.lstsq(fitted, neutral[RIGID].ravel(), rcond=None)[0]
    posed: Landmarks = movements @ amounts
    return posed


def motion(source: Landmarks, source_neutral: Landmarks, target_neutral: Landmarks) -> Landmarks:
    """How the source's landmarks moved, on the target's face.

    The head of the source is first brought back to its neutral pose. Then the two persons are
    normalised by the similarity between their neutral faces: the motion takes its rotation and
    scale.

    Returns:
        (68, 2), to be added to the target's neutral landmarks.
    """
    moved = in_neutral_pose(source, source_neutral) - source_neutral
    scale = fit_similarity(source_neutral, target_neutral).scale
    turned = scale * (moved[:, 0] + 1j * moved[:, 1])
    return np.stack([turned.real, turned.imag], axis=-1)


def resting(neutral: Landmarks, landmarks: Landmarks) -> Landmarks:
    """A person's neutral landmarks where the head is in another picture."""
    return fit_similarity(neutral[RIGID], landmarks[RIGID])(neutral)


def face_shape(landmarks: Landmarks, neutral: Landmarks) -> Shape:
    """Landmarks with the points that no expression moves.

    Args:
        landmarks: (68, 2).
        neutral: (68, 2) neutral landmarks in the same picture, which tell where the forehead is.
    """
    upwards = neutral[BROWS].mean(axis=0) - neutral[NOSE_BASE]
    forehead = neutral[FOREHEAD] + FOREHEAD_HEIGHTS[:, None] * upwards
    steps = np.arange(FRAME_STEPS) / FRAME_STEPS
    zero, one = np.zeros(FRAME_STEPS), np.ones(FRAME_STEPS)
    sides = [(steps, zero), (one, steps), (1.0 - steps, one), (zero, 1.0 - steps)]
    frame = [np.stack(side, axis=-1) for side in sides]
    return np.concatenate([landmarks, forehead, *frame])


def within_face() -> NDArray[np.float64]:
    """What fades out towards the edge of the face, as a value of each vertex, (V, 1).

    1 at brows, eyes, nose and mouth; 0 at the jaw, at the ends of the brows, which hair may reach,
    and outside.
    """
    inside = np.zeros((LANDMARKS + len(FOREHEAD) + 4 * FRAME_STEPS, 1))
    inside[BROWS.start : LANDMARKS] = 1.0
    inside[BROW_ENDS] = 0.0
    return inside
