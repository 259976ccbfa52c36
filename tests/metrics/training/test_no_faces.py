from __future__ import annotations

import pytest
import torch

from metrics.training.no_faces import KINDS, no_faces

EYES, MOUTH, BETWEEN = slice(23, 37), slice(41, 59), slice(0, 20)


@pytest.fixture
def faces() -> torch.Tensor:
    return torch.rand((14, 3, 64, 64), generator=torch.Generator().manual_seed(1))


def made(kind: str, faces: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return KINDS[kind](faces, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_makes_other_images_of_the_same_shape(kind: str, faces: torch.Tensor) -> None:
    before = faces.clone()
    images = made(kind, faces)
    assert images.shape == faces.shape
    assert torch.equal(faces, before)
    assert (images - faces).abs().amax(dim=(1, 2, 3)).min() > 0.05


def test_a_flat_image_has_one_colour(faces: torch.Tensor) -> None:
    assert made("flat", faces).std(dim=(2, 3)).max() < 1e-6


def test_a_smooth_image_changes_little_from_pixel_to_pixel(faces: torch.Tensor) -> None:
    images = made("smooth", faces)
    assert images.diff(dim=3).abs().mean() < 0.1 * faces.diff(dim=3).abs().mean() + 0.05


@pytest.mark.parametrize("seed", range(4))
def test_scrambling_keeps_the_pixels_and_loses_their_order(seed: int, faces: torch.Tensor) -> None:
    images = made("scrambled", faces, seed)
    assert torch.allclose(images.flatten(2).sort().values, faces.flatten(2).sort().values)


@pytest.mark.parametrize(
    ("kind", "covered", "kept"),
    [("without_eyes", EYES, MOUTH), ("without_mouth", MOUTH, EYES)],
)
def test_a_part_of_the_face_is_covered_and_the_rest_stays(
    kind: str, covered: slice, kept: slice, faces: torch.Tensor
) -> None:
    images = made(kind, faces)
    assert (images[:, :, covered] != faces[:, :, covered]).float().mean() > 0.95
    assert torch.equal(images[:, :, kept], faces[:, :, kept])


def test_a_displaced_face_is_far_from_its_place(faces: torch.Tensor) -> None:
    images = made("displaced", faces)
    moves = [(d, s) for d in (2, 3) for s in range(22, 43)]
    assert any(torch.equal(images, faces.roll(s, dims=d)) for d, s in moves)


def test_a_batch_holds_all_kinds_within_range(faces: torch.Tensor) -> None:
    images = no_faces(faces, torch.Generator().manual_seed(0))
    assert images.shape == faces.shape
    assert images.min() >= 0.0
    assert images.max() <= 1.0
    flat = images.std(dim=(2, 3)).amax(dim=1) < 1e-6
    assert flat.sum() == 2
    assert len(no_faces(faces[:3], torch.Generator().manual_seed(0))) == 3
