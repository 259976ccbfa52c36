from __future__ import annotations

from pathlib import Path

import pytest
import torch

import glow.training.images
from glow.sources import ImageFile, find_image_files
from glow.training.images import TrainingImages, class_names


@pytest.mark.parametrize("in_memory", [0, 2**30])
def test_images_are_the_same_from_memory_and_from_disk(photographs, monkeypatch, in_memory):
    files = find_image_files([photographs])
    expected = TrainingImages(files, 8).take(torch.arange(12))[0]
    monkeypatch.setattr(glow.training.images, "IN_MEMORY", in_memory)
    chosen = torch.tensor([3, 3, 11])
    images, labels = TrainingImages(files, 8).take(chosen)
    assert images.dtype == torch.uint8
    assert torch.equal(images, expected[chosen])
    assert labels is None


def test_reading_reports_how_far_it_is(photographs):
    counts: list[int] = []
    TrainingImages(find_image_files([photographs]), 8, progress=counts.append)
    assert counts == list(range(1, 13))


@pytest.mark.parametrize("in_memory", [0, 2**30])
def test_a_missing_image_is_found_before_the_run(photographs, monkeypatch, in_memory):
    monkeypatch.setattr(glow.training.images, "IN_MEMORY", in_memory)
    files = find_image_files([photographs])
    files[5].path.unlink()
    with pytest.raises(ValueError, match=f"cannot read the image .*{files[5].path.name}"):
        TrainingImages(files, 8)


def labelled(*labels: str) -> list[ImageFile]:
    return [ImageFile(Path(f"{label}/x.png"), label, label) for label in labels]


def test_labels_follow_the_sorted_folders(photographs):
    paths = sorted(photographs.glob("*.png"))[:3]
    labels = ["cat", "ape", "cat"]
    files = [ImageFile(p, p.name, label) for p, label in zip(paths, labels, strict=True)]
    classes = class_names(files, 2)
    assert classes == ["ape", "cat"]
    found = TrainingImages(files, 8, classes).take(torch.tensor([2, 1]))[1]
    assert found is not None
    assert found.tolist() == [1, 0]


def test_classes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"--classes is 3, but --data has 2 folders .*: ape, cat;"):
        class_names(labelled("cat", "ape"), 3)
    with pytest.raises(ValueError, match="--data has 0 folders with images; each"):
        class_names(labelled("", ""), 1)
    with pytest.raises(ValueError, match=r"dog/x\.png is in no folder of a class"):
        TrainingImages(labelled("dog"), 8, ["ape", "cat"])
    assert class_names(labelled("cat"), 0) == []
