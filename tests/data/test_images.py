from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bench.data.images import read_image, resize
from bench.errors import BenchError


def noise(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(256, size=(size, size, 3), dtype=np.uint8)


# Rows of a 56 pixel wide bitmap are 168 bytes long, which is no bit depth.
@pytest.mark.parametrize("name", ["a.png", "a.bmp"])
def test_pixels_are_read_as_they_are(tmp_path, name):
    Image.fromarray(noise(56)).save(tmp_path / name)
    assert np.array_equal(read_image(tmp_path / name), noise(56))


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("L", "is grey, expected 8-bit RGB"),
        ("LA", "is grey with transparency"),
        ("RGBA", "is RGBA"),
        ("P", "is a palette image"),
        ("1", "is of mode 1"),
        ("I;16", "is 16-bit"),
    ],
)
def test_other_kinds_of_pixels_are_refused(tmp_path, mode, words):
    Image.new(mode, (32, 32)).save(tmp_path / "face.png")
    with pytest.raises(BenchError, match=rf"the image .*face\.png {words}"):
        read_image(tmp_path / "face.png")


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P"])
def test_8_bit_images_that_say_the_same_can_be_converted(tmp_path, mode):
    image = Image.fromarray(noise(32)).convert(mode)
    image.save(tmp_path / "face.png")
    converted = read_image(tmp_path / "face.png", convert=True)
    assert np.array_equal(converted, image.convert("RGB"))


@pytest.mark.parametrize(("mode", "words"), [("1", "is of mode 1"), ("I;16", "is 16-bit")])
def test_others_cannot_be_converted(tmp_path, mode, words):
    Image.new(mode, (32, 32)).save(tmp_path / "face.png")
    with pytest.raises(BenchError, match=words):
        read_image(tmp_path / "face.png", convert=True)


def test_16_bits_a_channel_are_refused_and_not_halved(tmp_path, make_png):
    content = make_png(32, 32, bits=16, colour_type=2, pixels=(b"\0" + bytes(32 * 6)) * 32)
    (tmp_path / "face.png").write_bytes(content)
    with pytest.raises(BenchError, match="is 16-bit"):
        read_image(tmp_path / "face.png")


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((20000, 20000), "larger than 8192 pixels a side"),
        ((8193, 8193), "is 8193x8193, larger than 8192"),
        ((20, 30000), "is 20x30000, larger than 8192"),
        ((1, 1), "is 1x1, smaller than 16"),
        ((64, 48), "is 64x48, expected a square"),
    ],
)
def test_the_size_is_refused_before_anything_is_decoded(
    tmp_path, make_png, monkeypatch, size, words
):
    def load(self):
        raise AssertionError("decoded")

    (tmp_path / "face.png").write_bytes(make_png(*size, bits=8, colour_type=2, pixels=b"junk"))
    monkeypatch.setattr(Image.Image, "load", load)
    with pytest.raises(BenchError, match=words):
        read_image(tmp_path / "face.png")


def test_resizing_to_the_same_size_changes_nothing():
    assert np.array_equal(resize(noise(64), 64), noise(64))


@pytest.mark.parametrize(("size", "to"), [(256, 64), (64, 128), (100, 64)])
def test_a_constant_image_stays_constant(size, to):
    colour = np.array([17, 128, 251], dtype=np.uint8)
    resized = resize(np.broadcast_to(colour, (size, size, 3)).copy(), to)
    assert resized.shape == (to, to, 3)
    assert (resized == colour).all()


def test_reducing_averages_instead_of_skipping_pixels():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    inner = resize(stripes, 16)[2:-2, 2:-2].astype(int)
    assert np.abs(inner - 128).max() < 20
