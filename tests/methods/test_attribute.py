from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.methods.attribute import Attribute
from bench.methods.eigenfaces import Eigenfaces
from bench.methods.pixel_arith import mean_face, unit
from bench.run.outputs import call_method
from glow import Glow


def direction(faces, people: str) -> np.ndarray:
    return np.mean([unit(faces[i, "smiling"]) - unit(faces[i, "neutral"]) for i in people], axis=0)


def prepared(context, **parameters) -> Attribute:
    method = Attribute(**parameters)
    method.prepare(context)
    return method


def test_it_is_equation_1_in_pixels(dev_context, faces, request_for):
    request = request_for("a", "b", 0.4)
    image = prepared(dev_context, space="pixels").transfer([request])[0]
    expected = mean_face(request.target_reference) + 0.4 * direction(faces, "cd")
    np.testing.assert_allclose(image, expected.clip(0.0, 1.0), atol=1e-6)


def test_in_pca_the_same_is_shown_by_eigenfaces(dev_context, faces, request_for):
    request = request_for("a", "b", 0.4)
    image = prepared(dev_context, space="pca").transfer([request])[0]
    total = mean_face(request.target_reference) + 0.4 * direction(faces, "cd")
    model = Eigenfaces.fit(dev_context.development(), 0.999)
    expected = model.decode(model.encode(total.ravel())).clip(0.0, 1.0)
    np.testing.assert_allclose(image.ravel(), expected, atol=1e-6)


def test_it_is_equation_1_on_latents(dev_context, faces, request_for, weights):
    model = Glow.from_pretrained(weights)

    def latent(identity: str, sample: str) -> torch.Tensor:
        pixels = torch.from_numpy(faces[identity, sample].pixels)
        return model.latents(pixels.permute(2, 0, 1)[None] / 255.0)[0]

    change = sum(latent(i, "smiling") - latent(i, "neutral") for i in "cd") / 2.0
    target = (latent("b", "neutral") + latent("b", "neutral-2")) / 2.0
    decoded = model.decode((target + 0.4 * change)[None])[0].permute(1, 2, 0).clamp(0, 1)
    image = prepared(dev_context, model=str(weights)).transfer([request_for("a", "b", 0.4)])[0]
    np.testing.assert_allclose(image / 255.0, decoded, atol=1 / 255)


@pytest.mark.parametrize("space", ["glow", "pca", "pixels"])
def test_of_the_source_only_the_label_counts(dev_context, faces, request_for, weights, space):
    method = prepared(dev_context, space=space, model=str(weights))
    request = request_for("a", "b", 0.8)
    noise = np.random.default_rng(9).integers(256, size=(16, 16, 3), dtype=np.uint8)
    other = replace(request.source, pixels=noise, sample="another", identity="z")
    strange = replace(request, source=other, source_reference=(other,))
    np.testing.assert_array_equal(method.transfer([strange]), method.transfer([request]))
    renamed = replace(request, source=replace(request.source, expression="neutral"))
    assert not np.array_equal(method.transfer([renamed]), method.transfer([request]))


@pytest.mark.parametrize("space", ["pca", "pixels"])
def test_at_alpha_0_the_label_does_not_count_either(dev_context, request_for, space):
    method = prepared(dev_context, space=space)
    requests = [request_for(source, "b", 0.0) for source in "acd"]
    images = method.transfer(requests)
    np.testing.assert_array_equal(images, images[:1].repeat(3, axis=0))
    if space == "pixels":
        np.testing.assert_allclose(images[0], mean_face(requests[0].target_reference), atol=1e-6)


def test_on_dev_the_pair_s_own_people_are_left_out(dev_context, faces, request_for):
    method = prepared(dev_context, space="pixels")
    for source, target, others in [("c", "a", "d"), ("a", "d", "c")]:
        request = request_for(source, target, 0.4)
        expected = mean_face(request.target_reference) + 0.4 * direction(faces, others)
        image = method.transfer([request])[0]
        np.testing.assert_allclose(image, expected.clip(0.0, 1.0), atol=1e-6)


def test_an_expression_that_dev_lacks_fails_its_own_samples_alone(dev_context, request_for):
    method = prepared(dev_context, space="pixels")
    known = request_for("a", "b")
    surprised = replace(known, source=replace(known.source, expression="surprise"))
    of_dev_alone = request_for("c", "d")
    outputs = call_method(method, [known, surprised, of_dev_alone], 16)
    assert [output.outcome for output in outputs] == ["ok", "method_error", "method_error"]
    for output, expression in zip(outputs[1:], ["surprise", "happy"], strict=True):
        wanted = f"nobody else of the dev part shows '{expression}'; expressions of dev: happy"
        assert wanted in output.detail


def test_images_do_not_depend_on_their_company(dev_context, request_for):
    requests = [request_for(s, t, alpha) for s in "ab" for t in "ab" for alpha in (0.0, 1.2)]
    together = prepared(dev_context, space="pixels").transfer(requests)
    alone = prepared(dev_context, space="pixels")
    for request, image in reversed(list(zip(requests, together, strict=True))):
        np.testing.assert_array_equal(alone.transfer([request])[0], image)


def test_an_unknown_space_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="space must be one of glow, pca, pixels, not 'gan'"):
        Attribute(space="gan")
