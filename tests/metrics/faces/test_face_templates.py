from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from metrics.crop import ARCFACE_POINTS
from metrics.faces.finder import POINTS
from metrics.faces.templates import TEMPLATES
from metrics.similarity import Similarity

FACE = np.array([(120.0, 210.0), (200.0, 190.0), (165.0, 240.0), (140.0, 285.0), (205.0, 270.0)])
"""A face with its mouth to the right and its head tilted."""


def official_quad(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The corners (4, 2) of NVlabs/ffhq-dataset, line by line: top left, then against the clock."""
    eye_left, eye_right, _, mouth_left, mouth_right = points
    eye_avg = (eye_left + eye_right) * 0.5
    eye_to_eye = eye_right - eye_left
    mouth_avg = (mouth_left + mouth_right) * 0.5
    eye_to_mouth = mouth_avg - eye_avg
    x = eye_to_eye - np.flipud(eye_to_mouth) * [-1, 1]
    x /= np.hypot(*x)
    x *= max(np.hypot(*eye_to_eye) * 2.0, np.hypot(*eye_to_mouth) * 1.8)
    y = np.flipud(x) * [-1, 1]
    c = eye_avg + eye_to_mouth * 0.1
    return np.stack([c - x - y, c - x + y, c + x + y, c + x - y])


@pytest.mark.parametrize("side", [64, 256, 1024])
def test_glow_brings_the_eyes_to_their_places_whatever_the_rest_does(side: int) -> None:
    points = FACE.copy()
    points[2:] = np.nan
    eyes = TEMPLATES["glow"].similarity(points, side)(points[:2])
    np.testing.assert_allclose(eyes, np.array([(0.371, 0.480), (0.629, 0.480)]) * side)


def test_ffhq_brings_the_official_corners_to_the_corners() -> None:
    similarity = TEMPLATES["ffhq"].similarity(FACE, 256)
    corners = similarity(official_quad(FACE))
    np.testing.assert_allclose(corners, [(0, 0), (0, 256), (256, 256), (256, 0)], atol=1e-9)


@pytest.mark.parametrize("height", [70.0, 88.0, 120.0])
def test_ffhq_of_an_upright_face_has_its_eyes_where_the_formula_says(height: float) -> None:
    distance = 80.0
    face = np.array([(-40.0, 0), (40.0, 0), (0, 30.0), (-30.0, height), (30.0, height)])
    half = max(2.0 * distance, 1.8 * height)
    left, right = TEMPLATES["ffhq"].similarity(face, 1)(face[:2])
    down = 0.5 - height / (20.0 * half)
    np.testing.assert_allclose(left, [0.5 - distance / (4.0 * half), down])
    np.testing.assert_allclose(right, [0.5 + distance / (4.0 * half), down])


def test_an_open_mouth_makes_ffhq_smaller_and_glow_not() -> None:
    opened = FACE.copy()
    opened[3:, 1] += 60.0
    scales = {
        name: [abs(TEMPLATES[name].similarity(face, 256).scale) for face in (FACE, opened)]
        for name in ("ffhq", "glow")
    }
    assert scales["ffhq"][1] < 0.9 * scales["ffhq"][0]
    assert scales["glow"][1] == scales["glow"][0]


def test_arcface_leaves_its_own_points_where_they_are() -> None:
    points = np.array(ARCFACE_POINTS) + 0.5
    similarity = TEMPLATES["arcface"].similarity(points, 112)
    assert similarity.scale == pytest.approx(1.0)
    assert similarity.shift == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_a_template_undoes_every_similarity(name: str) -> None:
    moved = Similarity(complex(0.3 * np.exp(0.7j)), 12.0 + 80.0j)
    template = TEMPLATES[name]
    before = template.similarity(FACE, 256)(FACE)
    np.testing.assert_allclose(template.similarity(moved(FACE), 256)(moved(FACE)), before)


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_unknown_points_are_named(name: str) -> None:
    template = TEMPLATES[name]
    for need in template.needs:
        points = FACE.copy()
        points[POINTS.index(need), 1] = np.nan
        with pytest.raises(ValueError, match=f"template {name} needs {need}"):
            template.similarity(points, 256)


@pytest.mark.parametrize("name", list(TEMPLATES))
def test_points_that_coincide_are_no_face(name: str) -> None:
    with pytest.raises(ValueError, match="different"):
        TEMPLATES[name].similarity(np.full((5, 2), 7.0), 256)
