"""Every instrument says how its numbers are made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from metrics.cards import InstrumentCard
from metrics.plugin import InstrumentPlugin

SENTENCES = (
    "description", "crop", "scale", "licence", "source", "normalisation", "alignment", "no_face",
    "several_faces",
)  # fmt: skip


def check(plugin: InstrumentPlugin[Any], card: InstrumentCard, units: tuple[str, ...]) -> None:
    assert (card.name, card.kind) == (plugin.name, plugin.kind)
    assert (card.scale, card.licence) == (plugin.scale, plugin.licence)
    for field in SENTENCES:
        assert getattr(card, field), field
        assert "\n" not in getattr(card, field)
    assert card.input_size > 0
    assert re.fullmatch(r"[0-9a-f]{64}", card.weights_sha256)
    assert card.action_units == units
    assert json.loads(json.dumps(card.to_dict()))["normalisation"] == card.normalisation


def test_the_cards_of_the_instruments_for_drawn_faces_are_complete() -> None:
    from metrics.au.synth import SYNTH as ESTIMATOR
    from metrics.embedders.synth import SYNTH as EMBEDDER

    estimator = ESTIMATOR.make(None)
    check(EMBEDDER, EMBEDDER.make(None).card, ())
    check(ESTIMATOR, estimator.card, estimator.action_units)


def test_the_card_of_mobilefacenet_is_complete(weights_dir: Path) -> None:
    from metrics.embedders.onnx import MOBILEFACENET

    path = weights_dir / "mobilefacenet" / "MobileFaceNet.onnx"
    check(MOBILEFACENET, MOBILEFACENET.make(path).card, ())


@pytest.fixture
def estimator(weights_dir: Path) -> Iterator[Any]:
    from metrics.au.mediapipe import MEDIAPIPE

    with MEDIAPIPE.make(weights_dir / "mediapipe" / "face_landmarker.task") as made:
        yield made


def test_the_card_of_mediapipe_is_complete(estimator: Any) -> None:
    from metrics.au.mediapipe import MEDIAPIPE

    check(MEDIAPIPE, estimator.card, estimator.action_units)
    assert MEDIAPIPE.problem() is None


def test_the_card_of_facenet_is_complete(torchvision_works: ModuleType, tmp_path: Path) -> None:
    facenet_pytorch = pytest.importorskip("facenet_pytorch")
    from metrics.embedders.facenet import FACENET_CASIA

    path = tmp_path / FACENET_CASIA.weights
    torch.save(facenet_pytorch.InceptionResnetV1().state_dict(), path)
    check(FACENET_CASIA, FACENET_CASIA.make(path).card, ())
    assert FACENET_CASIA.problem() is None


def test_any_other_file_has_an_unknown_licence_and_says_whose_it_is(
    weights_dir: Path, flatten_model: Any
) -> None:
    from metrics.embedders.onnx import ARCFACE_ONNX

    card = ARCFACE_ONNX.make(flatten_model([1, 3, 112, 112])).card
    assert (card.name, card.licence) == ("arcface-onnx", "unknown")
    assert card.source == "a file of the user"
    with pytest.raises(ValueError, match=r"needs a file: give arcface-onnx:FILE\.onnx"):
        ARCFACE_ONNX.make(None)


def test_another_file_under_the_landmarkers_name_is_refused(tmp_path: Path) -> None:
    from metrics.au.mediapipe import MEDIAPIPE

    path = tmp_path / "face_landmarker.task"
    path.write_bytes(b"another")
    with pytest.raises(ValueError, match=r"face_landmarker\.task has the SHA-256"):
        MEDIAPIPE.make(path)
    path.write_text("<!DOCTYPE html>")
    with pytest.raises(ValueError, match=r"face_landmarker\.task is a web page"):
        MEDIAPIPE.make(path)
