"""PSNR and SSIM against their definitions, by torchmetrics."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from metrics import image_quality
from metrics.image_quality import load_image_metrics, psnr, ssim

Images = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def _torchmetrics_works(request: pytest.FixtureRequest) -> None:
    # A torchvision beside another torch would keep torchmetrics from starting.
    if importlib.util.find_spec("torchvision"):
        request.getfixturevalue("torchvision_works")
    pytest.importorskip("torchmetrics")


@pytest.fixture
def images() -> Images:
    """Smooth pictures, so that noise on them is noise."""
    random = np.random.default_rng(0)
    coarse = random.integers(40, 216, (6, 8, 8, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((1, 6, 6, 1), dtype=np.uint8))


def with_noise(images: Images, deviation: float) -> Images:
    noise = np.random.default_rng(1).normal(size=images.shape) * deviation
    return np.clip(images + noise, 0, 255).round().astype(np.uint8)


def test_psnr_is_its_definition(images: Images) -> None:
    noisy = with_noise(images, 10.0)
    errors = np.square(noisy.astype(float) - images).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(psnr(noisy, images), 10 * np.log10(255**2 / errors), rtol=1e-5)


def test_an_exact_image_has_infinite_psnr_and_an_ssim_of_one(images: Images) -> None:
    assert np.isposinf(psnr(images, images)).all()
    np.testing.assert_allclose(ssim(images, images), 1.0, atol=5e-5)


def test_ssim_is_its_definition(images: Images) -> None:
    """Equation 13 of Wang et al. with a Gaussian window, on images mirrored at their borders."""
    noisy = with_noise(images, 15.0)
    window = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window /= window.sum()

    def smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return correlate1d(correlate1d(values, window, 1, mode="mirror"), window, 2, mode="mirror")

    x, y = noisy / 255.0, images / 255.0
    mean_x, mean_y = smooth(x), smooth(y)
    spread_x, spread_y = smooth(x * x) - mean_x**2, smooth(y * y) - mean_y**2
    shared = smooth(x * y) - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + 1e-4) * (2 * shared + 9e-4)) / (
        (mean_x**2 + mean_y**2 + 1e-4) * (spread_x + spread_y + 9e-4)
    )
    np.testing.assert_allclose(ssim(noisy, images), similarity.mean(axis=(1, 2, 3)), atol=1e-4)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_each_image_alone_in_any_order_and_either_way(metric: Any, images: Images) -> None:
    noisy = with_noise(images, 12.0)
    together = metric(noisy, images)
    order = np.array([4, 1, 5, 0, 3, 2])
    np.testing.assert_allclose(metric(noisy[order], images[order]), together[order], atol=1e-5)
    alone = [metric(noisy[i : i + 1], images[i : i + 1])[0] for i in range(len(images))]
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(metric(images, noisy), together, atol=1e-5)
    assert metric(images[:0], images[:0]).shape == (0,)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_more_noise_is_worse(metric: Any, images: Images) -> None:
    values = np.array([metric(with_noise(images, d), images) for d in (2.0, 5.0, 15.0, 40.0)])
    assert (np.diff(values, axis=0) < 0).all()


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_groups_do_not_count(metric: Any, images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = with_noise(images, 12.0)
    whole = metric(noisy, images)
    monkeypatch.setattr(image_quality, "_PIXELS_AT_ONCE", 2 * 48 * 48)
    np.testing.assert_allclose(metric(noisy, images), whole, atol=1e-5)


def test_what_cannot_be_compared_is_refused(images: Images) -> None:
    with pytest.raises(ValueError, match="one size"):
        psnr(images, images[:, :24, :24])
    with pytest.raises(ValueError, match="uint8"):
        psnr(images / 255.0, images / 255.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="11 pixels"):
        ssim(images[:, :10, :10], images[:, :10, :10])


@pytest.fixture
def without_cache() -> Iterator[None]:
    image_quality._functional.cache_clear()
    yield
    image_quality._functional.cache_clear()


@pytest.mark.usefixtures("without_cache")
def test_without_torchmetrics_there_is_a_reason_and_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    found = load_image_metrics()
    assert not {"psnr", "ssim"} & set(found.available)
    assert "pip install 'torchmetrics>=1.4'" in found.absent["psnr"]


@pytest.mark.usefixtures("without_cache")
def test_a_broken_torchvision_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("torchvision 1 was built for another torch: pip install torchvision")

    monkeypatch.setattr(image_quality, "require_torchvision", broken)
    monkeypatch.setattr(image_quality, "_version", lambda package: "1")
    found = load_image_metrics()
    assert "built for another torch" in found.absent["ssim"]
    assert found.to_dict()["absent"] == dict(found.absent)


def test_what_made_the_numbers_is_recorded() -> None:
    found = load_image_metrics()
    assert set(found.available) == set(found.made_by)
    assert found.made_by["psnr"].startswith("torchmetrics 1")
    assert set(found.available) | set(found.absent) == {"psnr", "ssim", "lpips"}
