from __future__ import annotations

import dataclasses

import pytest
import torch

from metrics.training.changes import Changes, ghosts

STILL = Changes(share=1.0, rotation=0.0, scale=0.0, shift=0.0, colour=0.0, blur=0.0, noise=0.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> torch.Tensor:
    coarse = torch.rand((40, 3, 4, 4), generator=generator(7))
    return torch.nn.functional.interpolate(coarse, size=(32, 32), mode="bilinear")


def test_no_share_and_no_amounts_change_nothing(images: torch.Tensor) -> None:
    assert torch.equal(Changes(share=0.0)(images, generator()), images)
    assert torch.allclose(STILL(images, generator()), images, atol=1e-5)


def test_a_share_of_the_images_stays_as_it_is(images: torch.Tensor) -> None:
    changed = Changes(share=0.3)(images, generator())
    same = sum(torch.equal(a, b) for a, b in zip(images, changed, strict=True))
    # Each of four kinds leaves 70 % alone: about a quarter meets none of them.
    assert 0 < same < 24


def test_changes_are_small_stay_in_range_and_follow_the_seed(images: torch.Tensor) -> None:
    changed = Changes()(images, generator())
    assert changed.shape == images.shape
    assert changed.min() >= 0.0
    assert changed.max() <= 1.0
    assert 0.001 < (changed - images).abs().mean() < 0.08
    assert torch.equal(changed, Changes()(images, generator()))
    assert not torch.equal(changed, Changes()(images, generator(1)))
    assert torch.equal(images, images.clamp(0, 1))


@pytest.mark.parametrize("kind", ["rotation", "scale", "shift", "colour", "blur", "noise"])
def test_every_kind_does_something(images: torch.Tensor, kind: str) -> None:
    one = dataclasses.replace(STILL, **{kind: getattr(Changes(), kind)})
    assert (one(images, generator()) - images).abs().max() > 0.01


def test_a_shift_moves_a_whole_image_by_at_most_so_many_pixels() -> None:
    ramp = (torch.arange(32) / 32).expand(40, 3, 32, 32).contiguous()
    moved = dataclasses.replace(STILL, shift=2 / 32)(ramp, generator())
    change = (moved - ramp)[..., 4:-4] * 32
    assert change.std(dim=(1, 2, 3)).max() < 1e-3
    assert 1.5 < change.abs().max() <= 2.0 + 1e-3


def test_a_flip_mirrors_about_half_of_the_images(images: torch.Tensor) -> None:
    flipped = dataclasses.replace(STILL, flip=True)(images, generator())
    still, mirrored = (
        (flipped - other).abs().amax(dim=(1, 2, 3)) < 1e-4 for other in (images, images.flip(3))
    )
    assert (still | mirrored).all()
    assert 10 < mirrored.sum() < 30


def test_a_blur_keeps_flat_images_and_calms_others(images: torch.Tensor) -> None:
    blur = dataclasses.replace(STILL, blur=1.0)
    flat = torch.full((4, 3, 16, 16), 0.4)
    assert torch.allclose(blur(flat, generator()), flat, atol=1e-6)
    stripes = torch.zeros(4, 3, 16, 16)
    stripes[..., ::2] = 1.0
    assert blur(stripes, generator()).std() < stripes.std()


def test_ghosts_say_how_much_of_the_others_they_hold() -> None:
    pixels = torch.eye(20).view(20, 1, 20, 1).expand(20, 3, 20, 1).contiguous()
    ghosted, part = ghosts(pixels, generator())
    assert part.min() >= 0.0
    assert part.max() <= 0.5
    # Each face has a place of its own: it keeps 1, or what the mixture leaves it.
    own = ghosted[torch.arange(20), 0, torch.arange(20), 0]
    is_mixture = (own - (1.0 - part)).abs() < 1e-6
    is_sum = (own - 1.0).abs() < 1e-6
    # A face can be its own partner, by chance.
    fine = is_mixture | is_sum | ((own - (1.0 - part)).abs() <= part + 1e-6)
    assert fine.all()
    assert is_mixture.sum() >= 4
    assert is_sum.sum() >= 4
