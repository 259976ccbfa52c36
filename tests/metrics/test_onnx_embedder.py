from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnxruntime")

from metrics import Embedder
from metrics.crop import arcface_crop
from metrics.embedders.onnx import (
    ARCFACE,
    IMAGENET,
    OWN,
    OnnxEmbedder,
    Preprocessing,
    preprocessing_of,
)
from metrics.embedders.onnx import MOBILEFACENET as PLUGIN
from metrics.embedders.onnx_graph import first_node_names
from metrics.weights import MOBILEFACENET

Faces: TypeAlias = Callable[..., NDArray[np.uint8]]
Writer: TypeAlias = Callable[..., Path]


@pytest.fixture
def images() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (21, 64, 64, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def mobilefacenet(weights_dir: Path) -> OnnxEmbedder:
    return OnnxEmbedder(weights_dir / "mobilefacenet" / "MobileFaceNet.onnx")


def test_the_input_is_the_normalised_crop(flatten_model: Writer, images: NDArray[np.uint8]) -> None:
    preprocessing = Preprocessing(mean=(0.1, 0.2, 0.3), deviation=(0.4, 0.5, 0.6))
    embedder = OnnxEmbedder(flatten_model([1, 3, 112, 112]), preprocessing=preprocessing)
    crop = arcface_crop(images[0]) / 255.0
    expected = ((crop - [0.1, 0.2, 0.3]) / [0.4, 0.5, 0.6]).transpose(2, 0, 1).ravel()
    actual = embedder.embed(images[:1])[0]
    np.testing.assert_allclose(actual, expected / np.linalg.norm(expected), atol=1e-6)


def test_either_layout_is_read_from_the_file(
    flatten_model: Writer, images: NDArray[np.uint8]
) -> None:
    first = OnnxEmbedder(flatten_model([1, 3, 112, 112], name="first.onnx")).embed(images)
    last = OnnxEmbedder(flatten_model([1, 112, 112, 3], name="last.onnx")).embed(images)
    moved = last.reshape(-1, 112, 112, 3).transpose(0, 3, 1, 2).reshape(len(images), -1)
    np.testing.assert_array_equal(first, moved)


def test_the_order_of_the_channels_can_be_chosen(
    flatten_model: Writer, images: NDArray[np.uint8]
) -> None:
    path = flatten_model([1, 3, 112, 112])
    swapped = Preprocessing(ARCFACE.mean, ARCFACE.deviation, order="BGR")
    rgb = OnnxEmbedder(path, preprocessing=ARCFACE).embed(images)
    bgr = OnnxEmbedder(path, preprocessing=swapped).embed(images[..., ::-1])
    np.testing.assert_array_equal(rgb, bgr)


@pytest.mark.parametrize("batch", [1, 4, "N"])
def test_any_batch_size_of_the_file_gives_every_image_its_own_embedding(
    flatten_model: Writer, images: NDArray[np.uint8], batch: int | str
) -> None:
    embedder = OnnxEmbedder(flatten_model([batch, 3, "height", "width"]))
    together = embedder.embed(images)
    alone = np.concatenate([embedder.embed(image[None]) for image in images])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, rtol=1e-6)
    assert together.dtype == np.float32


def test_no_images_give_no_embeddings(flatten_model: Writer) -> None:
    embedder = OnnxEmbedder(flatten_model([1, 3, 112, 112]))
    assert embedder.embed(np.empty((0, 64, 64, 3), np.uint8)).shape == (0, 3 * 112 * 112)


@pytest.mark.parametrize("shape", [[1, 37632], [1, 3, 224, 224], [1, 1, 112, 112], [3, 112, 112]])
def test_a_model_with_another_input_is_refused_by_name(
    flatten_model: Writer, shape: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"flatten\.onnx takes .*an ArcFace-style embedder takes"):
        OnnxEmbedder(flatten_model(shape))


@pytest.mark.parametrize("content", [b"<!DOCTYPE html><title>Not found</title>", b"", b"\x08\x07"])
def test_a_file_that_is_no_model_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "page.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"page\.onnx is not an ONNX model") as caught:
        OnnxEmbedder(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.onnx"):
        OnnxEmbedder(tmp_path / "gone.onnx")


def test_a_model_that_mixes_the_images_of_a_batch_is_refused(
    flatten_model: Writer, images: NDArray[np.uint8]
) -> None:
    embedder = OnnxEmbedder(flatten_model(["N", 3, 112, 112], axis=0))
    with pytest.raises(ValueError, match="not one embedding per image"):
        embedder.embed(images)


def test_an_embedding_without_direction_is_an_error_not_a_number(
    flatten_model: Writer, images: NDArray[np.uint8]
) -> None:
    raw = Preprocessing(mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))
    embedder = OnnxEmbedder(flatten_model([1, 3, 112, 112]), preprocessing=raw)
    images[2] = 0
    with pytest.raises(ValueError, match="no usable embedding for image 2"):
        embedder.embed(images[:4])


