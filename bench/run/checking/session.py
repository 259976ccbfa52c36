"""A session that hands out copies, remembers them, and can hand out noise for the test part."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from bench.data.benchmark import Benchmark
from bench.data.dataset import Sample
from bench.data.images import Pixels
from bench.data.split import Pair
from bench.plugins.checks.watch import Watch
from bench.plugins.contracts import Face, Landmarks, TransferRequest
from bench.run.landmarks import LandmarkReader
from bench.run.session import Session
from metrics.landmarks import LANDMARKS

__all__ = ["CheckedSession"]

REFERENCES: Final = 4
"""Images of a reference set that a request keeps: a contract is not kept better with more."""


class CheckedSession(Session):
    """What a method under observation is given.

    Args:
        benchmark: whose data.
        data: the user's copy.
        watch: is told when the session works for the method.

    Attributes:
        answers_asked: what was asked of the context that is for anchors.

    Raises:
        BenchError: data or weights are missing.
    """

    def __init__(self, benchmark: Benchmark, data: Path, watch: Watch) -> None:
        self._watch = watch
        self._given: list[tuple[Face, bytes]] = []
        self._is_poisoned = False
        self._test_people = frozenset(benchmark.split.identities("test"))
        self.answers_asked: set[str] = set()
        super().__init__(benchmark, data)
        self.landmarks = _CheckedLandmarks(self, watch)
        self._given.clear()

    @contextmanager
    def poisoned(self) -> Iterator[None]:
        """Meanwhile every face of a test person is noise, and so are its landmarks."""
        self._is_poisoned = True
        try:
            yield
        finally:
            self._is_poisoned = False

    def is_noise(self, face: Face) -> bool:
        """Whether the face of a person is noise at the moment."""
        return self._is_poisoned and face.identity in self._test_people

    def changed_faces(self) -> list[Face]:
        """Those handed out since the last call whose pixels are no longer what they were."""
        given, self._given = self._given, []
        return [face for face, digest in given if _digest(face) != digest]

    def face(self, sample: Sample) -> Face:
        with self._watch.harness():
            true = super().face(sample)
            pixels = _noise(true) if self.is_noise(true) else true.pixels.copy()
            face = replace(true, pixels=pixels)
            self._given.append((face, _digest(face)))
            return face

    def development(self) -> list[Face]:
        with self._watch.harness():
            return super().development()

    def neutral(self, identity: str) -> Face:
        with self._watch.harness():
            return super().neutral(identity)

    def look_up(self, identity: str, expression: str) -> Face | None:
        self.answers_asked.add("context.look_up")
        with self._watch.harness():
            return super().look_up(identity, expression)

    def stranger(self, pair: Pair) -> Face:
        self.answers_asked.add("context.stranger")
        with self._watch.harness():
            return super().stranger(pair)

    def request(self, pair: Pair, alpha: float | None) -> TransferRequest:
        """As a run makes it, with few images in the reference sets."""
        whole = super().request(pair, alpha)
        return replace(
            whole,
            source_reference=whole.source_reference[:REFERENCES],
            target_reference=whole.target_reference[:REFERENCES],
        )


class _CheckedLandmarks(LandmarkReader):
    """True landmarks, or anywhere for a face that is noise."""

    def __init__(self, session: CheckedSession, watch: Watch) -> None:
        super().__init__(session.benchmark.card.folder, session.instruments)
        self._session, self._watch = session, watch

    def find(self, faces: Sequence[Face]) -> list[Landmarks | None]:
        with self._watch.harness():
            true = [face for face in faces if not self._session.is_noise(face)]
            found = dict(zip((face.key for face in true), super().find(true), strict=True))
            return [
                _random(face).random((LANDMARKS, 2))
                if self._session.is_noise(face)
                else found[face.key]
                for face in faces
            ]


def _noise(face: Face) -> Pixels:
    return _random(face).integers(256, size=face.pixels.shape, dtype=np.uint8)


def _random(face: Face) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("/".join(face.key).encode()))


def _digest(face: Face) -> bytes:
    return hashlib.sha256(face.pixels.tobytes()).digest()
