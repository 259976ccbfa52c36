"""Codes by optimisation: the projection where the generator is linear, and the same every time."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest
import torch

from bench.data.images import resize
from bench.methods.gan_inversion import GanInversion
from bench.methods.generator.codes import BATCH
from bench.methods.generator.inversion import _Adam, find_codes
from bench.methods.generator.loading import load_generator
from bench.plugins.contracts import Face, Reconstructs
from metrics import perceptual


@pytest.fixture
def method(context, written, linear) -> GanInversion:
    method = GanInversion(
        generator=written(linear()), trust=True, steps=200, learning_rate=1.0, perceptual="none"
    )
    method.prepare(context)
    return method


def as_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float64) / 255.0).permute(0, 3, 1, 2)


def as_pixels(images: torch.Tensor) -> np.ndarray:
    return (images.clamp(0, 1) * 255.0).round().byte().permute(0, 2, 3, 1).numpy()


def grey_levels(images: np.ndarray, others: np.ndarray) -> int:
    assert images.dtype == others.dtype == np.uint8
    return int(np.abs(images.astype(int) - others).max())


def test_a_reconstruction_is_the_projection_onto_what_the_generator_shows(method, faces, projected):
    assert isinstance(method, Reconstructs)
    chosen = list(faces.values())
    expected = projected(as_tensor(np.stack([face.pixels for face in chosen])))
    assert grey_levels(method.reconstruct(chosen), as_pixels(expected)) <= 1


def test_what_the_generator_can_show_it_finds(method, context):
    w = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    shown = method.codes.decode(w.double())
    faces = [Face("p", str(i), "neutral", pixels) for i, pixels in enumerate(shown)]
    assert grey_levels(method.reconstruct(faces), np.stack(shown)) <= 1


def test_a_transfer_is_the_same_arithmetic_in_w(method, faces, request_for, projected):
    """G is linear, so that equation (2) on codes is equation (2) on projected images."""
    shown = {key: projected(as_tensor(face.pixels[None]))[0] for key, face in faces.items()}
    mean = {i: (shown[i, "neutral"] + shown[i, "neutral-2"]) / 2.0 for i in "ab"}
    expected = mean["b"] + 0.7 * (shown["a", "smiling"] - mean["a"])
    image = method.transfer([request_for("a", "b", 0.7)])
    assert grey_levels(image, as_pixels(expected[None])) <= 1


def test_at_alpha_0_it_is_the_decoded_mean_whoever_the_source(method, request_for, faces):
    images = method.transfer([request_for(source, "b", 0.0) for source in "acd"])
    codes = method.codes.mean([faces["b", "neutral"], faces["b", "neutral-2"]])
    expected = method.codes.decode([codes])[0]
    for image in images:
        np.testing.assert_array_equal(image, expected)


def test_a_code_depends_on_nothing_but_the_face(context, written, linear, faces):
    """To the last digit, though the grouping and the order differ."""
    path = written(linear())
    chosen = list(faces.values())
    assert len(chosen) < BATCH

    def codes(*groups: list[Face]) -> torch.Tensor:
        method = GanInversion(generator=path, trust=True, steps=20, perceptual="none")
        method.prepare(context)
        for group in groups:
            method.codes.encode(group)
        return torch.stack([method.codes.of(face) for face in chosen])

    together = codes(chosen)
    assert torch.equal(codes(chosen), together)
    assert torch.equal(codes(chosen[::-1]), together)
    assert torch.equal(codes(*[[face] for face in chosen]), together)
    assert torch.equal(codes(chosen * 3), together)


def test_every_face_is_encoded_once(method, request_for, monkeypatch):
    from bench.methods.generator import codes

    seen: list[torch.Tensor] = []

    def counting(generator, faces, **settings):
        seen.extend(faces.unique(dim=0))
        return find(generator, faces, **settings)

    find = codes.find_codes
    monkeypatch.setattr(codes, "find_codes", counting)
    for alpha in (0.0, 0.5, 1.0):
        for source in "abcd":
            method.transfer([request_for(source, target, alpha) for target in "abcd"])
    assert len(seen) == len(torch.stack(seen).unique(dim=0)) == 12


def test_both_distances_are_made_small(written, linear, faces, projected):
    """G is linear: the least weighted squared error is at the projection of the weighted mean."""
    generator = load_generator(written(linear()), trust=True)
    face, other = (as_tensor(f.pixels[None]).float() for f in list(faces.values())[:2])

    def to_the_other(images: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return 12.0 * (images - other).square().flatten(1).mean(dim=1)

    code = find_codes(generator, face, steps=300, learning_rate=1.0, perceptual=to_the_other)
    expected = projected((4.0 * face + 12.0 * other) / 16.0)
    assert (generator.images(code) - expected).abs().max() < 0.01
    alone = find_codes(generator, face, steps=300, learning_rate=1.0, perceptual=None)
    assert (generator.images(alone) - projected(face)).abs().max() < 0.01


def test_images_are_asked_for_at_one_side_and_made_at_another(
    context, written, linear, faces, projected
):
    face = next(iter(faces.values()))
    for side in (8, 32):
        method = GanInversion(
            generator=written(linear()), trust=True, steps=200, learning_rate=1.0,
            perceptual="none",
        )  # fmt: skip
        method.prepare(dataclasses.replace(context, resolution=side))
        pixels = np.kron(face.pixels, np.ones((2, 2, 1), np.uint8))[:side, :side]
        image = method.reconstruct([dataclasses.replace(face, pixels=pixels)])[0]
        assert image.shape == (side, side, 3)
    shown = as_pixels(projected(as_tensor(resize(pixels, 16)[None])))[0]
    assert grey_levels(image, resize(shown, 32)) <= 1


def test_no_switch_of_torch_is_left_changed(method, faces):
    with torch.inference_mode():
        method.reconstruct(list(faces.values()))
        assert torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()
    random = torch.get_rng_state()
    with torch.no_grad():
        method.codes._encoded = method.codes._encode
        method.reconstruct(list(faces.values()))
        assert not torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), random)


def test_the_identity_of_a_run_names_weights_and_distance(context, written, linear):
    method = GanInversion(generator=written(linear()), trust=True)
    found = method.prepare(context)
    assert found["weights_sha256"] == method.codes._generator.sha256
    assert found["perceptual"] == "none"  # the faces are too small


def test_a_code_that_is_not_finite_is_an_error(context, written, linear, faces):
    method = GanInversion(generator=written(linear()), trust=True, learning_rate=1e30)
    method.prepare(context)
    with pytest.raises(ValueError, match="is not finite: --param learning_rate="):
        method.reconstruct(list(faces.values()))


def test_without_a_generator_it_says_how_to_give_one(context):
    with pytest.raises(ValueError, match=r"no generator of made-up.*--param generator=FILE"):
        GanInversion().prepare(context)


def test_lpips_that_is_asked_for_must_be_there(context, written, linear, monkeypatch):
    def prepare(resolution: int, choice: str) -> str:
        method = GanInversion(generator=written(big), trust=True, perceptual=choice)
        return method.prepare(dataclasses.replace(context, resolution=resolution))["perceptual"]

    big = torch.nn.Sequential(linear(), torch.nn.Upsample(scale_factor=2))
    big.mean_w, big.value_range = torch.zeros(6), "0..1"
    with pytest.raises(ValueError, match="at least 32 pixels"):
        prepare(16, "lpips")
    monkeypatch.setitem(sys.modules, "lpips", None)
    monkeypatch.setattr(perceptual, "_package", missing)
    assert prepare(32, "auto") == "none"
    with pytest.raises(ImportError, match="pip install"):
        prepare(32, "lpips")


def missing() -> None:
    raise ImportError("LPIPS needs the package lpips: pip install -e '.[lpips]'")


def test_the_optimiser_is_adam():
    random = torch.Generator().manual_seed(0)
    place = torch.nn.Parameter(torch.zeros(3, 2))
    theirs, ours = torch.optim.Adam([place], lr=0.1), _Adam(torch.zeros(3, 2))
    moved = torch.zeros(3, 2)
    for _ in range(20):
        place.grad = torch.randn(3, 2, generator=random)
        moved = moved - 0.1 * ours.direction(place.grad)
        theirs.step()
    torch.testing.assert_close(moved, place.detach())


class Layered(torch.nn.Module):
    """Shows the sum of its four rows, so that it can show everything."""

    def __init__(self) -> None:
        super().__init__()
        self.value_range = "0..1"
        self.register_buffer("mean_w", torch.full((4, 768), 0.125))

    def forward(self, w: torch.Tensor) -> torch.Tensor:
        return w.sum(dim=1).view(-1, 3, 16, 16)


def test_a_code_may_have_a_row_for_each_layer(context, written, faces, request_for):
    method = GanInversion(
        generator=written(Layered()), trust=True, steps=100, learning_rate=0.05, perceptual="none"
    )
    method.prepare(context)
    chosen = list(faces.values())
    originals = np.stack([face.pixels for face in chosen])
    assert grey_levels(method.reconstruct(chosen), originals) <= 1
    assert method.codes.of(chosen[0]).shape == (4 * 768,)
    assert method.transfer([request_for("a", "b", 0.5)]).shape == (1, 16, 16, 3)
