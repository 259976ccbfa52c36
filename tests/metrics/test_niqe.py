from __future__ import annotations

import io
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from metrics.niqe import FEATURES, NiqeModel, _patch_features, luminance, patch_size_for

Images: TypeAlias = NDArray[np.uint8]
Faces: TypeAlias = Callable[..., Images]


def textures(count: int, side: int = 64, seed: int = 0) -> Images:
    """Random textures with the falling spectrum of photographs."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :])
    frequency[0, 0] = 1.0
    noise = np.fft.fft2(rng.normal(size=(count, 3, side, side)))
    planes = np.fft.ifft2(noise / frequency).real
    planes = 127.5 + 50.0 * planes / planes.std(axis=(2, 3), keepdims=True)
    frames = np.clip(planes, 0, 255).round().astype(np.uint8)
    return np.asarray(frames.transpose(0, 2, 3, 1))


def drawings(count: int, seed: int = 0) -> Images:
    """Smooth ovals with features on a flat backdrop, anti-aliased; grey 10 to 190."""
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        picture = Image.new("RGB", (256, 256), (int(rng.integers(10, 190)),) * 3)
        pen = ImageDraw.Draw(picture)
        for _ in range(8):
            x, y, w, h = rng.integers((120, 120, 10, 10), (220, 220, 60, 60))
            pen.ellipse((x, y, x + w, y + h), fill=tuple(map(int, rng.integers(10, 190, 3))))
        frames.append(np.asarray(picture.resize((64, 64), Image.Resampling.BOX)))
    return np.stack(frames)


def stripes(count: int, seed: int = 0) -> Images:
    """Vertical stripes of random greys: every row of an image is the same."""
    rows = np.random.default_rng(seed).integers(0, 256, (count, 1, 64, 1), dtype=np.uint8)
    return np.broadcast_to(rows, (count, 64, 64, 3)).copy()


@pytest.fixture(scope="module")
def model() -> NiqeModel:
    return NiqeModel.fit(textures(40))


@pytest.fixture(scope="module")
def real_model(faces: Faces) -> NiqeModel:
    return NiqeModel.fit(
        np.concatenate([faces("neutral", part="dev"), faces("smiling", part="dev")])
    )


def noisy(images: Images, deviation: float) -> Images:
    noise = np.random.default_rng(1).normal(0.0, deviation, images.shape)
    return np.clip(images + noise, 0, 255).round().astype(np.uint8)


def blurred(images: Images, radius: float) -> Images:
    kernel = ImageFilter.GaussianBlur(radius)
    return np.stack([np.asarray(Image.fromarray(image).filter(kernel)) for image in images])


def compressed(images: Images, quality: int) -> Images:
    frames = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=quality)
        frames.append(np.asarray(Image.open(buffer)))
    return np.stack(frames)


def test_luminance_is_the_grey_of_grey_and_weighs_green_most() -> None:
    grey = np.full((1, 2, 2, 3), 77, dtype=np.uint8)
    np.testing.assert_allclose(luminance(grey), 77.0)
    colours = luminance(np.eye(3, dtype=np.uint8).reshape(1, 1, 3, 3) * 255)[0, 0]
    assert colours.argmax() == 1
    assert colours.sum() == pytest.approx(255.0)


@pytest.mark.parametrize("side", [64, 72, 100, 127, 128, 256])
def test_every_resolution_gives_patches_of_half_the_image(side: int) -> None:
    model = NiqeModel.fit(textures(12, side))
    assert model.patch == patch_size_for(side)
    assert side / 2 - 4 < model.patch <= side / 2
    assert np.all(np.isfinite(model.score(textures(2, side, seed=1))))


def test_the_model_describes_36_features(model: NiqeModel) -> None:
    assert model.mean.shape == (FEATURES,)
    assert model.covariance.shape == (FEATURES, FEATURES)
    np.testing.assert_allclose(model.covariance, model.covariance.T)


def test_the_score_of_an_image_does_not_depend_on_the_others(model: NiqeModel) -> None:
    images = textures(300, seed=2)
    scores = model.score(images)
    order = np.random.default_rng(0).permutation(len(images))
    np.testing.assert_array_equal(model.score(images[order]), scores[order])
    np.testing.assert_array_equal(model.score(images[7:8]), scores[7:8])
    assert model.score(images[:0]).shape == (0,)


def test_images_of_the_same_kind_score_lower_than_another_kind(model: NiqeModel) -> None:
    same = textures(20, seed=3)
    assert model.score(same).max() < model.score(blurred(same, 2.0)).min()
    assert model.score(same).max() < model.score(noisy(same, 40.0)).min()


def test_a_flat_image_is_finite_and_far_from_natural_whatever_its_grey(model: NiqeModel) -> None:
    """Rounding must not show: 0.299 + 0.587 + 0.114 of a grey is not always that grey."""
    flat = np.stack([np.full((64, 64, 3), value, dtype=np.uint8) for value in range(0, 256, 5)])
    scores = model.score(flat)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores, scores[0], rtol=1e-9)
    assert scores.min() > model.score(textures(20, seed=3)).max()


def test_the_grey_of_a_flat_backdrop_does_not_decide(model: NiqeModel) -> None:
    """An image and the same image a few levels brighter differ in rounding alone."""
    pictures = np.concatenate([drawings(6), np.full((1, 64, 64, 3), 90, dtype=np.uint8)])
    scores = model.score(pictures)
    for shift in range(1, 40, 3):
        np.testing.assert_allclose(model.score(pictures + np.uint8(shift)), scores, rtol=1e-3)


def test_drawings_with_flat_patches_can_be_fitted_and_scored() -> None:
    """Large parts have no variance at all, and some patches none anywhere."""
    pictures = drawings(60)
    features, _ = _patch_features(pictures, 32)
    assert np.isfinite(features).all()
    flat = features[..., 1] == 0.0  # the deviation of the first scale
    assert flat.any()
    assert not flat.all()
    fitted = NiqeModel.fit(pictures[:40])
    held_out = fitted.score(pictures[40:])
    assert np.isfinite(held_out).all()
    assert held_out.mean() < 0.5 * fitted.score(noisy(pictures[40:], 20.0)).mean()


def test_a_covariance_without_full_rank_gets_a_pseudo_inverse() -> None:
    """Vertical stripes: both diagonals have the same features, so a direction has no variance."""
    pictures = stripes(40)
    fitted = NiqeModel.fit(pictures)
    assert np.linalg.matrix_rank(fitted.covariance, hermitian=True) < FEATURES
    held_out = fitted.score(stripes(10, seed=1))
    assert np.isfinite(held_out).all()
    assert np.isfinite(fitted.score(textures(10))).all()
    np.testing.assert_array_equal(fitted.score(pictures[3:4]), fitted.score(pictures)[3:4])
    # The definition, by the singular values of the pooled covariance of one image.
    features, _ = _patch_features(pictures[:1], fitted.patch)
    pooled = (fitted.covariance + np.cov(features[0], rowvar=False)) / 2.0
    gap = features[0].mean(axis=0) - fitted.mean
    left, values, right = np.linalg.svd(pooled)
    kept = values > FEATURES * np.finfo(float).eps * values[0]
    inverse = right[kept].T @ np.diag(1.0 / values[kept]) @ left[:, kept].T
    assert fitted.score(pictures[:1])[0] == pytest.approx(np.sqrt(gap @ inverse @ gap), rel=1e-6)


def test_the_fit_looks_at_sharp_patches_only() -> None:
    images = textures(30)
    half_blurred = images.copy()
    half_blurred[:, :32] = blurred(images, 4.0)[:, :32]
    sharp, mixed = NiqeModel.fit(images), NiqeModel.fit(half_blurred)
    probe = textures(20, seed=5)
    assert mixed.score(probe).mean() < 1.5 * sharp.score(probe).mean()


def test_too_few_too_similar_too_small_or_other_images_are_refused(model: NiqeModel) -> None:
    with pytest.raises(ValueError, match="2 images give"):
        NiqeModel.fit(textures(2))
    with pytest.raises(ValueError, match="too much alike"):
        NiqeModel.fit(np.repeat(textures(1), 40, axis=0))
    with pytest.raises(ValueError, match="at least 64x64"):
        NiqeModel.fit(textures(40, 32))
    with pytest.raises(ValueError, match="fitted on 64x64 images and cannot score 128x128"):
        model.score(textures(1, 128))


def test_held_out_people_look_like_the_people_of_the_fit(
    real_model: NiqeModel, faces: Faces
) -> None:
    fitted = real_model.score(faces("smiling", part="dev"))
    held_out = real_model.score(faces("smiling", part="test"))
    assert abs(held_out.mean() - fitted.mean()) < fitted.std()


@pytest.mark.parametrize(
    ("damage", "levels"),
    [
        (blurred, [0.4, 0.7, 1.0, 1.5]),
        (compressed, [70, 40, 20, 5]),
        (noisy, [2.0, 4.0, 8.0, 16.0]),
    ],
)
def test_the_score_of_real_faces_grows_with_the_damage(
    real_model: NiqeModel,
    faces: Faces,
    damage: Callable[[Images, float], Images],
    levels: list[float],
) -> None:
    clean = faces("neutral", part="test")
    means = [real_model.score(x).mean() for x in (clean, *(damage(clean, v) for v in levels))]
    assert means == sorted(means)
    assert means[-1] > 1.5 * means[0]


def test_ghosts_cost_naturalness(real_model: NiqeModel, faces: Faces) -> None:
    neutral = faces("neutral", part="test").astype(np.float64)
    smiling = faces("smiling", part="test").astype(np.float64)
    others = np.roll(neutral, 1, axis=0)
    blend = (0.5 * neutral + 0.5 * others).round().astype(np.uint8)
    arithmetic = np.clip(others + smiling - neutral, 0, 255).round().astype(np.uint8)
    clean = real_model.score(neutral.astype(np.uint8))
    assert clean.mean() < real_model.score(blend).mean() < real_model.score(arithmetic).mean()
    assert 0.55 < clean.mean() / real_model.score(arithmetic).mean() < 0.75


@pytest.mark.parametrize("side", [128, 256])
def test_ghosts_cost_naturalness_at_every_resolution(faces: Faces, side: int) -> None:
    neutral, smiling = (
        faces(e, side=side, part="dev").astype(float) for e in ("neutral", "smiling")
    )
    model = NiqeModel.fit(neutral[::2].astype(np.uint8))
    held_out = neutral[1::2]
    change = np.roll(smiling - neutral, 1, axis=0)[1::2]
    arithmetic = np.clip(held_out + change, 0, 255).round().astype(np.uint8)
    assert model.score(arithmetic).mean() > 1.3 * model.score(held_out.astype(np.uint8)).mean()


def test_three_hundred_small_images_per_call(benchmark: object, model: NiqeModel) -> None:
    images = textures(300, seed=4)
    scores = benchmark(model.score, images)  # type: ignore[operator]
    assert scores.shape == (300,)
