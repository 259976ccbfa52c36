from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.data.alignment.pictures import find_pictures, read_picture
from bench.errors import BenchError

GRADIENT = np.linspace(0, 65535, 64 * 48).reshape(48, 64)


def test_pictures_are_found_by_suffix_below_the_folder(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/c.jpeg", "a/notes.txt", ".hidden/d.png", "a/._c.jpeg", "e.tiff"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert find_pictures(tmp_path) == ["a/c.jpeg", "b.PNG", "e.tiff"]


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(BenchError, match=r"holds no picture.*\.jpg"):
        find_pictures(tmp_path)
    with pytest.raises(BenchError, match="there is no folder"):
        find_pictures(tmp_path / "gone")
    with pytest.raises(BenchError, match=r"notes\.txt is a file"):
        find_pictures(tmp_path / "notes.txt")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright_as_its_exif_says(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((48, 64, 3), dtype=np.uint8)
    upright[:24, :32] = (250, 10, 10)
    upright[24:, 32:] = (10, 10, 250)
    as_stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright),
        7: np.rot90(upright.transpose(1, 0, 2), 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(np.ascontiguousarray(as_stored)).save(path, exif=exif)
    np.testing.assert_array_equal(np.asarray(read_picture(path)), upright)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("L", "png"), ("RGBA", "png"), ("LA", "png"), ("P", "png"), ("1", "png"), ("CMYK", "jpg")],
)
def test_any_mode_becomes_rgb_and_shows_the_same(tmp_path: Path, mode: str, suffix: str) -> None:
    grey = np.repeat((GRADIENT / 257).astype(np.uint8)[:, :, None], 3, axis=2)
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(grey).convert(mode).save(path)
    picture = read_picture(path)
    assert (picture.mode, picture.size) == ("RGB", (64, 48))
    error = np.asarray(picture, dtype=np.float64) - grey
    assert np.abs(error.mean()) < 4.0
    assert np.abs(error).mean() < {"1": 90.0, "P": 20.0}.get(mode, 6.0)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_become_eight_and_are_not_cut_off(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"deep.{suffix}"
    Image.fromarray(GRADIENT.astype(np.uint16)).save(path)
    pixels = np.asarray(read_picture(path), dtype=np.float64)
    assert np.abs(pixels[..., 0] - GRADIENT / 257).max() < 0.51
    assert (pixels == pixels[..., :1]).all()


def test_transparent_parts_are_black(tmp_path: Path) -> None:
    pixels = np.full((40, 40, 4), 255, dtype=np.uint8)
    pixels[:20, :, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "cut_out.png")
    picture = np.asarray(read_picture(tmp_path / "cut_out.png"))
    assert picture[:20].max() == 0
    assert picture[20:].min() == 255


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    text, cut, real = (tmp_path / name for name in ("text.png", "cut.jpg", "real.tif"))
    text.write_text("<!DOCTYPE html>")
    Image.effect_noise((200, 200), 90).save(cut)
    cut.write_bytes(cut.read_bytes()[:2000])
    Image.fromarray(GRADIENT.astype(np.float32)).save(real)
    for path, reason in (
        (text, "it is not an image"),
        (cut, "it cannot be decoded .*truncated"),
        (real, "floating point"),
    ):
        with pytest.raises(BenchError, match=reason):
            read_picture(path)


def test_a_hundred_megapixels_are_read_without_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (100, 100)).save(tmp_path / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 6000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_picture(tmp_path / "large.png").size == (100, 100)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)
    with pytest.raises(BenchError, match="too large to be decoded safely"):
        read_picture(tmp_path / "large.png")
