from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.data.alignment.landmark_table import read_landmark_table
from bench.errors import BenchError

HEADER = "file,left_eye_x,left_eye_y,right_eye_x,right_eye_y"
PICTURE = np.zeros((100, 200, 3), dtype=np.uint8)


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "eyes.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_row_is_a_face_with_eyes_alone(tmp_path: Path) -> None:
    path = table(tmp_path, "a/b.jpg,10.5,20,50,22", ".\\c.jpg,1,2,3,4")
    read = read_landmark_table(path, ["a/b.jpg", "c.jpg"])
    assert read.points == ("left_eye", "right_eye")
    (face,) = read.faces("a/b.jpg", PICTURE)
    np.testing.assert_array_equal(face.eyes, [(10.5, 20.0), (50.0, 22.0)])
    assert np.isnan(face.points[2:]).all()
    assert face.confidence is None
    assert read.faces("c.jpg", PICTURE)[0].eyes[1, 1] == 4.0


def test_columns_go_by_name_and_more_points_are_read(tmp_path: Path) -> None:
    header = "note,right_eye_y,right_eye_x,nose_x,nose_y,left_eye_y,left_eye_x,file"
    path = table(tmp_path, "hello,22,50,30,40,20,10,a.jpg", header=header)
    read = read_landmark_table(path, ["a.jpg"])
    assert read.points == ("left_eye", "right_eye", "nose")
    points = read.faces("a.jpg", PICTURE)[0].points
    np.testing.assert_array_equal(points[:3], [(10, 20), (50, 22), (30, 40)])


def test_a_spreadsheet_may_have_saved_it(tmp_path: Path) -> None:
    path = tmp_path / "eyes.csv"
    path.write_bytes(f'\ufeff{HEADER}\r\n\r\n"a.jpg",1,2,3,4\r\n'.encode())
    assert read_landmark_table(path, ["a.jpg"]).faces("a.jpg", PICTURE)


def test_a_picture_that_is_lacking_is_said(tmp_path: Path) -> None:
    read = read_landmark_table(table(tmp_path, "a.jpg,1,2,3,4", "b.jpg,,,,"), ["a.jpg", "b.jpg"])
    for file in ("b.jpg", "c.jpg"):
        with pytest.raises(BenchError, match=r"eyes\.csv has no eyes for it"):
            read.faces(file, PICTURE)


@pytest.mark.parametrize("row", ["a.jpg,-1,2,30,4", "a.jpg,10,20,300,20", "a.jpg,10,20,30,120"])
def test_eyes_outside_of_the_picture_are_of_another_picture(tmp_path: Path, row: str) -> None:
    read = read_landmark_table(table(tmp_path, row), ["a.jpg"])
    with pytest.raises(BenchError, match="outside of its 200x100 pixels: were they found"):
        read.faces("a.jpg", PICTURE)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("b.jpg,1,2,3", "line 3: 4 cells, but 5 columns in line 1"),
        ("b.jpg,1,2,3,four", "line 3: right_eye_y is 'four', not a number"),
        ("b.jpg,1,2,nan,4", "line 3: right_eye_x is 'nan', not a number"),
        ("b.jpg,1,,3,4", "line 3: left_eye_y is '', not a number"),
        ("a.jpg,1,2,3,4", r"line 3: a\.jpg is there twice"),
        ("b.jpg,50,20,10,20", "line 3: left_eye_x is 50 .* left of the picture, not of the person"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, fault: str) -> None:
    path = table(tmp_path, "a.jpg,1,2,3,4", line)
    with pytest.raises(BenchError, match=rf"eyes\.csv, {fault}"):
        read_landmark_table(path, ["a.jpg"])


def test_a_file_that_is_no_such_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"line 1: the columns must be file, left_eye_x"):
        read_landmark_table(table(tmp_path, "a.jpg,1", header="file,x"), ["a.jpg"])
    with pytest.raises(BenchError, match=r"there is no file of landmarks .*gone\.csv"):
        read_landmark_table(tmp_path / "gone.csv", ["a.jpg"])
    (tmp_path / "empty.csv").write_text("\n")
    with pytest.raises(BenchError, match="is empty"):
        read_landmark_table(tmp_path / "empty.csv", ["a.jpg"])
    (tmp_path / "latin.csv").write_bytes("é".encode("latin-1"))
    with pytest.raises(BenchError, match="no text in UTF-8"):
        read_landmark_table(tmp_path / "latin.csv", ["a.jpg"])


def test_a_table_of_other_pictures_says_how_they_should_be_called(tmp_path: Path) -> None:
    path = table(tmp_path, "/home/me/a.jpg,1,2,3,4")
    with pytest.raises(BenchError, match=r"none of the pictures.*/home/me/a\.jpg.*such as a\.jpg"):
        read_landmark_table(path, ["a.jpg"])
