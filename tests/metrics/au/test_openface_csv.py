from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from metrics.au.openface_csv import INTENSITY_UNITS, PRESENCE_UNITS, read_openface
from metrics.contracts import EYE_POSITIONS


def image_file(path: Path, double: ModuleType, *, faces: int = 1, separator: str = ",") -> Path:
    names = double.columns([], sequence=False)
    rows = [double.row(names, [f"{face}", "0.975"], 1.25) for face in range(faces)]
    path.write_text(double.table(names, rows, separator))
    return path


def changed(path: Path, line: int, column: str, value: str) -> Path:
    lines = path.read_text().splitlines()
    cells = lines[line - 1].split(",")
    cells[lines[0].split(",").index(column)] = value
    lines[line - 1] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("separator", [",", ", "])
def test_image_mode_is_read_with_and_without_blanks(
    tmp_path: Path, openface_double: ModuleType, separator: str
) -> None:
    table = read_openface(image_file(tmp_path / "a.csv", openface_double, separator=separator))
    assert table.mode == "image"
    assert table.faces.tolist() == [0]
    assert table.frames is None
    assert table.success is None
    assert table.confidence.tolist() == [0.975]
    assert table.intensities.tolist() == [[1.25] * 17]
    assert table.presences.tolist() == [[1.0] * 18]
    np.testing.assert_allclose(table.landmarks, [openface_double.LANDMARK])


def test_video_mode_has_frames_and_success(tmp_path: Path, openface_double: ModuleType) -> None:
    names = openface_double.columns(["-aus", "-2Dfp"], sequence=True)
    rows = [
        openface_double.row(names, ["1", "0", "0.000", "0.98", "1"], 2.0),
        openface_double.row(names, ["1", "1", "0.000", "0.90", "1"], 3.0),
        openface_double.row(names, ["2", "0", "0.033", "0.00", "0"], 0.0),
    ]
    path = tmp_path / "v.csv"
    path.write_text(openface_double.table(names, rows))
    table = read_openface(path)
    assert table.mode == "video"
    assert table.frames is not None
    assert table.success is not None
    assert table.frames.tolist() == [1, 1, 2]
    assert table.faces.tolist() == [0, 1, 0]
    assert table.success.tolist() == [True, True, False]
    assert table.intensities[:, 0].tolist() == [2.0, 3.0, 0.0]


def test_eighteen_units_are_seventeen_intensities_and_one_presence(
    tmp_path: Path, openface_double: ModuleType
) -> None:
    table = read_openface(image_file(tmp_path / "a.csv", openface_double))
    assert len(table.intensity_units) == 17
    assert len(table.presence_units) == 18
    assert set(table.presence_units) - set(table.intensity_units) == {"AU28"}
    assert list(table.intensity_units) == sorted(table.intensity_units)


def test_columns_are_found_by_name_and_not_by_place(
    tmp_path: Path, openface_double: ModuleType
) -> None:
    path = image_file(tmp_path / "a.csv", openface_double)
    changed(path, 2, "AU12_r", "3.21")
    changed(path, 2, "AU28_c", "0.0")
    reversed_path = tmp_path / "b.csv"
    lines = path.read_text().splitlines()
    reversed_path.write_text("".join(",".join(line.split(",")[::-1]) + "\n" for line in lines))
    for file in (path, reversed_path):
        table = read_openface(file)
        assert table.intensities[0, INTENSITY_UNITS.index("AU12")] == np.float32(3.21)
        assert table.presences[0, PRESENCE_UNITS.index("AU28")] == 0.0
        assert table.presences.sum() == 17.0


def test_a_montage_has_a_row_for_every_face(tmp_path: Path, openface_double: ModuleType) -> None:
    table = read_openface(image_file(tmp_path / "montage.csv", openface_double, faces=11))
    assert table.faces.tolist() == list(range(11))
    assert table.intensities.shape == (11, 17)
    assert table.landmarks is not None
    assert table.landmarks.shape == (11, 68, 2)


def test_eye_centres_are_the_means_of_six_points(
    tmp_path: Path, openface_double: ModuleType
) -> None:
    path = image_file(tmp_path / "a.csv", openface_double)
    for index, point in enumerate(range(36, 42)):
        changed(path, 2, f"x_{point}", f"{100.0 + index}")
        changed(path, 2, f"y_{point}", "50.0")
    for point in range(42, 48):
        changed(path, 2, f"x_{point}", "180.0")
        changed(path, 2, f"y_{point}", "60.0")
    centres = read_openface(path).eye_centres()
    np.testing.assert_allclose(centres, [[[102.5, 50.0], [180.0, 60.0]]])


def test_a_file_without_landmarks_has_none(tmp_path: Path, openface_double: ModuleType) -> None:
    names = openface_double.columns(["-aus"], sequence=False)
    path = tmp_path / "a.csv"
    path.write_text(openface_double.table(names, [openface_double.row(names, ["0", "0.9"], 1.0)]))
    table = read_openface(path)
    assert table.landmarks is None
    with pytest.raises(ValueError, match="-2Dfp"):
        table.eye_centres()


@pytest.mark.parametrize("value", ["", "n/a", "0.1.2", "1_000", "0x10", "nan", "-nan(ind)", "inf"])
def test_what_is_no_finite_number_is_named_with_line_and_column(
    tmp_path: Path, openface_double: ModuleType, value: str
) -> None:
    path = image_file(tmp_path / "bad.csv", openface_double, faces=3)
    changed(path, 3, "AU06_r", value)
    with pytest.raises(ValueError, match=r"bad\.csv, line 3: AU06_r is .*not a finite number"):
        read_openface(path)


