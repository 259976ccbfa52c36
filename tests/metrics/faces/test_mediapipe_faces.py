from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metrics.contracts import EYE_POSITIONS
from metrics.faces.eyes import WithEyes
from metrics.faces.finder import FaceFinder
from metrics.faces.looks import SeveralLooks
from metrics.faces.mediapipe import MediaPipeFaceFinder


@pytest.fixture(scope="module")
def finder(weights_dir: Path) -> MediaPipeFaceFinder:
    return MediaPipeFaceFinder(weights_dir / "mediapipe" / "face_landmarker.task")


@pytest.fixture(scope="module")
def portraits(london_data: Path) -> list[Image.Image]:
    return [Image.open(path) for path in sorted(london_data.glob("aligned256/*/neutral.png"))]


def test_it_fulfils_the_contract(finder: MediaPipeFaceFinder) -> None:
    assert isinstance(finder, FaceFinder)
    assert finder.name.startswith("mediapipe (mediapipe ")
    assert finder.least_confidence == 0.0
    assert finder.eyes == "lids"


def test_its_eyes_are_where_mtcnn_has_brought_them(
    finder: MediaPipeFaceFinder, portraits: list[Image.Image]
) -> None:
    template = np.array(EYE_POSITIONS) * 256
    looks = WithEyes(SeveralLooks(finder), "mtcnn")
    offsets = [looks.find(np.asarray(picture))[0].eyes - template for picture in portraits]
    assert np.abs(np.mean(offsets, axis=0)).max() < 0.7
    assert np.linalg.norm(offsets, axis=2).mean() < 1.5
    plain = [SeveralLooks(finder).find(np.asarray(p))[0].eyes - template for p in portraits[::4]]
    assert np.mean(plain, axis=0)[:, 1].min() > 1.0


@pytest.mark.parametrize("side", [64, 128, 600, 1500])
def test_the_size_of_an_image_scales_the_points_and_no_more(
    finder: MediaPipeFaceFinder, portraits: list[Image.Image], side: int
) -> None:
    looks = SeveralLooks(finder)
    for picture in portraits[:5]:
        resized = picture.resize((side, side), Image.Resampling.BICUBIC)
        points = looks.find(np.asarray(resized))[0].points * 256 / side
        expected = looks.find(np.asarray(picture))[0].points
        assert np.abs(points - expected).mean() < (1.2 if side == 64 else 0.6)


def test_the_points_turn_with_the_image(
    finder: MediaPipeFaceFinder, portraits: list[Image.Image]
) -> None:
    turned = portraits[0].rotate(20, Image.Resampling.BICUBIC)
    before, after = (finder.find(np.asarray(p))[0].points - 128 for p in (portraits[0], turned))
    angle = np.deg2rad(-20)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert np.abs(after - before @ rotation.T).max() < 4.0


def test_no_face_and_several(finder: MediaPipeFaceFinder, portraits: list[Image.Image]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 300, 3)).astype(np.uint8)
    assert finder.find(noise) == []
    couple = np.concatenate([np.asarray(picture) for picture in portraits[:2]], axis=1)
    faces = sorted(finder.find(couple), key=lambda face: face.box[0])
    assert len(faces) == 2
    assert faces[0].eyes[:, 0].max() < 256 < faces[1].eyes[:, 0].min()
    assert faces[0].confidence is None
