"""Pictures of the page: once each, small together, and nothing that must not be shown."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.errors import BenchError
from bench.report.page import images
from bench.report.page.images import Images


def noise(size: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (size, size, 3), dtype=np.uint8)


def decoded(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.partition(";base64,")[2], validate=True)
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.fixture
def coded(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The quality of every coding that takes place."""
    qualities: list[int | None] = []
    original = images._data_uri

    def counting(wanted: images._Wanted, quality: int | None) -> str:
        qualities.append(quality)
        return original(wanted, quality)

    monkeypatch.setattr(images, "_data_uri", counting)
    return qualities


def test_small_pictures_are_kept_pixel_by_pixel_and_large_ones_reduced() -> None:
    shown = Images()
    small, large = shown.add(noise(64)), shown.add(noise(256))
    uris = shown.coded().uris
    assert np.array_equal(decoded(uris[small]), noise(64))
    assert decoded(uris[large]).shape == (128, 128, 3)


def test_the_same_picture_is_stored_once_wherever_it_lies(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        Image.fromarray(noise()).save(tmp_path / folder / "source.png")
    shown = Images()
    names = {shown.add(tmp_path / folder / "source.png") for folder in ("one", "two", "one")}
    assert len(names) == len(shown.coded().uris) == 1
    assert shown.add(tmp_path / "one" / "source.png", side=32) not in names


def test_names_do_not_depend_on_where_files_lie(tmp_path: Path) -> None:
    Image.fromarray(noise()).save(tmp_path / "a.png")
    first = Images().add(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    assert Images().add(tmp_path / "b.png") == first


def test_no_picture_is_coded_more_often_than_needed(coded: list[int | None]) -> None:
    shown = Images()
    for seed in range(300):
        shown.add(noise(16, seed))
    kept = shown.coded()
    assert len(kept.uris) == 300
    assert coded == [None] * 300
    coded.clear()
    whole = sum(map(len, kept.uris.values()))
    lossy = shown.coded(whole // 2)
    assert len(lossy.uris) == 300
    assert coded.count(None) < 100
    assert len([quality for quality in coded if quality is not None]) <= 400


def test_all_together_stay_small_and_the_least_important_are_left_out(
    coded: list[int | None],
) -> None:
    shown = Images(most_bytes=40_000)
    names = [shown.add(noise(64, seed), priority=seed % 2) for seed in range(60)]
    kept = shown.coded().uris
    assert sum(map(len, kept.values())) <= 40_000
    assert set(coded) == {None, 85, 60}
    assert list(kept) == [*names[::2], *names[1::2]][: len(kept)]
    assert 5 < len(kept) < 60
    assert shown.coded(0).uris == {}


def test_a_picture_that_is_wanted_again_counts_as_the_more_important() -> None:
    shown = Images()
    for seed in range(10):
        shown.add(noise(64, seed), priority=5)
    first = shown.add(noise(64, 9), priority=1)
    assert next(iter(shown.coded().uris)) == first


def test_thumbnails_with_loss_are_not_coded_again(tmp_path: Path) -> None:
    for suffix in ("webp", "jpg"):
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(noise()).save(path, quality=80)
        shown = Images()
        uri = shown.coded().uris.get(shown.add(path)) or shown.coded().uris[shown.add(path)]
        assert base64.b64decode(uri.partition(";base64,")[2]) == path.read_bytes()
        smaller = Images()
        name = smaller.add(path, side=32)
        assert decoded(smaller.coded().uris[name]).shape == (32, 32, 3)


def test_damaged_files_are_named_and_the_others_stay(tmp_path: Path) -> None:
    Image.fromarray(noise()).save(tmp_path / "good.png")
    content = (tmp_path / "good.png").read_bytes()
    (tmp_path / "half.png").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.png").write_text("<script>", encoding="utf-8")
    (tmp_path / "empty.png").touch()
    shown = Images()
    names = {
        name: shown.add(tmp_path / f"{name}.png") for name in ("good", "half", "text", "empty")
    }
    kept = shown.coded()
    assert list(kept.uris) == [names["good"]]
    assert set(kept.unreadable) == {names["half"], names["text"], names["empty"]}


def test_refused_and_missing_pictures_have_no_name_and_say_why(tmp_path: Path) -> None:
    refused = Images("the <licence> forbids it")
    assert refused.add(noise()) == refused.add(tmp_path / "a.png") == ""
    assert refused.coded().uris == {}
    assert refused.tag("", "a face") == (
        '<span class="placeholder">the &lt;licence&gt; forbids it</span>'
    )
    shown = Images()
    assert shown.add(tmp_path / "nowhere.png") == ""
    assert "no_face" in shown.tag("", "a face", "no_face")
    assert 'alt="&#34;&gt;"' in shown.tag(shown.add(noise()), '">')


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 4), (0, 64, 3)])
def test_other_arrays_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BenchError, match=r"\(H, W, 3\) of uint8"):
        Images().add(np.zeros(shape, dtype=np.uint8))
    with pytest.raises(BenchError, match="float32"):
        Images().add(np.zeros((4, 4, 3), dtype=np.float32))
