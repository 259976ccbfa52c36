from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from glow.data import Augmentation, find_images, load_images


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def noise(size: int = 16) -> np.ndarray:
    return np.random.default_rng(0).integers(20, 256, (size, size, 3), dtype=np.uint8)


def test_images_are_found_in_folders_and_lists(tmp_path):
    """All of it is tested in test_sources."""
    inside = save(tmp_path / "photos" / "deep" / "a.PNG", noise())
    listed = save(tmp_path / "b.jpg", noise())
    (tmp_path / "list.txt").write_text(f"{listed}\n\n")
    assert find_images([tmp_path / "photos", tmp_path / "list.txt"]) == [inside, listed]


def test_images_keep_their_pixels_at_their_own_size(tmp_path):
    loaded = load_images([save(tmp_path / "a.png", noise())], 16)
    assert loaded.dtype == torch.uint8
    assert np.array_equal(loaded[0].permute(1, 2, 0).numpy(), noise())


def test_black_sides_take_the_nearest_pixel_and_nothing_else_changes(tmp_path):
    image = noise()
    image[4, :5] = 0
    image[5, 11:] = 0
    image[6, :3] = 0
    image[6, 14:] = 0
    image[7] = 0
    image[8, 6:9] = 0  # a dark pupil
    filled = load_images([save(tmp_path / "a.png", image)], 16)[0].permute(1, 2, 0).numpy()
    assert (filled[4, :7] == image[4, 7]).all()
    assert (filled[5, 9:] == image[5, 8]).all()
    assert (filled[6, :5] == image[6, 5]).all()
    assert (filled[6, 12:] == image[6, 11]).all()
    expected = image.copy()
    expected[4:7] = filled[4:7]
    assert np.array_equal(filled, expected)


@pytest.mark.parametrize("damage", ["truncated", "text", "gone"])
def test_an_unreadable_image_is_named(tmp_path, damage):
    path = save(tmp_path / "face.png", noise(64))
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:500])
    elif damage == "text":
        path.write_text("not an image")
    else:
        path.unlink()
    with pytest.raises(ValueError, match=r"cannot read the image .*face\.png"):
        load_images([path], 16)


def test_changes_stay_in_range_and_repeat_by_seed():
    images = torch.from_numpy(np.stack([noise(32), 255 - noise(32)])).permute(0, 3, 1, 2)
    augment = Augmentation(colour=0.9)

    def changed(seed: int) -> torch.Tensor:
        return augment(images, 8, torch.Generator().manual_seed(seed))

    assert changed(0).shape == (2, 3, 8, 8)
    assert changed(0).dtype == torch.float32
    assert changed(0).min() >= 0.0
    assert changed(0).max() <= 1.0
    assert torch.equal(changed(0), changed(0))
    assert (changed(0) - changed(1)).abs().mean() > 0.01


def test_without_changes_only_mirrors_are_left():
    image = torch.from_numpy(noise()).permute(2, 0, 1)
    nothing = Augmentation(rotation=0, scale=0, shift=0, bend=0, colour=0)
    out = nothing(image.expand(32, 3, 16, 16), 16, torch.Generator().manual_seed(0)) * 255.0
    as_is = (out - image).abs().amax(dim=(1, 2, 3)) < 0.01
    mirrored = (out - image.flip(2)).abs().amax(dim=(1, 2, 3)) < 0.01
    assert (as_is ^ mirrored).all()
    assert 4 < as_is.sum() < 28
