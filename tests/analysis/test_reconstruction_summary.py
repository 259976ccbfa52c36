from __future__ import annotations

import numpy as np
import pytest

from bench.analysis.reconstruction import MethodFidelity, summarise_reconstructions
from bench.plugins.contracts import Face
from bench.run.reconstruct import Reconstructions

FRAME = np.zeros((16, 16, 3), dtype=np.uint8)


def made(people: int = 10, images: int = 4, **values: np.ndarray) -> Reconstructions:
    faces = tuple(Face(f"p{i}", str(j), "", FRAME) for i in range(people) for j in range(images))
    failed = np.isnan(next(iter(values.values())))
    return Reconstructions(
        "m", {}, faces, (FRAME,) * len(faces),
        tuple("no_face" if bad else "ok" for bad in failed), values, {"lpips": "not here"},
    )  # fmt: skip


def value(fidelity: MethodFidelity, name: str):
    return next(value for value in fidelity.values if value.name == name)


def test_means_worst_images_and_intervals() -> None:
    random = np.random.default_rng(0)
    ssim, error = random.uniform(0.8, 1.0, 40), random.uniform(0.0, 0.2, 40)
    found = summarise_reconstructions(made(ssim=ssim, au_mae=error))
    assert (found.images, found.people, found.failures) == (40, 10, {})
    for name, values, worst in (("ssim", ssim, ssim.argmin()), ("au_mae", error, error.argmax())):
        summary = value(found, name)
        assert summary.estimate.value == pytest.approx(values.mean())
        assert summary.estimate.low < values.mean() < summary.estimate.high
        assert summary.worst_image == f"p{worst // 4}/{worst % 4}"
        assert summary.worst == values[worst]


def test_psnr_is_that_of_the_mean_squared_error() -> None:
    psnr = np.array([20.0, 40.0, np.inf, 30.0])
    found = value(summarise_reconstructions(made(2, 2, psnr=psnr)), "psnr")
    assert found.estimate.value == pytest.approx(-10 * np.log10((1e-2 + 1e-4 + 0 + 1e-3) / 4))
    assert (found.worst, found.worst_image) == (20.0, "p0/0")


def test_an_exact_method_is_exact_and_has_no_worst_image() -> None:
    found = summarise_reconstructions(made(psnr=np.full(40, np.inf), ssim=np.full(40, 1.0)))
    as_json = found.to_dict()["metrics"]
    assert as_json["psnr"]["exact"] is True
    assert as_json["psnr"]["worst_image"] is None
    assert as_json["ssim"]["value"] == 1.0
    assert as_json["ssim"]["interval"] == {"low": 1.0, "high": 1.0}


def test_what_failed_is_counted_and_never_a_zero() -> None:
    ssim = np.full(40, 0.9)
    ssim[:7] = np.nan
    found = summarise_reconstructions(made(ssim=ssim))
    assert found.failures == {"no_face": 7}
    assert value(found, "ssim").estimate.value == pytest.approx(0.9)
    assert value(found, "ssim").images == 33
    nothing = summarise_reconstructions(made(ssim=np.full(40, np.nan)))
    assert value(nothing, "ssim").to_dict()["value"] is None


def test_people_are_resampled_and_not_images() -> None:
    """Ten people with four equal images are ten observations."""
    random = np.random.default_rng(0)
    people = random.uniform(0.8, 1.0, 10)
    once = value(summarise_reconstructions(made(10, 1, ssim=people)), "ssim").estimate
    often = value(summarise_reconstructions(made(10, 4, ssim=people.repeat(4))), "ssim").estimate
    assert often.low == pytest.approx(once.low)
    assert often.high == pytest.approx(once.high)
