from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter

import numpy as np
import pytest
import torch

import glow
from bench.methods.glow_arith import GlowArithmetic
from glow import Glow, GlowConfig
from glow.checkpoint import save_module
from glow.module import GlowModule


@pytest.fixture
def method(context, weights) -> GlowArithmetic:
    method = GlowArithmetic(model=str(weights))
    method.prepare(context)
    return method


def grey_levels(images: np.ndarray, others: np.ndarray) -> int:
    assert images.dtype == others.dtype == np.uint8
    return int(np.abs(images.astype(int) - others).max())


def encode(model: Glow, face) -> torch.Tensor:
    return model.latents(torch.from_numpy(face.pixels).permute(2, 0, 1)[None] / 255.0)[0]


def decode(model: Glow, eps: torch.Tensor) -> np.ndarray:
    image = (model.decode(eps[None])[0].permute(1, 2, 0).clamp(0, 1) * 255.0).round()
    return image.byte().numpy()


def test_it_is_equation_2_on_latents(method, weights, faces, request_for):
    model = Glow.from_pretrained(weights)
    eps = {key: encode(model, face) for key, face in faces.items()}
    mean = {i: (eps[i, "neutral"] + eps[i, "neutral-2"]) / 2.0 for i in "ab"}
    expected = decode(model, mean["b"] + 0.4 * (eps["a", "smiling"] - mean["a"]))
    image = method.transfer([request_for("a", "b", 0.4)])[0]
    assert grey_levels(image, expected) <= 1


def test_at_alpha_0_it_is_the_decoded_mean_whoever_the_source(method, weights, faces, request_for):
    images = method.transfer([request_for(source, "b", 0.0) for source in "acd"])
    assert grey_levels(images, images[:1]) == 0
    model = Glow.from_pretrained(weights)
    mean = (encode(model, faces["b", "neutral"]) + encode(model, faces["b", "neutral-2"])) / 2.0
    assert grey_levels(images[0], decode(model, mean)) <= 1
    assert grey_levels(images[0], method.transfer([request_for("a", "c", 0.0)])[0]) > 10


def test_a_self_pair_at_alpha_1_is_the_source(method, faces, request_for):
    images = method.transfer([request_for(identity, identity, 1.0) for identity in "abcd"])
    sources = np.stack([faces[identity, "smiling"].pixels for identity in "abcd"])
    assert grey_levels(images, sources) <= 1


def test_the_grouping_of_requests_does_not_matter(context, weights, request_for):
    requests = [
        request_for(s, t, alpha) for s in "abcd" for t in "abcd" for alpha in (0.0, 0.4, 1.2)
    ]

    def transferred(size: int, order: list[int]) -> np.ndarray:
        method = GlowArithmetic(model=str(weights))
        method.prepare(context)
        images: dict[int, np.ndarray] = {}
        for start in range(0, len(order), size):
            group = order[start : start + size]
            made = method.transfer([requests[i] for i in group])
            images.update(zip(group, made, strict=True))
        return np.stack([images[i] for i in range(len(requests))])

    straight = list(range(len(requests)))
    together = transferred(len(requests), straight)
    for size, order in [(1, straight), (5, straight[::-1]), (11, straight[::2] + straight[1::2])]:
        assert grey_levels(transferred(size, order), together) <= 1


def test_every_image_is_encoded_once(method, request_for, monkeypatch):
    seen: Counter[bytes] = Counter()
    encode_images = method.latents.model.latents

    def counting(images: torch.Tensor) -> torch.Tensor:
        seen.update(image.numpy().tobytes() for image in images)
        return encode_images(images)

    monkeypatch.setattr(method.latents.model, "latents", counting)
    for alpha in (0.0, 0.5, 1.0):
        for source in "abcd":
            method.transfer([request_for(source, target, alpha) for target in "abcd"])
    assert len(seen) == 12
    assert set(seen.values()) == {1}


def test_the_identity_of_a_run_names_the_weights(context, weights):
    identity = GlowArithmetic(model=str(weights)).prepare(context)
    assert identity["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_images_come_at_the_benchmark_s_resolution(context, weights, request_for):
    method = GlowArithmetic(model=str(weights))
    method.prepare(dataclasses.replace(context, resolution=32))
    assert method.transfer([request_for("a", "b", 0.5)]).shape == (1, 32, 32, 3)


def test_latents_that_are_no_image_s_are_an_error(method, request_for):
    with pytest.raises(ValueError, match="finite"):
        method.transfer([request_for("a", "b", float("nan"))])


def test_a_wrong_model_is_named(context, tmp_path):
    page = tmp_path / "page.safetensors"
    page.write_text("<html>404</html>")
    with pytest.raises(ValueError, match=r"page\.safetensors is no whole safetensors file"):
        GlowArithmetic(model=str(page)).prepare(context)
    with pytest.raises(FileNotFoundError, match=r"no Glow model at .*absent\.safetensors"):
        GlowArithmetic(model=str(tmp_path / "absent.safetensors")).prepare(context)
    with pytest.raises(FileNotFoundError, match="known models"):
        GlowArithmetic(model="absent").prepare(context)


def test_a_dataset_without_a_model_of_its_own_takes_the_one_for_photographs(context):
    assert context.dataset not in {name.rpartition("-")[0] for name in glow.list_models()}
    own, photographs = GlowArithmetic(), GlowArithmetic(model="london-64")
    assert own.prepare(context) == photographs.prepare(context)


@pytest.mark.parametrize("make_config", [GlowConfig.nice, GlowConfig.real_nvp])
def test_it_runs_any_flow_of_the_family(context, request_for, faces, tmp_path, make_config):
    torch.manual_seed(0)
    path = tmp_path / "model.safetensors"
    save_module(GlowModule(make_config(image_size=16, levels=2, steps=2, width=6)).eval(), path)
    method = GlowArithmetic(model=str(path))
    method.prepare(context)
    image = method.transfer([request_for("a", "a", 1.0)])[0]
    assert grey_levels(image, faces["a", "smiling"].pixels) <= 1


def test_a_model_that_wants_labels_is_refused(context, tmp_path):
    path = tmp_path / "model.safetensors"
    config = GlowConfig(image_size=16, levels=2, steps=1, width=4, classes=3)
    save_module(GlowModule(config), path)
    with pytest.raises(ValueError, match="label of 3 classes"):
        GlowArithmetic(model=str(path)).prepare(context)


def test_the_precision_is_among_what_decides_the_numbers(context, weights):
    assert GlowArithmetic(model=str(weights)).prepare(context)["precision"] == "fp32"
    with pytest.raises(ValueError, match="precision must be one of"):
        GlowArithmetic(model=str(weights), precision="fp16").prepare(context)
