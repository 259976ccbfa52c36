from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("mediapipe")

from metrics import AUEstimator
from metrics.au.mediapipe import MediaPipeAUEstimator
from metrics.weights import FACE_LANDMARKER

Faces: TypeAlias = Callable[..., NDArray[np.uint8]]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def task(weights_dir: Path) -> Path:
    return weights_dir / "mediapipe" / "face_landmarker.task"


@pytest.fixture(scope="module")
def estimator(task: Path) -> Iterator[MediaPipeAUEstimator]:
    with MediaPipeAUEstimator(task) as estimator:
        yield estimator


def test_it_fulfils_the_contract(estimator: MediaPipeAUEstimator) -> None:
    assert isinstance(estimator, AUEstimator)
    assert estimator.card.weights_sha256 == FACE_LANDMARKER.sha256
    assert {"AU01", "AU04", "AU06", "AU12", "AU26"} < set(estimator.action_units)


@pytest.mark.parametrize("side", [64, 256])
def test_every_photograph_has_one_face_and_smiles_are_seen(
    estimator: MediaPipeAUEstimator, faces: Faces, side: int
) -> None:
    neutral = estimator.blendshapes(faces("neutral", side=side))
    smiling = estimator.blendshapes(faces("smiling", side=side))
    assert set(neutral.outcomes) | set(smiling.outcomes) == {"ok"}
    assert len(neutral.outcomes) == 102
    column = neutral.names.index("mouthSmileLeft")
    assert neutral.values[:, column].mean() < 0.1
    assert smiling.values[:, column].mean() > 0.45
    assert np.all((neutral.values >= 0.0) & (neutral.values <= 1.0))


def test_lip_corners_rise_and_the_jaw_stays_when_people_smile(
    estimator: MediaPipeAUEstimator, faces: Faces
) -> None:
    neutral, smiling = (estimator.estimate(faces(e, limit=30)) for e in ("neutral", "smiling"))
    change = dict(
        zip(estimator.action_units, (smiling.values - neutral.values).mean(axis=0), strict=True)
    )
    assert max(change, key=lambda unit: abs(change[unit])) == "AU12"
    assert change["AU12"] > 0.3
    assert abs(change["AU26"]) < 0.1


def test_a_reading_depends_on_nothing_but_its_image(
    estimator: MediaPipeAUEstimator, faces: Faces
) -> None:
    frames = faces("smiling", limit=10)
    order = np.random.default_rng(0).permutation(len(frames))
    together = estimator.estimate(frames).values
    np.testing.assert_array_equal(estimator.estimate(frames[order]).values, together[order])
    np.testing.assert_array_equal(estimator.estimate(frames[3:4]).values, together[3:4])


def test_what_shows_no_single_face_is_an_outcome_and_not_a_number(
    estimator: MediaPipeAUEstimator, faces: Faces
) -> None:
    side = 256
    portraits = faces("neutral", side=side // 2, limit=2)
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    couple = np.full((side, side, 3), 128, dtype=np.uint8)
    couple[side // 4 : -side // 4] = np.concatenate(list(portraits), axis=1)
    reading = estimator.estimate(np.stack([noise, couple, faces("neutral", side=side)[0]]))
    assert reading.outcomes == ["no_face", "several_faces", "ok"]
    np.testing.assert_array_equal(
        np.isnan(reading.values).all(axis=1), [True, True, False], strict=True
    )
    assert not np.isnan(reading.values[2]).any()


def test_no_images_give_an_empty_reading(estimator: MediaPipeAUEstimator) -> None:
    reading = estimator.estimate(np.empty((0, 64, 64, 3), dtype=np.uint8))
    assert reading.outcomes == []
    assert reading.values.shape == (0, len(estimator.action_units))


def test_the_program_ends_silently_without_closing(task: Path) -> None:
    code = (
        "import sys, numpy as np\n"
        "from metrics.au.mediapipe import MediaPipeAUEstimator\n"
        "estimator = MediaPipeAUEstimator(sys.argv[1])\n"
        "print(estimator.estimate(np.zeros((1, 64, 64, 3), np.uint8)).outcomes[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(task)], capture_output=True, text=True, cwd=ROOT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "no_face\n", "")


def test_a_closed_estimator_says_so(task: Path, faces: Faces) -> None:
    estimator = MediaPipeAUEstimator(task)
    estimator.close()
    estimator.close()
    with pytest.raises(ValueError, match="closed"):
        estimator.estimate(faces("neutral", limit=1))


def test_a_wrong_file_is_refused_by_name(tmp_path: Path) -> None:
    page, other = tmp_path / "page.task", tmp_path / "other.task"
    page.write_text("<!DOCTYPE html>")
    with zipfile.ZipFile(other, "w") as bundle:
        bundle.writestr("hand_detector.tflite", b"")
    for path in (page, other):
        with pytest.raises(ValueError, match=rf"{path.name} is not a MediaPipe Face Landmarker"):
            MediaPipeAUEstimator(path)
    with pytest.raises(FileNotFoundError, match=r"gone\.task"):
        MediaPipeAUEstimator(tmp_path / "gone.task")


def test_without_mediapipe_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(ImportError, match=r"pip install -e '\.\[mediapipe\]'"):
        MediaPipeAUEstimator(tmp_path / "any.task")


def test_a_missing_system_library_is_named_with_its_package(
    task: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarker

    def fail(options: Any) -> None:
        raise OSError("libGLESv2.so.2: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(FaceLandmarker, "create_from_options", fail)
    with pytest.raises(ImportError, match=r"libGLESv2\.so\.2.*apt-get install .*libgles2"):
        MediaPipeAUEstimator(task)
