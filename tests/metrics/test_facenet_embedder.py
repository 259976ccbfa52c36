"""The real facenet-pytorch with random weights: everything but what only training gives."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from metrics import Embedder
from metrics.embedders import facenet
from metrics.embedders.facenet import FACE_BOX, FacenetEmbedder, facenet_crop
from metrics.weights import FACENET_CASIA, FACENET_VGGFACE2, PublishedWeights, sha256_of

Faces: TypeAlias = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="module")
def state(torchvision_works: ModuleType) -> dict[str, torch.Tensor]:
    """What facenet-pytorch saves of a network that has learned nothing, its logits included."""
    facenet_pytorch = pytest.importorskip(
        "facenet_pytorch", reason="needs facenet-pytorch: pip install -e '.[facenet]'"
    )
    torch.manual_seed(5)
    network = facenet_pytorch.InceptionResnetV1(classify=True, num_classes=7)
    tensors: dict[str, torch.Tensor] = network.state_dict()
    assert {"logits.weight", "logits.bias"} < set(tensors)
    return tensors


@pytest.fixture(scope="module")
def weights(state: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in the format of the released ones, and with their name."""
    path = tmp_path_factory.mktemp("weights") / FACENET_VGGFACE2.file_name
    torch.save(state, path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture(scope="module")
def published(weights: Path) -> PublishedWeights:
    """What would be known of the random weights if they were published."""
    return replace(FACENET_VGGFACE2, sha256=sha256_of(weights))


@pytest.fixture(scope="module")
def embedder(weights: Path, published: PublishedWeights) -> FacenetEmbedder:
    return FacenetEmbedder(weights, published, "facenet-vggface2")


def test_it_fulfils_the_contract(embedder: FacenetEmbedder, weights: Path) -> None:
    assert isinstance(embedder, Embedder)
    assert embedder.card.weights_sha256 == sha256_of(weights)
    assert (embedder.card.name, embedder.card.input_size) == ("facenet-vggface2", 160)
    assert embedder.embed(np.empty((0, 64, 64, 3), np.uint8)).shape == (0, 512)
    with pytest.raises(ValueError, match="expected square RGB"):
        embedder.embed(np.zeros((1, 64, 32, 3), np.uint8))


def test_embeddings_are_facenet_pytorchs_own(
    embedder: FacenetEmbedder, state: dict[str, torch.Tensor], faces: Faces
) -> None:
    from facenet_pytorch import InceptionResnetV1, fixed_image_standardization

    network = InceptionResnetV1(classify=True, num_classes=7)
    network.load_state_dict(state)
    network.classify = False
    frames = faces("neutral", side=128, limit=3)
    crops = torch.from_numpy(np.stack([facenet_crop(frame) for frame in frames]))
    with torch.no_grad():
        own = network.eval()(fixed_image_standardization(crops.permute(0, 3, 1, 2).float()))
    np.testing.assert_allclose(embedder.embed(frames), own.numpy(), atol=2e-6)


def test_embeddings_have_unit_norm_and_depend_on_their_image_alone(
    embedder: FacenetEmbedder, faces: Faces
) -> None:
    frames = faces("smiling", limit=19)
    together = embedder.embed(frames)
    assert (together.shape, together.dtype) == ((19, 512), np.float32)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, rtol=1e-6)
    order = np.random.default_rng(0).permutation(len(frames))
    np.testing.assert_array_equal(embedder.embed(frames[order]), together[order])
    alone = np.concatenate([embedder.embed(frame[None]) for frame in frames[17:]])
    np.testing.assert_array_equal(alone, together[17:])


def test_even_random_weights_tell_people_apart(embedder: FacenetEmbedder, faces: Faces) -> None:
    neutral, smiling = (embedder.embed(faces(e, limit=8)) for e in ("neutral", "smiling"))
    distances = np.linalg.norm(neutral[:, None] - smiling[None], axis=-1)
    own = np.diag(distances)
    strangers = distances[~np.eye(8, dtype=bool)]
    assert np.all(strangers > 1e-4)
    assert own.mean() < strangers.mean()


