from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from metrics import AUEstimator
from metrics.au.openface import OPENFACE, OpenFaceAUEstimator
from metrics.au.openface_csv import PRESENCE_UNITS
from metrics.au.openface_program import OpenFaceProgram
from metrics.contracts import UnmeasuredImages

Program = Callable[..., Path]


def frame(faces: int, confidence: float, intensity: float, side: int = 256) -> NDArray[np.uint8]:
    """A picture in which the double sees that."""
    colour = (faces, round(100 * confidence), round(100 * intensity))
    return np.full((side, side, 3), colour, dtype=np.uint8)


def frames(*pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.stack(pictures)


def calls(program: Path) -> list[list[str]]:
    lines = (program.parent / "calls.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(autouse=True)
def no_openface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENFACE_BIN", raising=False)


@pytest.mark.parametrize("name", ["FaceLandmarkImg", "FeatureExtraction"])
def test_one_process_reads_all_images_in_their_order(
    openface_program: Program, openface_double: ModuleType, name: str
) -> None:
    program = openface_program(name)
    estimator = OpenFaceAUEstimator(program)
    assert isinstance(estimator, AUEstimator)
    images = frames(frame(1, 0.98, 2.0), frame(0, 0.0, 1.0), frame(1, 0.9, 0.5), frame(1, 0.5, 2.0))
    reading = estimator.estimate(images)
    assert reading.outcomes == ["ok", "no_face", "ok", "no_face"]
    assert reading.values.shape == (4, 17)
    np.testing.assert_allclose(reading.values[:, 3], [2.0, np.nan, 0.5, np.nan])
    assert reading.landmarks is not None
    points = np.array(openface_double.LANDMARK) / 256.0
    np.testing.assert_allclose(reading.landmarks[0], points, atol=1e-6)
    assert np.isnan(reading.landmarks[1]).all()
    assert len(calls(program)) == 1


def test_still_images_are_not_calibrated_to_a_person(openface_program: Program) -> None:
    program = openface_program("FeatureExtraction")
    OpenFaceAUEstimator(program).estimate(frames(frame(1, 0.98, 2.0), frame(1, 0.98, 1.0)))
    (arguments,) = calls(program)
    assert "-au_static" in arguments
    assert arguments.count("-fdir") == 2


def test_several_faces_are_an_outcome_and_doubtful_ones_do_not_count(
    openface_program: Program,
) -> None:
    estimator = OpenFaceAUEstimator(openface_program())
    reading = estimator.read(frames(frame(2, 0.9, 1.0), frame(3, 0.6, 1.0)))
    assert reading.outcomes == ["several_faces", "no_face"]
    assert np.isnan(reading.intensities).all()
    assert np.isnan(reading.presences).all()


def test_a_reading_depends_on_nothing_but_its_image(openface_program: Program) -> None:
    program = openface_program()
    estimator = OpenFaceAUEstimator(program)
    images = frames(*(frame(1, 0.9, 0.1 * level) for level in range(1, 8)))
    together = estimator.estimate(images).values
    order = np.random.default_rng(0).permutation(7)
    np.testing.assert_array_equal(estimator.estimate(images[order]).values, together[order])
    np.testing.assert_array_equal(estimator.estimate(images[2:3]).values, together[2:3])
    twice = estimator.estimate(images[[4, 4, 4]]).values
    np.testing.assert_array_equal(twice, together[[4, 4, 4]])


def test_au28_has_a_presence_and_no_intensity(openface_program: Program) -> None:
    estimator = OpenFaceAUEstimator(openface_program())
    assert "AU28" not in estimator.action_units
    assert len(estimator.action_units) == 17
    reading = estimator.read(frames(frame(1, 0.9, 1.5), frame(1, 0.9, 0.5)))
    assert reading.presences[:, PRESENCE_UNITS.index("AU28")].tolist() == [1.0, 0.0]


def test_small_frames_are_enlarged_and_landmarks_stay_fractions(
    openface_program: Program, openface_double: ModuleType
) -> None:
    reading = OpenFaceAUEstimator(openface_program()).estimate(frames(frame(1, 0.9, 1.0, side=64)))
    assert reading.outcomes == ["ok"]
    assert reading.landmarks is not None
    points = np.array(openface_double.LANDMARK) / 256.0
    np.testing.assert_allclose(reading.landmarks[0], points, atol=1e-6)


def test_no_images_start_no_program(openface_program: Program) -> None:
    program = openface_program()
    reading = OpenFaceAUEstimator(program).estimate(np.empty((0, 64, 64, 3), dtype=np.uint8))
    assert reading.outcomes == []
    assert reading.values.shape == (0, 17)
    assert not (program.parent / "calls.jsonl").exists()


def test_malformed_images_are_refused(openface_program: Program) -> None:
    with pytest.raises(ValueError, match="uint8"):
        OpenFaceAUEstimator(openface_program()).estimate(np.zeros((1, 8, 8, 3)))  # type: ignore[arg-type]


def test_what_the_program_says_when_it_fails_is_in_the_error(openface_program: Program) -> None:
    program = openface_program()
    (program.parent / "behaviour").write_text("fail")
    with pytest.raises(RuntimeError, match=r"status 1 .*Could not load the landmark detector"):
        OpenFaceAUEstimator(program).estimate(frames(frame(1, 0.9, 1.0)))


def test_a_program_that_hangs_is_stopped(
    openface_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.au.openface_program._STARTING_SECONDS", 0.3)
    program = openface_program()
    (program.parent / "behaviour").write_text("hang")
    started = time.monotonic()
    with pytest.raises(RuntimeError, match="was stopped: 1 images took longer"):
        OpenFaceAUEstimator(program, seconds_per_image=0.2).estimate(frames(frame(1, 0.9, 1.0)))
    assert time.monotonic() - started < 30.0


def test_a_program_that_says_nothing_of_an_image_is_an_error_and_no_missing_face(
    openface_program: Program,
) -> None:
    program = openface_program()
    (program.parent / "behaviour").write_text("silent")
    with pytest.raises(RuntimeError, match="without an answer"):
        OpenFaceAUEstimator(program).estimate(frames(frame(1, 0.9, 1.0)))


def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    text = tmp_path / "FaceLandmarkImg"
    text.write_text("not a program")
    with pytest.raises(RuntimeError, match=r"FaceLandmarkImg cannot be started .*chmod \+x"):
        OpenFaceAUEstimator(text).estimate(frames(frame(1, 0.9, 1.0)))
    other = tmp_path / "FaceLandmarkVid"
    other.write_text("")
    with pytest.raises(ValueError, match="neither FaceLandmarkImg nor FeatureExtraction"):
        OpenFaceAUEstimator(other)


def test_the_program_is_found_by_path_by_folder_and_by_variable(
    openface_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    openface_program("FeatureExtraction")
    program = openface_program()
    assert OpenFaceAUEstimator(program.parent).card.weights_name == "FaceLandmarkImg"
    program.unlink()
    assert OpenFaceAUEstimator(program.parent).card.weights_name == "FeatureExtraction"
    assert OPENFACE.problem() is not None
    monkeypatch.setenv("OPENFACE_BIN", str(program.parent))
    assert OpenFaceAUEstimator().card.weights_name == "FeatureExtraction"
    assert OPENFACE.problem() is None
    assert isinstance(OPENFACE.make(None), OpenFaceAUEstimator)


def test_without_openface_the_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError, match=r"\$OPENFACE_BIN"):
        OpenFaceAUEstimator()
    with pytest.raises(FileNotFoundError, match="neither FaceLandmarkImg nor a folder csv"):
        OpenFaceAUEstimator(tmp_path)
    monkeypatch.setenv("OPENFACE_BIN", str(tmp_path / "gone"))
    assert "does not exist" in str(OPENFACE.problem())


def test_the_card_tells_programs_and_models_apart(openface_program: Program) -> None:
    images, video = openface_program(), openface_program("FeatureExtraction")
    card = OpenFaceAUEstimator(images).card
    assert card.scale == "intensity 0..5"
    assert card.action_units == OpenFaceAUEstimator(images).action_units
    assert "non-commercial" in card.licence
    assert "-au_static" in OpenFaceAUEstimator(video).card.description
    models = images.parent / "AU_predictors"
    models.mkdir()
    (models / "svr.dat").write_bytes(b"one")
    assert OpenFaceAUEstimator(images).card.weights_sha256 != card.weights_sha256


def measure(program: Path, folder: Path) -> None:
    """What the user does on the other machine."""
    names = [path.stem for path in (folder / "images").iterdir()]
    elsewhere = OpenFaceProgram(program, "FaceLandmarkImg")
    elsewhere.run(folder / "images", names, folder / "csv", seconds_per_image=10.0)


def test_a_folder_carries_images_to_an_openface_elsewhere(
    tmp_path: Path, openface_program: Program
) -> None:
    folder = tmp_path / "exchange"
    (folder / "csv").mkdir(parents=True)
    estimator = OpenFaceAUEstimator(folder)
    images = frames(frame(1, 0.9, 2.0), frame(0, 0.0, 0.0), frame(2, 0.9, 1.0), frame(1, 0.9, 2.0))
    with pytest.raises(UnmeasuredImages, match=r"3 images .*FaceLandmarkImg -fdir") as caught:
        estimator.estimate(images)
    assert str(folder / "images") in str(caught.value)
    assert len(list((folder / "images").iterdir())) == 3
    measure(openface_program(), folder)
    reading = estimator.estimate(images)
    assert reading.outcomes == ["ok", "no_face", "several_faces", "ok"]
    assert reading.values[[0, 3], 0].tolist() == [2.0, 2.0]


def test_only_what_is_still_missing_is_asked_for(tmp_path: Path, openface_program: Program) -> None:
    folder = tmp_path / "exchange"
    (folder / "images").mkdir(parents=True)
    estimator = OpenFaceAUEstimator(folder)
    first, second = frame(1, 0.9, 2.0), frame(1, 0.9, 3.0 - 0.5)
    with pytest.raises(UnmeasuredImages):
        estimator.estimate(frames(first))
    measure(openface_program(), folder)
    (folder / "images" / "mine.png").write_bytes(b"")
    with pytest.raises(UnmeasuredImages, match=r"^1 images"):
        estimator.estimate(frames(first, second))
    waiting = [path for path in (folder / "images").iterdir() if path.name != "mine.png"]
    assert len(waiting) == 1
    np.testing.assert_array_equal(np.asarray(Image.open(waiting[0])), second)
    assert (folder / "images" / "mine.png").exists()


def test_a_table_that_was_not_copied_is_no_missing_face(
    tmp_path: Path, openface_program: Program
) -> None:
    folder = tmp_path / "exchange"
    (folder / "csv").mkdir(parents=True)
    estimator = OpenFaceAUEstimator(folder)
    image = frames(frame(1, 0.9, 2.0))
    with pytest.raises(UnmeasuredImages):
        estimator.estimate(image)
    measure(openface_program(), folder)
    (table,) = (folder / "csv").glob("*.csv")
    table.unlink()
    with pytest.raises(ValueError, match="copy it as well"):
        estimator.estimate(image)


def test_a_video_is_not_taken_for_an_image(
    tmp_path: Path, openface_program: Program, openface_double: ModuleType
) -> None:
    folder = tmp_path / "exchange"
    (folder / "csv").mkdir(parents=True)
    image = frames(frame(1, 0.9, 2.0))
    with pytest.raises(UnmeasuredImages):
        OpenFaceAUEstimator(folder).estimate(image)
    (picture,) = (folder / "images").iterdir()
    names = openface_double.columns(["-aus"], sequence=True)
    rows = [openface_double.row(names, [f"{n}", "0", "0", "0.9", "1"], 1.0) for n in (1, 2)]
    table = folder / "csv" / f"{picture.stem}.csv"
    table.write_text(openface_double.table(names, rows))
    with pytest.raises(ValueError, match="2 frames, not about one image"):
        OpenFaceAUEstimator(folder).estimate(image)
    table.write_text(openface_double.table(names, rows[:1]))
    reading = OpenFaceAUEstimator(folder).estimate(image)
    assert reading.outcomes == ["ok"]
    assert reading.landmarks is None


def test_the_users_word_on_the_other_openface_is_on_the_card(tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    (folder / "csv").mkdir(parents=True)
    plain = OpenFaceAUEstimator(folder).card.version
    (folder / "version.txt").write_text("2.2.0, container of June 2024\n")
    assert OpenFaceAUEstimator(folder).card.version == f"{plain}+2.2.0, container of June 2024"
    shutil.rmtree(folder)
