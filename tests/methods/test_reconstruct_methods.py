"""Encoding and decoding without a transfer, for the methods that have it."""

from __future__ import annotations

import numpy as np
import pytest

from bench.methods.anchors import TargetNeutral
from bench.methods.glow_arith import GlowArithmetic
from bench.methods.pca_arith import PcaArithmetic
from bench.methods.pca_arith_face import PcaFaceArithmetic
from bench.methods.pixel_arith import PixelArithmetic
from bench.plugins.contracts import Reconstructs


@pytest.fixture
def method(context, weights) -> GlowArithmetic:
    method = GlowArithmetic(model=str(weights))
    method.prepare(context)
    return method


def test_who_can_and_who_cannot() -> None:
    assert isinstance(PixelArithmetic(), Reconstructs)
    assert isinstance(GlowArithmetic(), Reconstructs)
    assert isinstance(PcaFaceArithmetic(), Reconstructs)
    assert not isinstance(PcaArithmetic(), Reconstructs)
    assert not isinstance(TargetNeutral(), Reconstructs)


def test_pixels_are_their_own_code(faces) -> None:
    chosen = list(faces.values())
    images = PixelArithmetic().reconstruct(chosen)
    np.testing.assert_array_equal(images, [face.pixels for face in chosen])


def test_a_flow_is_invertible(method, faces) -> None:
    chosen = list(faces.values())
    images = method.reconstruct(chosen)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, [face.pixels for face in chosen])


def test_it_is_a_transfer_to_oneself_with_one_reference(method, faces, request_for) -> None:
    """y = z_target + 0 (...), with the target's only reference the face itself."""
    request = request_for("a", "b", 0.0)
    face = request.target_reference[0]
    alone = type(request)(
        request.pair, request.source, request.source_reference, (face,), request.alpha
    )
    np.testing.assert_array_equal(method.reconstruct([face]), method.transfer([alone]))


def test_faces_may_come_in_any_grouping(method, faces) -> None:
    method.latents.batch = 3
    chosen = list(faces.values())
    together = method.reconstruct(chosen)
    for face, image in zip(chosen, together, strict=True):
        np.testing.assert_array_equal(method.reconstruct([face])[0], image)