def test_the_network_is_in_evaluation_mode_and_gradients_stay_on_elsewhere(
    embedder: FacenetEmbedder, faces: Faces
) -> None:
    embedder.embed(faces("neutral", limit=1))
    network = embedder._network
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_no_connection_is_opened(
    weights: Path, published: PublishedWeights, faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a connection was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    FacenetEmbedder(weights, published, "facenet").embed(faces("neutral", limit=1))
    with pytest.raises(FileNotFoundError):
        FacenetEmbedder(weights.with_name("gone.pt"), published, "facenet")


def test_the_box_is_where_the_real_mtcnn_finds_faces(
    torchvision_works: ModuleType, faces: Faces
) -> None:
    facenet_pytorch = pytest.importorskip("facenet_pytorch")
    detector = facenet_pytorch.MTCNN(margin=0)
    frames = [Image.fromarray(frame) for frame in faces("neutral", side=256, limit=24)]
    boxes = np.array([detector.detect(frame)[0][0] for frame in frames], dtype=float) / 256
    np.testing.assert_allclose(boxes.mean(axis=0), FACE_BOX, atol=0.02)


def test_the_crop_is_the_box_and_nothing_else() -> None:
    frame = np.zeros((200, 200, 3), np.uint8)
    left, top, right, bottom = (round(200 * edge) for edge in FACE_BOX)
    frame[top:bottom, left:right] = 255
    crop = facenet_crop(frame)
    assert crop.shape == (160, 160, 3)
    assert crop[2:-2, 2:-2].min() == 255
    frame[top:bottom, left:right] = 0
    frame[: top - 2] = frame[bottom + 2 :] = 255
    frame[:, : left - 2] = frame[:, right + 2 :] = 255
    assert facenet_crop(frame)[4:-4, 4:-4].max() == 0


def damaged(kind: str, state: dict[str, torch.Tensor], path: Path) -> None:
    if kind == "page":
        path.write_text("<!DOCTYPE html><html><body>Not found</body></html>")
    elif kind == "truncated":
        torch.save(state, path)
        path.write_bytes(path.read_bytes()[:5000])
    elif kind == "network":
        torch.save(torch.nn.Linear(3, 2).state_dict(), path)
    elif kind == "shape":
        changed = {**state, "last_linear.weight": torch.zeros(256, 1792)}
        torch.save(changed, path)
    else:
        torch.save({"weights": torch.nn.Linear(3, 2)}, path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("page", r"is a web page, not weights: get .* again from https"),
        ("truncated", r"is truncated or no file of PyTorch"),
        ("network", r"holds another network than facenet-pytorch's InceptionResnetV1"),
        ("shape", r"holds another network .*last_linear"),
        ("module", r"asks for torch\.nn\.modules\.linear\.Linear .* refused"),
    ],
)
def test_a_bad_file_is_refused_by_name_in_one_sentence(
    state: dict[str, torch.Tensor], tmp_path: Path, kind: str, words: str
) -> None:
    path = tmp_path / "bad.pt"
    damaged(kind, state, path)
    with pytest.raises(ValueError, match=rf"bad\.pt {words}") as caught:
        FacenetEmbedder(path, FACENET_CASIA, "facenet-casia")
    assert "\n" not in str(caught.value)


def test_another_sha256_than_the_published_is_refused_before_anything_is_read(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facenet, "read_tensors", lambda path: pytest.fail("it was read"))
    with pytest.raises(ValueError, match=rf"{weights.name} has the SHA-256 .* another file"):
        facenet.FACENET_VGGFACE2.make(weights)


def test_weights_that_give_no_direction_are_an_error_not_a_number(
    state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "nan.pt"
    broken = {**state, "last_bn.weight": torch.full_like(state["last_bn.weight"], torch.nan)}
    torch.save(broken, path)
    embedder = FacenetEmbedder(path, FACENET_CASIA, "facenet-casia")
    with pytest.raises(ValueError, match=r"nan\.pt gives no usable embedding"):
        embedder.embed(np.zeros((1, 64, 64, 3), np.uint8))


def test_a_torchvision_for_another_torch_is_one_sentence(
    weights: Path, published: PublishedWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise RuntimeError("operator torchvision::nms does not exist")

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(ImportError, match=r"another torch .*: pip install --force-reinstall"):
        FacenetEmbedder(weights, published, "facenet")
    problem = facenet.FACENET_VGGFACE2.problem()
    assert problem is not None
    assert "pip install" in problem
