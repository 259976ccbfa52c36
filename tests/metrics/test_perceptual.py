"""LPIPS: the real package on a random backbone in the real file's format; nothing downloaded."""

from __future__ import annotations

import socket
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from metrics import perceptual
from metrics.perceptual import BACKBONE, Lpips, load_lpips
from metrics.weights import sha256_of

Images = NDArray[np.uint8]


@pytest.fixture
def backbone(
    torchvision_works: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An AlexNet as torchvision publishes it, with random weights, taken for the published one."""
    pytest.importorskip("lpips", reason="needs lpips: pip install -e '.[lpips]'")
    torch.manual_seed(0)
    path = tmp_path / BACKBONE.file_name
    torch.save(torchvision_works.models.alexnet(weights=None).state_dict(), path)
    monkeypatch.setattr(perceptual, "_SHA256_STARTS", sha256_of(path)[:8])
    return path


@pytest.fixture
def images() -> Images:
    return np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3)).astype(np.uint8)


def with_noise(images: Images, deviation: float) -> Images:
    noise = np.random.default_rng(1).normal(size=images.shape) * deviation
    return np.clip(images + noise, 0, 255).round().astype(np.uint8)


def test_distances_behave_as_distances(backbone: Path, images: Images) -> None:
    lpips = Lpips(backbone)
    values = np.array([lpips(with_noise(images, d), images) for d in (0.0, 5.0, 20.0, 60.0)])
    np.testing.assert_array_equal(values[0], 0.0)
    assert (np.diff(values, axis=0) > 0).all()
    noisy = with_noise(images, 20.0)
    np.testing.assert_allclose(lpips(images, noisy), lpips(noisy, images), atol=1e-6)


def test_each_image_alone(backbone: Path, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    lpips = Lpips(backbone)
    noisy = with_noise(images, 30.0)
    together = lpips(noisy, images)
    monkeypatch.setattr(perceptual, "_BATCH", 2)
    np.testing.assert_allclose(lpips(noisy, images), together, atol=1e-6)
    np.testing.assert_allclose(lpips(noisy[3:4], images[3:4]), together[3:4], atol=1e-6)


def test_the_backbone_is_the_one_of_the_file(backbone: Path, images: Images) -> None:
    """The package alone, given the same weights by torchvision's own names, says the same."""
    state = torch.load(backbone, weights_only=True)
    package = perceptual._package().LPIPS(net="alex", pnet_rand=True, verbose=False)
    layers = {str(i): part for part in package.net.children() for i, part in part.named_children()}
    for name, layer in layers.items():
        if f"features.{name}.weight" in state:
            layer.load_state_dict(
                {kind: state[f"features.{name}.{kind}"] for kind in ("weight", "bias")}
            )
    first, second = (
        torch.from_numpy(side).permute(0, 3, 1, 2) / 127.5 - 1.0
        for side in (images, with_noise(images, 30.0))
    )
    with torch.inference_mode():
        expected = package(first, second).flatten().numpy()
    found = Lpips(backbone)(images, with_noise(images, 30.0))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_nothing_is_downloaded(backbone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    monkeypatch.setenv("BENCH_WEIGHTS", str(backbone.parent))
    assert load_lpips().backbone_sha256 == sha256_of(backbone)


@pytest.mark.usefixtures("backbone")
def test_without_the_file_it_says_where_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path / "empty"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(FileNotFoundError, match=r"not fetched by itself.*alexnet-owt-7be5be79"):
        load_lpips()


def test_another_file_of_the_name_is_refused(
    backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truncated = tmp_path / "short" / BACKBONE.file_name
    truncated.parent.mkdir()
    truncated.write_bytes(backbone.read_bytes()[:1000])
    with pytest.raises(ValueError, match="should begin with"):
        Lpips(truncated)
    monkeypatch.setattr(perceptual, "_SHA256_STARTS", "")
    for content in (b"<!doctype html><p>not found", b"", backbone.read_bytes()[:1000]):
        truncated.write_bytes(content)
        with pytest.raises(ValueError, match="is not torchvision's AlexNet"):
            Lpips(truncated)
    torch.save({"features.0.weight": torch.zeros(1)}, truncated)
    with pytest.raises(ValueError, match="is not torchvision's AlexNet"):
        Lpips(truncated)


def test_images_that_are_too_small_or_differ_in_size_are_refused(
    backbone: Path, images: Images
) -> None:
    lpips = Lpips(backbone)
    with pytest.raises(ValueError, match="at least 32"):
        lpips(images[:, :16, :16], images[:, :16, :16])
    with pytest.raises(ValueError, match="one size"):
        lpips(images, images[:, :32, :32])


def test_without_the_package_it_says_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install -e '\.\[lpips\]'"):
        load_lpips()


def test_as_a_loss_it_is_the_same_distance_with_a_gradient(backbone: Path, images: Images) -> None:
    lpips = Lpips(backbone)
    distance = lpips.differentiable(torch.device("cpu"))
    first, second = (
        torch.from_numpy(side).permute(0, 3, 1, 2) / 255.0
        for side in (with_noise(images, 30.0), images)
    )
    first.requires_grad_()
    values = distance(first, second)
    expected = lpips(with_noise(images, 30.0), images)
    np.testing.assert_allclose(values.detach().numpy(), expected, atol=1e-6)
    (gradient,) = torch.autograd.grad(values.sum(), first)
    with torch.no_grad():
        nearer = distance(first - 1e-2 * gradient / gradient.abs().amax(), second)
    assert nearer.sum() < values.sum()
