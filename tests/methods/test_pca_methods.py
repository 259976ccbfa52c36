"""pca-arith and pca-arith-face: one model, two ways to use it."""

from __future__ import annotations

import numpy as np
import pytest

from bench.methods.eigenfaces import Eigenfaces
from bench.methods.pca_arith import PcaArithmetic
from bench.methods.pca_arith_face import PcaFaceArithmetic
from bench.methods.pixel_arith import PixelArithmetic, mean_face, unit


def transfer(method, context, requests) -> np.ndarray:
    method.prepare(context)
    return method.transfer(requests)


def test_the_difference_alone_is_projected(dev_context, request_for):
    request = request_for("a", "b", 0.7)
    change = unit(request.source) - mean_face(request.source_reference)
    shown = Eigenfaces.fit(dev_context.development(), 0.8).project(change.ravel())
    expected = mean_face(request.target_reference) + 0.7 * shown.reshape(change.shape)
    image = transfer(PcaArithmetic(share=0.8), dev_context, [request])[0]
    np.testing.assert_allclose(image, expected.clip(0.0, 1.0), atol=1e-6)


def test_of_the_other_the_whole_face_is(dev_context, request_for):
    request = request_for("a", "b", 0.7)
    model = Eigenfaces.fit(dev_context.development(), 0.8)

    def code(image: np.ndarray) -> np.ndarray:
        return model.encode(image.ravel())

    change = code(unit(request.source)) - code(mean_face(request.source_reference))
    expected = model.decode(code(mean_face(request.target_reference)) + 0.7 * change)
    image = transfer(PcaFaceArithmetic(share=0.8), dev_context, [request])[0]
    np.testing.assert_allclose(image.ravel(), expected.clip(0.0, 1.0), atol=1e-6)


def test_at_alpha_0_one_keeps_the_target_s_pixels_and_the_other_does_not(dev_context, request_for):
    requests = [request_for(source, "b", 0.0) for source in "acd"]
    mean = mean_face(requests[0].target_reference)
    kept = transfer(PcaArithmetic(), dev_context, requests)
    np.testing.assert_allclose(kept, [mean] * 3, atol=1e-6)
    rebuilt = transfer(PcaFaceArithmetic(), dev_context, requests)
    np.testing.assert_array_equal(rebuilt, rebuilt[:1].repeat(3, axis=0))
    assert np.abs(rebuilt[0] - mean).max() > 0.1


@pytest.mark.parametrize("method", [PcaArithmetic, PcaFaceArithmetic])
def test_among_dev_people_all_components_are_pixel_arithmetic(method, dev_context, request_for):
    request = request_for("c", "d", 0.6)
    image = transfer(method(share=1.0), dev_context, [request])[0]
    expected = transfer(PixelArithmetic(), dev_context, [request])[0]
    np.testing.assert_allclose(image, expected, atol=1e-6)


def test_reconstruction_loses_strangers_and_no_dev_face(dev_context, faces):
    method = PcaFaceArithmetic(share=1.0)
    method.prepare(dev_context)
    shown = method.reconstruct([faces["c", "smiling"], faces["a", "smiling"]])
    np.testing.assert_allclose(shown[0], unit(faces["c", "smiling"]), atol=1e-6)
    assert np.abs(shown[1] - unit(faces["a", "smiling"])).max() > 0.1


@pytest.mark.parametrize("method", [PcaArithmetic, PcaFaceArithmetic])
def test_images_do_not_depend_on_their_company(method, dev_context, request_for):
    requests = [request_for(s, t, alpha) for s in "ab" for t in "ab" for alpha in (0.0, 1.2)]
    together = transfer(method(), dev_context, requests)
    alone = method()
    alone.prepare(dev_context)
    for request, image in reversed(list(zip(requests, together, strict=True))):
        np.testing.assert_array_equal(alone.transfer([request])[0], image)
    assert together.min() >= 0.0
    assert together.max() <= 1.0


@pytest.mark.parametrize("method", [PcaArithmetic, PcaFaceArithmetic])
def test_what_cannot_be_fitted_says_so(method, context):
    with pytest.raises(ValueError, match="at least 2 faces of dev, there are 0"):
        method().prepare(context)
    with pytest.raises(ValueError, match="share must be above 0"):
        method(share=2.0)
