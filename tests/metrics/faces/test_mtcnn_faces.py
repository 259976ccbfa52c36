"""The real MTCNN on real faces, and on what is none."""

from __future__ import annotations

import builtins
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from metrics.contracts import EYE_POSITIONS
from metrics.faces import mtcnn
from metrics.faces.finder import FaceFinder, largest_first
from metrics.faces.looks import SeveralLooks
from metrics.faces.mtcnn import LONG_SIDE, MTCNNFaceFinder


@pytest.fixture(scope="module")
def finder(torchvision_works: ModuleType) -> MTCNNFaceFinder:
    pytest.importorskip(
        "facenet_pytorch", reason="needs facenet-pytorch: pip install -e '.[facenet]'"
    )
    return MTCNNFaceFinder()


@pytest.fixture(scope="module")
def portrait(london_data: Path) -> Image.Image:
    return Image.open(london_data / "aligned256" / "001" / "neutral.png")


def texture(side: int, cell: int, seed: int) -> Image.Image:
    """Coloured blotches of about ``cell`` pixels."""
    count = side // cell + 1
    grains = np.random.default_rng(seed).integers(0, 256, (count, count, 3)).astype(np.uint8)
    return Image.fromarray(grains).resize((side, side), Image.Resampling.BICUBIC)


def eyes_of(corner: tuple[int, int], side: int) -> NDArray[np.float64]:
    """Where the eyes of an aligned portrait are that was pasted there."""
    return np.array(corner) + np.array(EYE_POSITIONS) * side


def test_it_fulfils_the_contract(finder: MTCNNFaceFinder) -> None:
    assert isinstance(finder, FaceFinder)
    assert finder.name.startswith("mtcnn (facenet-pytorch 2.")
    assert finder.least_confidence == 0.95
    assert finder.eyes == "mtcnn"


def test_the_eyes_of_aligned_portraits_are_at_the_template(
    finder: MTCNNFaceFinder, london_data: Path
) -> None:
    offsets = []
    for path in sorted((london_data / "aligned256").glob("*/neutral.png"))[:20]:
        (face,) = largest_first(finder.find(np.asarray(Image.open(path))), 0.95)
        offsets.append(face.eyes - eyes_of((0, 0), 256))
        left, top, right, bottom = face.box
        assert left < face.points[:, 0].min() < face.points[:, 0].max() < right
        assert top < face.points[:, 1].min() < face.points[:, 1].max() < bottom
        nose, mouth = face.points[2], face.points[3:].mean(axis=0)
        assert face.eyes[:, 1].max() < nose[1] < mouth[1]
    assert np.abs(np.median(offsets, axis=0)).max() < 1.0
    assert np.median(np.linalg.norm(offsets, axis=2)) < 1.5


def test_several_looks_err_less_than_one(finder: MTCNNFaceFinder, london_data: Path) -> None:
    distances: dict[str, list[float]] = {"one": [], "several": []}
    for path in sorted((london_data / "aligned256").glob("*/neutral.png"))[:20]:
        pixels = np.asarray(Image.open(path))
        for name, chosen in (("one", finder), ("several", SeveralLooks(finder))):
            face = largest_first(chosen.find(pixels), 0.95)[0]
            distances[name].append(
                float(np.linalg.norm(face.eyes - eyes_of((0, 0), 256), axis=1).mean())
            )
    assert np.mean(distances["several"]) < np.mean(distances["one"])
    assert np.mean(distances["several"]) < 1.4
    assert max(distances["several"]) < 5.0


