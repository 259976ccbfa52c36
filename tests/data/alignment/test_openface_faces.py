from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.data.alignment.openface import OpenFaceFolder
from bench.data.alignment.sources import open_source
from bench.errors import BenchError
from metrics.au.openface_csv import INTENSITY_UNITS, PRESENCE_UNITS, read_openface

PICTURE = np.zeros((400, 400, 3), dtype=np.uint8)
ROUND = np.stack([np.cos(np.arange(6.0)), np.sin(np.arange(6.0))], axis=1)


def landmarks(left: tuple[float, float], right: tuple[float, float]) -> NDArray[np.float64]:
    """68 points with lids about two centres, the rest in a square about the face."""
    points = np.random.default_rng(0).uniform(10.0, 90.0, (68, 2))
    for start, centre in ((36, left), (42, right)):
        points[start : start + 6] = np.array(centre) + 5.0 * (ROUND - ROUND.mean(axis=0))
    return points


def openface(
    path: Path,
    faces: list[tuple[NDArray[np.float64], float]],
    *,
    blank: str = " ",
    points: bool = True,
    video: bool = False,
) -> None:
    """Writes what OpenFace writes of faces (landmarks and confidence)."""
    units = [*(f"{unit}_r" for unit in INTENSITY_UNITS), *(f"{unit}_c" for unit in PRESENCE_UNITS)]
    first = ["frame", "face_id", "timestamp", "confidence", "success"] if video else ["face"]
    names = [*first, *([] if video else ["confidence"])]
    names += [f"{axis}_{i}" for axis in "xy" for i in range(68)] if points else []
    lines = [f",{blank}".join([*names, *units])]
    for index, (where, confidence) in enumerate(faces):
        cells: list[float] = [index + 1, 0, 0, confidence, 1] if video else [index, confidence]
        cells += where.T.ravel().tolist() if points else []
        lines.append(", ".join(str(cell) for cell in [*cells, *[0] * len(units)]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("blank", [" ", ""])
def test_the_eyes_are_the_means_of_the_lids_in_the_continuous_plane(
    tmp_path: Path, blank: str
) -> None:
    where = landmarks((30.0, 40.0), (70.0, 44.0))
    openface(tmp_path / "a.csv", [(where, 0.98)], blank=blank)
    (face,) = OpenFaceFolder(tmp_path, ["a.jpg"]).faces("a.jpg", PICTURE)
    np.testing.assert_allclose(face.eyes, [(30.5, 40.5), (70.5, 44.5)])
    np.testing.assert_allclose(face.points[2:], where[[30, 48, 54]] + 0.5)
    assert face.confidence == 0.98


def test_the_largest_of_the_confident_faces_is_first(tmp_path: Path) -> None:
    small = landmarks((30.0, 40.0), (70.0, 44.0))
    faces = [(small, 0.9), (small * 2.0, 0.95), (small * 4.0, 0.2)]
    openface(tmp_path / "a.csv", faces)
    found = OpenFaceFolder(tmp_path, ["a.jpg"]).faces("a.jpg", PICTURE)
    assert [face.confidence for face in found] == [0.95, 0.9]


def test_files_lie_beside_each_other_or_as_the_pictures_do(tmp_path: Path) -> None:
    near, far = (landmarks((x, 40.0), (x + 40.0, 44.0)) for x in (20.0, 30.0))
    openface(tmp_path / "ada" / "happy.csv", [(near, 0.9)])
    openface(tmp_path / "only.csv", [(far, 0.9)])
    folder = OpenFaceFolder(tmp_path, ["ada/happy.jpg", "bo/happy.jpg", "cy/only.jpg"])
    assert folder.faces("ada/happy.jpg", PICTURE)[0].eyes[0, 0] == pytest.approx(20.5)
    assert folder.faces("cy/only.jpg", PICTURE)[0].eyes[0, 0] == pytest.approx(30.5)
    with pytest.raises(BenchError, match=r"has no happy\.csv for it"):
        folder.faces("bo/happy.jpg", PICTURE)


def test_one_file_is_not_taken_for_two_pictures_of_the_same_name(tmp_path: Path) -> None:
    openface(tmp_path / "happy.csv", [(landmarks((30.0, 40.0), (70.0, 44.0)), 0.9)])
    folder = OpenFaceFolder(tmp_path, ["ada/happy.jpg", "bo/happy.jpg"])
    for file in ("ada/happy.jpg", "bo/happy.jpg"):
        with pytest.raises(BenchError, match=r"has no happy\.csv"):
            folder.faces(file, PICTURE)


def test_a_picture_that_openface_saw_no_face_in_has_none(tmp_path: Path) -> None:
    openface(tmp_path / "a.csv", [(landmarks((30.0, 40.0), (70.0, 44.0)), 0.9)])
    (tmp_path / "b_of_details.txt").write_text("Input:b.jpg\n")
    assert OpenFaceFolder(tmp_path, ["a.jpg", "b.jpg"]).faces("b.jpg", PICTURE) == []


def test_files_that_do_not_help_are_named(tmp_path: Path) -> None:
    where = landmarks((30.0, 40.0), (70.0, 44.0))
    openface(tmp_path / "bare.csv", [(where, 0.9)], points=False)
    openface(tmp_path / "film.csv", [(where, 0.9), (where, 0.9)], video=True)
    (tmp_path / "mine.csv").write_text("x,y\n1,2\n")
    folder = OpenFaceFolder(tmp_path, ["bare.png", "film.png", "mine.png"])
    for file, fault in (
        ("bare.png", r"bare\.csv has no landmarks: run OpenFace with -2Dfp"),
        ("film.png", r"film\.csv is about a sequence"),
        ("mine.png", r"mine\.csv, line 1: no column .*is this a CSV file of OpenFace"),
    ):
        with pytest.raises(BenchError, match=fault):
            folder.faces(file, PICTURE)


def test_a_folder_without_files_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"holds no CSV file .*FaceLandmarkImg -fdir"):
        open_source(["a.jpg"], openface=tmp_path)
    with pytest.raises(BenchError, match=r"there is no folder .*gone"):
        open_source(["a.jpg"], openface=tmp_path / "gone")


def test_the_released_pictures_are_at_the_template_by_their_own_openface_files(
    shared: Path,
) -> None:
    """The Glow demo has aligned them with dlib; OpenFace agrees within half a pixel."""
    raw = shared / "data" / "valenzuela2021" / "evaluation" / "quality" / "raw_data"
    eyes = []
    for path in sorted(raw.glob("processed_expression*/*_0.*.csv")):
        if len(read_openface(path).faces) == 1:
            name = f"{path.stem}.png"
            (face,) = OpenFaceFolder(path.parent, [name]).faces(name, PICTURE)
            eyes.append(face.eyes)
    assert len(eyes) > 100
    expected = np.array([(0.371, 0.480), (0.629, 0.480)]) * 256
    np.testing.assert_allclose(np.mean(eyes, axis=0), expected, atol=1.2)
