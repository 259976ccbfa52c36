from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from bench.errors import BenchError
from bench.report.contents import Cell, Strip
from bench.report.strips import data_uri, pictures


def decoded(uri: str) -> np.ndarray:
    assert uri.startswith("data:image/webp;base64,")
    data = base64.b64decode(uri.partition(",")[2], validate=True)
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def noise(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (size, size, 3), dtype=np.uint8)


def test_small_images_are_kept_pixel_by_pixel() -> None:
    assert np.array_equal(decoded(data_uri(noise(64))), noise(64))


def test_large_images_are_reduced() -> None:
    assert decoded(data_uri(noise(256))).shape == (128, 128, 3)


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 4), (0, 64, 3)])
def test_other_arrays_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BenchError, match=r"\(H, W, 3\) of uint8"):
        data_uri(np.zeros(shape, dtype=np.uint8))
    with pytest.raises(BenchError, match="float32"):
        data_uri(np.zeros((4, 4, 3), dtype=np.float32))


def test_many_images_are_coded_with_loss_to_stay_small() -> None:
    strip = Strip("s", [Cell(noise(64), "a") for _ in range(4)])
    exact = sum(len(p.uri) for p in pictures([strip])[0])
    lossy = sum(len(p.uri) for p in pictures([strip], most_bytes=exact - 1)[0])
    assert lossy < exact


def test_missing_and_refused_pictures_say_why() -> None:
    strip = Strip("s", [Cell(None, "a", "no_face"), Cell(None, "b"), Cell(noise(8), "c")])
    assert [p.reason for p in pictures([strip])[0]] == ["no_face", "no image stored", ""]
    refused = pictures([strip], "not allowed")[0]
    assert {(p.uri, p.reason) for p in refused} == {("", "not allowed")}
