"""What landmark-warp, expression-ratio and region-paste promise alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bench.methods.expression_ratio import ExpressionRatio
from bench.methods.landmark_warp import LandmarkWarp
from bench.methods.region_paste import RegionPaste
from bench.plugins.contracts import Method

GREY_LEVEL = 1.0 / 255.0


@pytest.fixture(params=[LandmarkWarp, ExpressionRatio, RegionPaste])
def kind(request) -> type:
    if request.param is RegionPaste:
        pytest.importorskip("cv2", reason="needs OpenCV: pip install -e '.[opencv]'")
    return request.param


@pytest.fixture
def method(kind, drawing) -> Method:
    made = kind()
    made.prepare(drawing.context())
    return made


def unit(face) -> np.ndarray:
    return face.pixels / 255.0


def test_at_alpha_0_it_is_the_target_s_neutral_face(method, drawing):
    images = method.transfer([drawing.request("a", "b", alpha=0.0)])
    np.testing.assert_allclose(images[0], unit(drawing.face("b", "neutral")), atol=1e-6)


def test_a_source_without_an_expression_changes_nothing(method, drawing):
    image = method.transfer([drawing.request("b", "b", "again")])[0]
    np.testing.assert_allclose(image, unit(drawing.face("b", "neutral")), atol=2.01 * GREY_LEVEL)


def test_a_person_s_own_expression_is_nearly_the_source(method, drawing):
    neutral, left = unit(drawing.face("b", "neutral")), []
    for expression in ("happiness", "sadness", "surprise", "anger"):
        image = method.transfer([drawing.request("b", "b", expression)])[0]
        source = unit(drawing.face("b", expression))
        left.append(np.abs(image - source).mean() / np.abs(neutral - source).mean())
    assert np.mean(left) < 0.7
    assert np.max(left) < 0.9


def test_alpha_scales_the_transfer(method, drawing):
    neutral = unit(drawing.face("b", "neutral"))
    images = method.transfer([drawing.request("a", "b", alpha=a) for a in (0.5, 1.0, 1.5)])
    changes = np.abs(images - neutral).mean(axis=(1, 2, 3))
    assert changes[0] < changes[1] < changes[2]
    assert images.min() >= 0.0
    assert images.max() <= 1.0


def test_the_image_of_a_request_knows_of_no_other(method, kind, drawing):
    requests = [
        drawing.request(*pair, sample, alpha)
        for pair in ("ab", "ba")
        for sample in ("happiness", "fear")
        for alpha in (0.0, 0.7, 1.2)
    ]
    together = method.transfer(requests)
    alone = kind()
    alone.prepare(drawing.context())
    for request, image in reversed(list(zip(requests, together, strict=True))):
        np.testing.assert_array_equal(alone.transfer([request])[0], image)


@pytest.mark.parametrize("size", [128, 256])
def test_at_a_higher_resolution_it_is_the_same_face(method, kind, drawing, drawing_of_size, size):
    fine = drawing_of_size(size)
    made = kind()
    made.prepare(fine.context())
    large = made.transfer([fine.request("a", "b")])[0]
    assert large.shape == (size, size, 3)
    reduced = Image.fromarray((large * 255).round().astype(np.uint8)).resize(
        (64, 64), Image.Resampling.BOX
    )
    small = method.transfer([drawing.request("a", "b")])[0]
    assert np.abs(np.asarray(reduced) / 255.0 - small).mean() < 0.02


def test_a_face_without_landmarks_fails_alone(method, kind, drawing):
    def landmarks(faces):
        return [None if f.sample == "fear" else drawing.landmarks(f) for f in faces]

    made = kind()
    made.prepare(replace(drawing.context(), landmarks=landmarks))
    with pytest.raises(LookupError, match="a/fear"):
        made.transfer([drawing.request("a", "b", "fear")])
    assert len(made.transfer([drawing.request("a", "b")])) == 1


def test_the_landmarks_are_among_what_decides_the_numbers(kind, drawing):
    found = kind().prepare(drawing.context())
    assert found["landmarks"] == "the drawing"
    other = kind().prepare(replace(drawing.context(), landmark_source="somebody"))
    assert {name for name in found if found[name] != other[name]} == {"landmarks"}
    assert kind.card.citation.endswith(("2001", "2003", "alone)"))