def test_without_onnxruntime_the_extra_is_named(
    flatten_model: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"pip install -e '\.\[onnx\]'"):
        OnnxEmbedder(flatten_model([1, 3, 112, 112]))


def test_the_card_of_known_weights_has_their_licence(
    mobilefacenet: OnnxEmbedder, flatten_model: Writer
) -> None:
    assert isinstance(mobilefacenet, Embedder)
    assert mobilefacenet.card.weights_sha256 == MOBILEFACENET.sha256
    assert mobilefacenet.card.licence == "Apache-2.0"
    assert OnnxEmbedder(flatten_model([1, 3, 112, 112])).card.licence == "unknown"


def test_the_card_tells_preprocessings_apart(flatten_model: Writer) -> None:
    path = flatten_model([1, 3, 112, 112])
    assert OnnxEmbedder(path).card != OnnxEmbedder(path, preprocessing=IMAGENET).card


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ((), ARCFACE),
        (("Sub_0", "Mul_1"), OWN),
        (("_minusscalar0", "_mulscalar0"), OWN),
        (("Sub_0",), ARCFACE),
        ((*(f"Conv_{n}" for n in range(7)), "Sub_7", "Mul_8"), ARCFACE),
    ],
)
def test_a_graph_that_normalises_for_itself_is_given_plain_pixels(
    flatten_model: Writer, images: NDArray[np.uint8], before: Sequence[str], expected: Preprocessing
) -> None:
    path = flatten_model([1, 3, 112, 112], before=before)
    assert first_node_names(path, 9) == [*before, "last"][:9]
    assert preprocessing_of(path) == expected
    actual = OnnxEmbedder(path).embed(images[:2] | 1)
    wanted = OnnxEmbedder(path, preprocessing=expected).embed(images[:2] | 1)
    np.testing.assert_array_equal(actual, wanted)


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x3a\xff\xff\xff\xff\xff", b"\x3a\x03\x0a"])
def test_the_names_of_a_damaged_graph_are_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(content)
    assert first_node_names(path, 8) == []


def test_the_real_mobilefacenet_gets_the_pixels_of_its_training(
    mobilefacenet: OnnxEmbedder, weights_dir: Path
) -> None:
    assert preprocessing_of(weights_dir / "mobilefacenet" / "MobileFaceNet.onnx") == IMAGENET
    assert str(IMAGENET) == mobilefacenet.card.normalisation
    assert mobilefacenet.card.name == "mobilefacenet"


def test_another_file_under_its_name_is_refused(flatten_model: Writer) -> None:
    path = flatten_model([1, 3, 112, 112], name="MobileFaceNet.onnx")
    with pytest.raises(ValueError, match=r"MobileFaceNet\.onnx has the SHA-256 .* another file"):
        PLUGIN.make(path)


@pytest.mark.parametrize(("side", "strangers"), [(256, 0.05), (64, 0.07)])
def test_a_person_is_closer_to_their_own_smile_than_to_any_stranger(
    mobilefacenet: OnnxEmbedder,
    faces: Faces,
    side: int,
    strangers: float,
) -> None:
    neutral = mobilefacenet.embed(faces("neutral", side=side))
    smiling = mobilefacenet.embed(faces("smiling", side=side))
    cosines = neutral @ smiling.T
    same = np.diag(cosines)
    others = cosines[~np.eye(len(cosines), dtype=bool)]
    assert len(same) == 102
    assert same.mean() > 0.88
    assert abs(others.mean()) < strangers
    np.testing.assert_array_equal(cosines.argmax(axis=1), np.arange(len(cosines)))


def test_real_embeddings_do_not_depend_on_the_other_images(
    mobilefacenet: OnnxEmbedder, faces: Faces
) -> None:
    frames = faces("smiling", limit=12)
    order = np.random.default_rng(0).permutation(len(frames))
    together = mobilefacenet.embed(frames)
    np.testing.assert_array_equal(mobilefacenet.embed(frames[order]), together[order])
    np.testing.assert_array_equal(mobilefacenet.embed(frames[5:6]), together[5:6])
