from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bench.data.benchmark import load_benchmark
from bench.errors import BenchError
from bench.paths import datasets_folder
from bench.plugins.contracts import IBUG_68, Face
from bench.plugins.registry import load_method
from bench.run.instruments import Features
from bench.run.landmarks import LandmarkReader
from bench.run.preparation import prepare_method
from bench.run.session import Session

POINTS = np.linspace(0.0, 1.0, 136, dtype=np.float32).reshape(68, 2)


class Reading:
    """Instruments whose AU estimator gives the landmarks that it is told."""

    def __init__(self, landmarks) -> None:
        self.landmarks, self.measured = landmarks, 0
        card = SimpleNamespace(name="points", version="2", weights_sha256="abc")
        self.au_estimator = SimpleNamespace(card=card)

    def measure(self, images, *, real=False):
        self.measured += len(images)
        nothing = np.zeros(1, dtype=np.float32)
        return [Features("ok", nothing, nothing, 1.0, self.landmarks) for _ in images]


def face(sample: str = "neutral") -> Face:
    return Face("s001", sample, "", np.zeros((16, 16, 3), dtype=np.uint8))


def test_without_a_drawing_the_estimator_gives_them_once_for_each_face(tmp_path):
    instruments = Reading(POINTS)
    reader = LandmarkReader(tmp_path, instruments)
    first = reader.find([face("a"), face("b"), face("a")])
    reader.find([face("b")])
    assert instruments.measured == 2
    np.testing.assert_array_equal(first, [POINTS] * 3)
    assert first[0].dtype == np.float64
    assert (reader.scheme, reader.source) == (IBUG_68, "points 2 abc")


@pytest.mark.parametrize("given", [None, POINTS[:67], np.where(POINTS > 0.5, np.nan, POINTS)])
def test_no_landmarks_and_those_of_an_unknown_scheme_are_none(tmp_path, given):
    assert LandmarkReader(tmp_path, Reading(given)).find([face()]) == [None]


def test_a_drawing_s_own_landmarks_come_first():
    instruments = Reading(POINTS)
    reader = LandmarkReader(datasets_folder() / "synthfaces", instruments)
    known, unknown = reader.find([face(), face("made-up")])
    assert instruments.measured == 0
    assert known.shape == (68, 2)
    assert unknown is None
    assert reader.source.startswith("parameters of the drawing ")


def test_a_benchmark_without_landmarks_says_which_estimator_to_take(embedded):
    session = Session(load_benchmark("synthfaces"), embedded)
    assert set(session.landmarks.find(session.development())) == {None}
    method = str(datasets_folder().parent / "bench" / "methods" / "landmark_warp.py")
    with pytest.raises(BenchError, match=r"cannot be prepared: it needs landmarks.*--au mediapipe"):
        prepare_method(session, load_method(method), {})
