from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import glow.checkpoint
from glow import Glow, find_model, list_models
from glow.checkpoint import load_module, save_module


def images() -> torch.Tensor:
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def rewrite(path: Path, tensors: dict, **metadata: str) -> None:
    config = {"image_size": 8, "levels": 2, "steps": 2, "width": 6}
    header = {"format": "glow-1", "config": json.dumps(config), **metadata}
    save_file(tensors, path, metadata=header)


@pytest.fixture
def saved(make_module, tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_module(make_module(), path)
    return path


@pytest.mark.parametrize("permutation", ["invertible_1x1", "shuffle"])
def test_a_saved_model_is_the_same_model(make_module, tmp_path, permutation):
    module = make_module(permutation=permutation, coupling="additive", bits=5, classes=3)
    save_module(module, tmp_path / "model.safetensors", note="trained on nothing")
    loaded = Glow.from_pretrained(str(tmp_path / "model.safetensors"))
    assert loaded.config == module.config
    labels = torch.tensor([0, 2])
    (eps, log_prob), kept = (m.encode(images(), labels) for m in (loaded, Glow(module)))
    assert torch.equal(eps, kept[0])
    assert torch.equal(log_prob, kept[1])
    assert not load_module(tmp_path / "model.safetensors").training


def test_half_precision_halves_the_file_and_hardly_moves_the_latents(make_module, tmp_path):
    module = make_module(width=64)
    save_module(module, tmp_path / "full.safetensors")
    save_module(module, tmp_path / "half.safetensors", half=True)
    full, half = ((tmp_path / f"{n}.safetensors").stat().st_size for n in ("full", "half"))
    assert half < 0.6 * full
    loaded = load_module(tmp_path / "half.safetensors")
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    loaded = Glow(loaded)
    expected, eps = Glow(module).latents(images()), loaded.latents(images())
    assert (eps - expected).square().mean().sqrt() < 0.01 * expected.std()
    # Rounded weights make another flow, but an exactly invertible one.
    assert (loaded.decode(eps) - loaded.quantize(images())).abs().max() < 1e-6


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no Glow weights at .*absent\.safetensors"):
        load_module(tmp_path / "absent.safetensors")


@pytest.mark.parametrize(
    "content",
    [b"", b"<!DOCTYPE html><html>404 Not Found</html>", b"PK\x03\x04" + bytes(100)],
    ids=["empty", "html", "zip"],
)
def test_another_kind_of_file_is_named(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors is no whole safetensors file"):
        load_module(path)


def test_a_truncated_file_is_named(saved):
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"model\.safetensors is no whole safetensors file"):
        load_module(saved)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"format": "glow-2"}, "holds no Glow of format 1 .*'glow-2'"),
        ({"config": "{"}, "no valid configuration"),
        ({"config": "[1]"}, "no valid configuration"),
        ({"config": '{"image_size": "8"}'}, "no valid configuration"),
        ({"config": '{"depth": 3}'}, "no valid configuration.*unknown Glow option.*depth"),
        ({"config": '{"image_size": 8, "levels": 2, "steps": 2, "width": 7}'}, "has shape"),
        ({"config": '{"image_size": 8, "levels": 2, "steps": 3, "width": 6}'}, "is missing"),
        ({"config": '{"image_size": 8, "levels": 2, "steps": 1, "width": 6}'}, "is unknown"),
    ],
)
def test_a_header_that_does_not_fit_is_named(saved, metadata, words):
    rewrite(saved, load_file(saved), **metadata)
    with pytest.raises(ValueError, match=words) as caught:
        load_module(saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_tensor_is_named(saved):
    tensors = load_file(saved)
    del tensors["top.prior.bias"]
    rewrite(saved, tensors)
    with pytest.raises(ValueError, match=r"configuration: top\.prior\.bias is missing$"):
        load_module(saved)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(make_module, saved, monkeypatch):
    def full_disk(tensors, path, metadata):
        path.write_bytes(b"half a fi")
        raise OSError("No space left on device")

    before = saved.read_bytes()
    monkeypatch.setattr(glow.checkpoint, "save_file", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_module(make_module(), saved)
    assert list(saved.parent.iterdir()) == [saved]
    assert saved.read_bytes() == before


def test_models_are_found_by_name_and_by_file(saved):
    assert find_model(str(saved)) == saved
    for name in list_models():
        assert find_model(name).is_file()
    with pytest.raises(FileNotFoundError, match=r"known models: .*python -m glow train"):
        find_model("no-such-model")
