"""The two kinds of tables: what is read, and every fault named with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.imports.valenzuela2021.tables import read_distances, read_intensities

HEADER = "[filename, AU06_r, AU45_r]\n"
FAR = "output_images,0.3,0.5, source, target\n"
ADA = "ada_source,1.0,0.9,0.0,1.1\nada_target,0.2,0.4,1.1,0.0\n"


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_intensities_are_printed_lists_of_strings(file: Callable[[str], Path]) -> None:
    table = read_intensities(file(HEADER + "['ada_0.3.csv', ' 0.00', ' 5.00']\n\n"))
    assert table.units == ("AU06", "AU45")
    (row,) = table.rows
    assert (row.line, row.name, row.values) == (2, "ada_0.3.csv", (0.0, 5.0))


@pytest.mark.parametrize("ends", [" source, target", "bo_source,bo_target", "source,target"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_distances_in_every_spelling_of_the_last_columns(
    file: Callable[[str], Path], ends: str, newline: str
) -> None:
    text = (FAR.replace(" source, target", ends) + ADA).replace("\n", newline)
    table = read_distances(file(text))
    assert table.alphas == (0.3, 0.5)
    assert table.target["ada"].to_outputs == {0.3: 0.2, 0.5: 0.4}
    assert table.source["ada"].to_target == table.target["ada"].to_source == 1.1


def test_columns_count_by_their_names_not_by_their_place(file: Callable[[str], Path]) -> None:
    text = "output_images,0.5,0.3,target,source\nada_source,0.9,1,1.1,0\nada_target,0.4,0.2,0,1.1"
    table = read_distances(file(text))
    assert table.alphas == (0.3, 0.5)
    assert table.source["ada"].to_target == 1.1
    assert table.target["ada"].to_outputs[0.3] == 0.2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", r":1: the file is empty"),
        ("filename, AU06_r\n", r":1: expected the header \[filename"),
        ("[filename]\n", r":1: expected the header"),
        ("[filename, AU06_c]\n", r":1: 'AU06_c' is no column of intensities"),
        ("[filename, AU06_r, AU06_r]\n", r":1: AU06_r stands here a second time"),
        (HEADER + "ada_0.3.csv, 0.00, 0.00\n", r":2: the row is no printed Python list"),
        (HEADER + "['ada_0.3.csv', ' 0.00', 0.0]\n", r":2: the row is no printed Python list"),
        (HEADER + "('ada_0.3.csv', ' 0.00', ' 0.0')\n", r":2: the row is no printed Python"),
        (HEADER + "[open('x').read()]\n", r":2: the row is no printed Python list"),
        (HEADER + "[" * 9000 + "\n", r":2: the row is no printed Python list"),
        (HEADER + "['ada_0.3.csv', ' 0.00'\n", r":2: the row is no printed Python list"),
        (HEADER + "[]\n", r":2: 0 values where the header names 2"),
        (HEADER + "\n['a.csv', ' 0.00']\n", r":3: 1 values where the header names 2"),
        (HEADER + "['a.csv', ' 0.00', ' 1', ' 2']\n", r":2: 3 values where the header names 2"),
        (HEADER + "['a.csv', ' 0.00', ' nan']\n", r":2: 'nan' is no number"),
        (HEADER + "['a.csv', ' 0.00', ' 1_0']\n", r":2: '1_0' is no number"),
        (HEADER + "['a.csv', ' 0.00', '']\n", r":2: '' is no number"),
        (HEADER + "['a.csv', ' 0.00', ' 5.01']\n", r":2: 5.01 is not in 0\.\.5"),
        (HEADER + "['a.csv', ' -0.1', ' 1']\n", r":2: -0.1 is not in 0\.\.5"),
        (HEADER + "['a.csv', '0', '1']\n['a.csv', '0', '1']", r":3: a.csv stands here a second"),
    ],
)
def test_faults_in_intensities(file: Callable[[Any], Path], content: str, problem: str) -> None:
    with pytest.raises(BenchError, match=r"table\.csv" + problem):
        read_intensities(file(content))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", r":1: the file is empty"),
        ("images,0.3, source, target\n", r":1: expected the header output_images"),
        ("output_images, source, target\n", r":1: expected the header"),
        ("output_images,0.3, source, mean\n" + ADA, r":1: the last two columns are"),
        ("output_images,0.3, source, source\n" + ADA, r":1: the last two columns are"),
        ("output_images,x, source, target\n" + ADA, r":1: 'x' is no number"),
        ("output_images,30, source, target\n" + ADA, r":1: 30 is not in 0\.\.1"),
        ("output_images,0.0, source, target\n" + ADA, r":1: alpha 0 is the mean face"),
        ("output_images,0.3,0.30, source, target\n" + ADA, r":1: alpha 0.3 stands here a second"),
        (FAR, r":1: there is no row below the header"),
        (FAR + ADA + "ada_mean,1,1,1,1\n", r":4: 'ada_mean' is no row"),
        (FAR + ADA + "source,1,1,1,1\n", r":4: 'source' is no row"),
        (FAR + ADA + "ada_target,1,1,1,0\n", r":4: ada_target stands here a second time"),
        (FAR + "ada_source,1.0,0.0,1.1\n", r":2: 3 values where the header names 4"),
        (FAR + "ada_source,1.0,,0.0,1.1\n", r":2: '' is no number"),
        (FAR + "ada_source,1.0,inf,0.0,1.1\n", r":2: 'inf' is no number"),
        (FAR + "ada_source,1.0,2.1,0.0,1.1\n", r":2: 2.1 is not in 0\.\.2"),
        (FAR + ADA + "bo_target,0.2,0.4,1.1,0.0\n", r":4: bo has no row bo_source"),
        (FAR + ADA.splitlines()[0], r":2: ada has no row ada_target"),
        (FAR + ADA.replace("1.1,0.0", "1.1,0.5"), r":3: a face 0.5 away from itself"),
        (FAR + ADA.replace("0.0,1.1", "0.3,1.1"), r":2: a face 0.3 away from itself"),
        (FAR + ADA.replace("1.1,0.0", "1.2,0.0"), r":3: the mean faces of ada .* 1.2 apart, but"),
    ],
)
def test_faults_in_distances(file: Callable[[Any], Path], content: str, problem: str) -> None:
    with pytest.raises(BenchError, match=r"table\.csv" + problem):
        read_distances(file(content))


@pytest.mark.parametrize("read", [read_distances, read_intensities])
def test_what_is_no_text_is_named(
    file: Callable[[bytes], Path], read: Callable[[Path], object], tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=r"table\.csv is no text in UTF-8"):
        read(file(b"\xff\xfe\x00"))
    with pytest.raises(BenchError, match=r"cannot read .*nowhere"):
        read(tmp_path / "nowhere.csv")
