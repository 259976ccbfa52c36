from __future__ import annotations

import numpy as np
import pytest

from bench.methods.pixel_arith import PixelArithmetic


def mean(faces, identity: str) -> np.ndarray:
    return (
        faces[identity, "neutral"].pixels / 2.0 + faces[identity, "neutral-2"].pixels / 2.0
    ) / 255


def transfer(context, requests) -> np.ndarray:
    method = PixelArithmetic()
    assert method.prepare(context) == {}
    return method.transfer(requests)


def test_at_alpha_0_it_is_the_target_s_mean_face(context, faces, request_for):
    images = transfer(context, [request_for("a", "b", 0.0), request_for("c", "b", 0.0)])
    np.testing.assert_allclose(images, [mean(faces, "b")] * 2, atol=1e-6)


def test_a_self_pair_at_alpha_1_is_the_source(context, faces, request_for):
    image = transfer(context, [request_for("a", "a", 1.0)])[0]
    np.testing.assert_allclose(image, faces["a", "smiling"].pixels / 255.0, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.4, 1.0, 1.5])
def test_in_between_it_is_equation_2_clipped(context, faces, request_for, alpha):
    image = transfer(context, [request_for("a", "b", alpha)])[0]
    change = faces["a", "smiling"].pixels / 255.0 - mean(faces, "a")
    expected = (mean(faces, "b") + alpha * change).clip(0.0, 1.0)
    np.testing.assert_allclose(image, expected, atol=1e-6)
    assert image.dtype == np.float32
    assert expected.min() == 0.0  # so that clipping has been seen
