from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from metrics.weights import (
    FACE_LANDMARKER,
    FACENET_CASIA,
    FACENET_VGGFACE2,
    MOBILEFACENET,
    PublishedWeights,
    cache_folder,
    find_weights,
    published_as,
    require_published,
    sha256_of,
)

NAME = "model.onnx"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """One copy of the weights in each place where they may lie."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path / "variable"))
    paths = {
        "explicit": tmp_path / "other-name.onnx",
        "variable": tmp_path / "variable" / "deep" / "er" / NAME,
        "cache": tmp_path / "xdg" / "bench" / "weights" / NAME,
    }
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"weights")
    return paths


def test_an_explicit_path_comes_before_the_variable_and_the_variable_before_the_cache(
    places: dict[str, Path],
) -> None:
    assert find_weights(NAME, places["explicit"]) == places["explicit"]
    assert find_weights(NAME) == places["variable"]
    places["variable"].unlink()
    assert find_weights(NAME) == places["cache"]


def test_a_missing_explicit_path_is_not_replaced_by_another_file(places: dict[str, Path]) -> None:
    wanted = places["explicit"].with_name("gone.onnx")
    with pytest.raises(FileNotFoundError, match=r"gone\.onnx"):
        find_weights(NAME, wanted)


def test_the_variable_may_name_a_file_but_only_for_an_instrument_of_its_kind(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_WEIGHTS", str(places["explicit"]))
    assert find_weights(NAME) == places["explicit"]
    with pytest.raises(FileNotFoundError):
        find_weights("face_landmarker.task")


def test_without_xdg_the_cache_is_below_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "bench" / "weights"


@pytest.mark.parametrize("known", [MOBILEFACENET, FACE_LANDMARKER, FACENET_VGGFACE2])
def test_a_missing_file_is_one_line_with_where_it_was_looked_for_and_where_to_get_it(
    known: PublishedWeights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path / "variable"))
    with pytest.raises(FileNotFoundError) as caught:
        find_weights(known.file_name)
    message = str(caught.value)
    assert "\n" not in message
    for part in (known.file_name, known.address, "$BENCH_WEIGHTS", str(tmp_path / "variable")):
        assert part in message
    assert str(tmp_path / "cache" / "bench" / "weights") in message


def test_the_sha256_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    assert sha256_of(path) == hashlib.sha256(b"one").hexdigest()
    path.write_bytes(b"another")
    assert sha256_of(path) == hashlib.sha256(b"another").hexdigest()


def test_a_web_page_and_another_file_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / FACENET_VGGFACE2.file_name
    for known in (FACENET_VGGFACE2, FACENET_CASIA):
        path.write_text("  \n<!DOCTYPE html><title>Sign in</title>")
        with pytest.raises(ValueError, match=rf"{path.name} is a web page") as caught:
            require_published(path, known)
        assert known.address in str(caught.value)
    path.write_bytes(b"weights")
    with pytest.raises(ValueError, match=rf"{path.name} has the SHA-256 .* truncated, changed or"):
        require_published(path, FACENET_VGGFACE2)
    # Nobody publishes the other's, so it is recorded and not checked.
    assert require_published(path, FACENET_CASIA) == hashlib.sha256(b"weights").hexdigest()
    with pytest.raises(FileNotFoundError, match=r"no weights at .*gone"):
        require_published(tmp_path / "gone", FACENET_CASIA)


@pytest.mark.parametrize("known", [MOBILEFACENET, FACE_LANDMARKER], ids=lambda k: k.file_name)
def test_the_real_files_are_the_published_ones(known: PublishedWeights, weights_dir: Path) -> None:
    path = find_weights(known.file_name, weights_dir)
    assert published_as(sha256_of(path)) == known
    assert published_as("0" * 64) is None