def test_large_textures_are_no_faces_because_large_pictures_are_reduced(
    finder: MTCNNFaceFinder, portrait: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    corner, side = (700, 600), 700
    picture = texture(2000, cell=16, seed=0)
    picture.paste(portrait.resize((side, side), Image.Resampling.BICUBIC), corner)
    pixels = np.asarray(picture)
    (face,) = finder.find(pixels)
    assert np.linalg.norm(face.eyes - eyes_of(corner, side), axis=1).max() < 0.02 * side
    monkeypatch.setattr(mtcnn, "LONG_SIDE", 4096)
    assert len(finder.find(pixels)) > 1


@pytest.mark.parametrize("size", [(3000, 500), (500, 3000), (512, 512), (90, 100)])
def test_the_network_never_sees_a_long_side_beyond_the_limit(
    finder: MTCNNFaceFinder, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    seen: list[tuple[int, ...]] = []

    def detect(image: NDArray[np.uint8], landmarks: bool) -> Any:
        seen.append(image.shape)
        return None, [None], None

    monkeypatch.setattr(finder._network, "detect", detect)
    assert finder.find(np.zeros((size[1], size[0], 3), dtype=np.uint8)) == []
    border = 2 * round(min(LONG_SIDE, max(size)) / 8)
    assert max(seen[0]) == min(LONG_SIDE, max(size)) + border


def test_where_a_face_is_and_how_large_does_not_move_its_eyes(
    finder: MTCNNFaceFinder, portrait: Image.Image
) -> None:
    for corner, side in (((10, 20), 300), ((400, 150), 420), ((260, 60), 640)):
        picture = texture(900, cell=40, seed=3)
        picture.paste(portrait.resize((side, side), Image.Resampling.BICUBIC), corner)
        face = largest_first(finder.find(np.asarray(picture)), 0.95)[0]
        assert np.linalg.norm(face.eyes - eyes_of(corner, side), axis=1).max() < 0.03 * side


def test_of_two_people_the_larger_is_first(
    finder: MTCNNFaceFinder, portrait: Image.Image, london_data: Path
) -> None:
    other = Image.open(london_data / "aligned256" / "002" / "neutral.png")
    picture = Image.new("RGB", (512, 400), "grey")
    picture.paste(portrait.resize((140, 140)), (20, 100))
    picture.paste(other, (220, 60))
    faces = largest_first(finder.find(np.asarray(picture)), 0.95)
    assert len(faces) == 2
    assert np.linalg.norm(faces[0].eyes - eyes_of((220, 60), 256), axis=1).max() < 8.0
    assert np.linalg.norm(faces[1].eyes - eyes_of((20, 100), 140), axis=1).max() < 6.0


def test_a_tight_crop_is_read_as_well_as_a_wide_one(
    finder: MTCNNFaceFinder, portrait: Image.Image
) -> None:
    box = (60, 80, 196, 216)
    wide, tight = (
        largest_first(finder.find(np.asarray(picture)), 0.95)[0].eyes
        for picture in (portrait, portrait.crop(box))
    )
    assert np.linalg.norm(tight + box[:2] - wide, axis=1).max() < 5.0


@pytest.mark.parametrize("shape", [(300, 400), (19, 200), (1, 1), (2, 900), (21, 21)])
def test_what_shows_no_face_gives_none(finder: MTCNNFaceFinder, shape: tuple[int, int]) -> None:
    grey = np.full((*shape, 3), 127, dtype=np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for image in (grey, noise):
        assert largest_first(finder.find(image), 0.95) == []


def test_a_grey_face_is_a_face(finder: MTCNNFaceFinder, portrait: Image.Image) -> None:
    grey = np.asarray(portrait.convert("L").convert("RGB"))
    assert len(largest_first(finder.find(grey), 0.95)) == 1


def test_an_image_may_be_a_view(finder: MTCNNFaceFinder, portrait: Image.Image) -> None:
    pixels = np.asarray(portrait)
    backwards = pixels[:, ::-1]
    np.testing.assert_array_equal(
        finder.find(backwards)[0].points, finder.find(backwards.copy())[0].points
    )


def test_candidates_outside_of_the_image_are_no_faces(
    finder: MTCNNFaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("torch.cat(): expected a non-empty list of Tensors")

    monkeypatch.setattr(finder._network, "detect", fail)
    assert finder.find(np.zeros((64, 64, 3), dtype=np.uint8)) == []


def test_other_weights_than_the_released_ones_are_refused_by_name(
    finder: MTCNNFaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tuple(
        replace(w, sha256="0" * 64) if w.file_name == "rnet.pt" else w for w in mtcnn.WEIGHTS
    )
    monkeypatch.setattr(mtcnn, "WEIGHTS", changed)
    with pytest.raises(ValueError, match=r"rnet\.pt has the SHA-256 bbb937de.*pip install"):
        MTCNNFaceFinder()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "facenet_pytorch" else real(name, *rest),
    )
    with pytest.raises(ImportError, match=r"pip install -e '\.\[facenet\]'"):
        MTCNNFaceFinder()


def test_a_torchvision_of_another_torch_is_named_before_anything_is_imported(
    finder: MTCNNFaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ImportError("torchvision 0.28.0 was built for another torch: pip install that one")

    monkeypatch.setattr(mtcnn, "require_torchvision", broken)
    monkeypatch.delitem(sys.modules, "facenet_pytorch")
    real = builtins.__import__

    def watch(name: str, *rest: Any, **more: Any) -> Any:
        assert not name.startswith("facenet_pytorch")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", watch)
    with pytest.raises(ImportError, match="built for another torch"):
        MTCNNFaceFinder()
