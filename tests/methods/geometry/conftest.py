"""Two drawn people in one light, whose landmarks are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from bench.data.split import Pair
from bench.data.synthfaces import NAMED_EXPRESSIONS, Expression, FaceParameters, View, draw_face
from bench.data.synthfaces.landmarks import draw_landmarks
from bench.data.synthfaces.sampling import random_identity
from bench.plugins.contracts import Face, Landmarks, MethodContext, TransferRequest

EXPRESSIONS = {"neutral": Expression.of(), "again": Expression.of(), **NAMED_EXPRESSIONS}


class Drawing:
    """Drawn people ``a`` and ``b`` at one size, with the context and requests made of them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._faces: dict[tuple[str, str], Face] = {}

    def parameters(self, identity: str, sample: str) -> FaceParameters:
        person = random_identity(np.random.default_rng({"a": 9, "b": 4}[identity]))
        person = replace(person, glasses="none", hair_style="short")
        return FaceParameters(person, EXPRESSIONS[sample], View())

    def face(self, identity: str, sample: str) -> Face:
        key = identity, sample
        if key not in self._faces:
            pixels = draw_face(self.parameters(*key), self.size)
            self._faces[key] = Face(identity, sample, sample, pixels)
        return self._faces[key]

    def landmarks(self, face: Face) -> Landmarks:
        return draw_landmarks(self.parameters(*face.key))

    def context(self) -> MethodContext:
        return MethodContext(
            dataset="drawn",
            resolution=self.size,
            device="cpu",
            seed=0,
            development=lambda: [self.face("a", "neutral")],
            neutral=lambda identity: self.face(identity, "neutral"),
            look_up=lambda *_: None,
            stranger=lambda _: self.face("b", "neutral"),
            landmarks=lambda faces: [self.landmarks(face) for face in faces],
            landmark_source="the drawing",
        )

    def request(
        self, source: str, target: str, sample: str = "happiness", alpha: float = 1.0
    ) -> TransferRequest:
        return TransferRequest(
            Pair("test", source, sample, target),
            self.face(source, sample),
            (self.face(source, "neutral"),),
            (self.face(target, "neutral"),),
            alpha,
        )


@pytest.fixture(scope="session")
def drawing() -> Drawing:
    return Drawing(64)


@pytest.fixture(scope="session")
def drawing_of_size() -> Callable[[int], Drawing]:
    return Drawing