@pytest.mark.parametrize("value", ["nan", "-nan", "-nan(ind)", "inf"])
def test_gaze_may_be_missing_since_nobody_reads_it(
    tmp_path: Path, openface_double: ModuleType, value: str
) -> None:
    path = changed(image_file(tmp_path / "a.csv", openface_double), 2, "gaze_0_x", value)
    assert read_openface(path).intensities[0, 0] == 1.25
    with pytest.raises(ValueError, match="gaze_0_x is 'left'"):
        read_openface(changed(path, 2, "gaze_0_x", "left"))


@pytest.mark.parametrize(
    ("column", "value", "allowed"),
    [
        ("AU12_r", "5.01", "0.0 to 5"),
        ("AU12_r", "-0.1", "0.0 to 5"),
        ("AU28_c", "0.5", "0 or 1"),
        ("AU28_c", "2", "0 or 1"),
        ("confidence", "1.2", "0.0 to 1"),
        ("face", "0.5", "a whole number"),
        ("face", "-1", "a whole number"),
    ],
)
def test_values_outside_their_range_are_refused(
    tmp_path: Path, openface_double: ModuleType, column: str, value: str, allowed: str
) -> None:
    path = changed(image_file(tmp_path / "bad.csv", openface_double), 2, column, value)
    with pytest.raises(ValueError, match=rf"bad\.csv, line 2: {column} is .*{allowed}"):
        read_openface(path)


def test_a_line_of_another_length_is_refused(tmp_path: Path, openface_double: ModuleType) -> None:
    path = image_file(tmp_path / "cut.csv", openface_double, faces=2)
    text = path.read_text()
    path.write_text(text[:-30])
    with pytest.raises(ValueError, match=r"cut\.csv, line 3: \d+ values, but 711 columns"):
        read_openface(path)
    path.write_text(text[:-1] + ",1\n")
    with pytest.raises(ValueError, match=r"line 3: 712 values, but 711 columns"):
        read_openface(path)


def test_missing_and_doubled_columns_are_named(tmp_path: Path, openface_double: ModuleType) -> None:
    path = image_file(tmp_path / "bad.csv", openface_double)
    text = path.read_text()
    path.write_text(text.replace("AU45_r", "AU44_r"))
    with pytest.raises(ValueError, match=r"bad\.csv, line 1: no column AU45_r; .*-aus"):
        read_openface(path)
    path.write_text(text.replace("AU02_r", " AU01_r"))
    with pytest.raises(ValueError, match=r"line 1: the column AU01_r is there twice"):
        read_openface(path)
    path.write_text(text.replace("y_67,", "w_67,", 1))
    with pytest.raises(ValueError, match=r"line 1: no column y_67"):
        read_openface(path)
    path.write_text(text.replace("p_33", "AU28_r"))
    with pytest.raises(ValueError, match=r"OpenFace 2 has no column AU28_r"):
        read_openface(path)
    path.write_text("name,age\nEva,7\n")
    with pytest.raises(ValueError, match=r"is this a CSV file of OpenFace\?"):
        read_openface(path)


def test_the_same_face_twice_is_refused(tmp_path: Path, openface_double: ModuleType) -> None:
    path = changed(image_file(tmp_path / "twice.csv", openface_double, faces=3), 4, "face", "1")
    with pytest.raises(ValueError, match=r"twice\.csv, line 4: face 1 is on line 3 already"):
        read_openface(path)


def test_empty_and_foreign_files_are_refused(tmp_path: Path, openface_double: ModuleType) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"odd\.csv is empty"):
        read_openface(path)
    header = image_file(path, openface_double).read_text().splitlines()[0]
    path.write_text(header + "\n")
    with pytest.raises(ValueError, match=r"odd\.csv, line 1: no row"):
        read_openface(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(ValueError, match=r"odd\.csv is no text"):
        read_openface(path)
    with pytest.raises(FileNotFoundError, match="gone"):
        read_openface(tmp_path / "gone.csv")


@pytest.fixture(scope="module")
def released(shared: Path) -> list[Path]:
    """What OpenFace 2.0 wrote for the reference work: 183 pictures and 15 montages of eleven."""
    folder = shared / "data" / "valenzuela2021" / "evaluation" / "quality" / "raw_data"
    return sorted(folder.rglob("*.csv"))


def test_all_released_files_are_read(released: list[Path]) -> None:
    tables = [read_openface(path) for path in released]
    assert Counter(len(table.faces) for table in tables) == {1: 183, 11: 15}
    assert {table.mode for table in tables} == {"image"}
    assert all(table.landmarks is not None for table in tables)
    assert all(table.faces.tolist() == list(range(len(table.faces))) for table in tables)


def test_released_pictures_have_their_eyes_where_the_template_has_them(
    released: list[Path],
) -> None:
    single = [table for path in released if len((table := read_openface(path)).faces) == 1]
    centres = np.concatenate([table.eye_centres() for table in single]) / 256.0
    np.testing.assert_allclose(centres.mean(axis=0), EYE_POSITIONS, atol=2.0 / 256.0)
    assert centres.std(axis=0).max() < 1.0 / 256.0


def test_the_double_writes_the_columns_that_openface_writes(
    released: list[Path], openface_double: ModuleType
) -> None:
    written = ", ".join(openface_double.columns([], sequence=False))
    assert {path.read_text().splitlines()[0] for path in released} == {written}
