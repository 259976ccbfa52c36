from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.data.alignment.sources import find_template, open_source
from bench.errors import BenchError
from metrics.faces.finder import POINTS


def test_one_source_alone_may_be_given(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="--landmarks and --openface exclude each other"):
        open_source(["a.jpg"], landmarks=tmp_path / "eyes.csv", openface=tmp_path)
    with pytest.raises(BenchError, match=r"--eyes 'pupils' is no convention .*mtcnn, lids"):
        open_source(["a.jpg"], eyes="pupils")
    with pytest.raises(BenchError, match="--eyes is about detectors"):
        open_source(["a.jpg"], eyes="lids", openface=tmp_path)
    with pytest.raises(BenchError, match="--detector and --landmarks exclude each other"):
        open_source(["a.jpg"], detector="mtcnn", landmarks=tmp_path / "eyes.csv")


def test_a_mistyped_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(BenchError, match=r"no face detector called 'mtcn'; did you mean 'mtcnn'\?"):
        open_source(["a.jpg"], detector="mtcn")
    with pytest.raises(BenchError, match=r"no template called 'glwo'; did you mean 'glow'\?"):
        find_template("glwo")
    with pytest.raises(BenchError, match="brings its weights"):
        open_source(["a.jpg"], detector="mtcnn:weights.pt")


def test_a_detector_that_is_not_installed_names_its_extra_and_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> None:
        raise ImportError("the face detector MTCNN needs facenet-pytorch: pip install it")

    monkeypatch.setattr("metrics.faces.mtcnn.MTCNNFaceFinder", missing)
    monkeypatch.setattr("metrics.faces.mediapipe.MediaPipeFaceFinder", missing)
    monkeypatch.setattr("bench.data.alignment.sources.find_weights", lambda *_: Path("x.task"))
    for chosen, other in ((None, "mediapipe"), ("mtcnn", "mediapipe"), ("mediapipe", "mtcnn")):
        with pytest.raises(BenchError, match=rf"pip install it \(or .* --detector {other}\)"):
            open_source(["a.jpg"], detector=chosen)


def test_missing_and_wrong_weights_are_named(
    weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(BenchError, match=r"weights face_landmarker\.task are not at"):
        open_source(["a.jpg"], detector="mediapipe")
    page = tmp_path / "page.task"
    page.write_text("<html>")
    with pytest.raises(BenchError, match=r"page\.task is not a MediaPipe Face Landmarker"):
        open_source(["a.jpg"], detector=f"mediapipe:{page}")


def test_the_weights_of_a_detector_may_be_named(weights_dir: Path, london_data: Path) -> None:
    source = open_source(["a.jpg"], detector=f"mediapipe:{weights_dir}")
    assert source.points == POINTS
    assert source.name.startswith("mediapipe (mediapipe ")
    assert source.name.endswith(", eyes mtcnn")
    picture = np.asarray(Image.open(london_data / "aligned256" / "001" / "neutral.png"))
    (face,) = source.faces("a.jpg", picture)
    assert np.abs(face.eyes - [(94.98, 122.88), (161.02, 122.88)]).max() < 4.0
