from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.methods.expression_ratio import ExpressionRatio
from bench.methods.landmark_warp import LandmarkWarp
from bench.plugins.contracts import Face


def transfer(context, request, **parameters: float) -> np.ndarray:
    method = ExpressionRatio(**parameters)
    method.prepare(context)
    return method.transfer([request])[0]


def darker(drawing, factor: float, alpha: float):
    """A request whose source is its own neutral face in less light."""
    request = drawing.request("a", "b", "again", alpha)
    pixels = (drawing.face("a", "neutral").pixels * factor).round().astype(np.uint8)
    return replace(request, source=Face("a", "again", "", pixels))


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_a_source_in_less_light_darkens_the_face_by_the_power_of_the_ratio(drawing, alpha):
    image = transfer(drawing.context(), darker(drawing, 0.8, alpha))
    neutral = drawing.face("b", "neutral")
    x, y = (drawing.landmarks(neutral)[30] * 64).astype(int)
    ratio = image[y, x] / (neutral.pixels[y, x] / 255.0)
    np.testing.assert_allclose(ratio, 0.8**alpha, rtol=0.04 * alpha)


def test_hair_clothes_and_background_keep_their_light(drawing):
    image = transfer(drawing.context(), darker(drawing, 0.8, 1.0))
    neutral = drawing.face("b", "neutral").pixels / 255.0
    for place in (np.s_[:8], np.s_[-3:], np.s_[:, :8], np.s_[:, -8:]):
        np.testing.assert_allclose(image[place], neutral[place], atol=1e-6)


def test_the_limit_holds(drawing):
    image = transfer(drawing.context(), darker(drawing, 0.2, 1.0), limit=1.5)
    neutral = drawing.face("b", "neutral").pixels / 255.0
    assert (image >= neutral / 1.5 - 1e-6).all()


def test_with_a_limit_of_1_it_is_the_warp_alone(drawing):
    request = drawing.request("a", "b", "surprise")
    warp = LandmarkWarp()
    warp.prepare(drawing.context())
    np.testing.assert_allclose(
        transfer(drawing.context(), request, limit=1.0), warp.transfer([request])[0], atol=1e-9
    )


@pytest.mark.parametrize("expression", ["anger", "disgust", "pain", "yawn"])
def test_it_adds_what_the_warp_lacks(drawing, expression):
    """To a person's own expression, which is known."""
    request = drawing.request("b", "b", expression)
    warp = LandmarkWarp()
    warp.prepare(drawing.context())
    source = drawing.face("b", expression).pixels / 255.0
    errors = [
        np.abs(image - source).mean()
        for image in (transfer(drawing.context(), request), warp.transfer([request])[0])
    ]
    assert errors[0] < 0.8 * errors[1]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"fine": 0.1, "coarse": 0.01}, "fine <= coarse"),
        ({"fine": -0.1}, "0 <= fine"),
        ({"limit": 0.5}, "limit must be 1"),
        ({"limit": float("nan")}, "limit must be 1"),
    ],
)
def test_parameters_without_a_meaning_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        ExpressionRatio(**parameters)
