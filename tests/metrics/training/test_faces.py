from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metrics.training.faces import Faces, count_faces, load_faces, part_faces


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_pixels_people_and_action_units_are_those_of_the_files(folder: Path, faces: Faces) -> None:
    assert faces.images.shape == (72, 3, 16, 16)
    assert faces.action_units == ("AU04", "AU12")
    row = (folder / "faces.csv").read_text().splitlines()[10].split(",")
    assert faces.names[faces.identities[9]] == row[0]
    assert faces.intensities[9] == pytest.approx([float(row[2]), float(row[3])])
    pixels = np.asarray(Image.open(folder / "images" / row[0] / f"{row[1]}.png"))
    np.testing.assert_array_equal(faces.images[9].transpose(1, 2, 0), pixels)


def test_people_of_two_folders_are_different_though_they_share_names(folder: Path) -> None:
    seen: list[int] = []
    both = load_faces([folder, folder], 16, seen.append)
    assert len(both.names) == 24
    assert sum(seen) == count_faces([folder, folder]) == len(both.images) == 144
    assert not set(both.identities[:72]) & set(both.identities[72:])


def test_nobody_is_on_both_sides(faces: Faces) -> None:
    learned, held_out = part_faces(faces, 0.25, seed=0)
    assert len(held_out.names) == 3
    assert set(learned.names) | set(held_out.names) == set(faces.names)
    assert not set(learned.names) & set(held_out.names)
    for side in (learned, held_out):
        for place in (0, -1):
            name = side.names[side.identities[place]]
            original = faces.identities == faces.names.index(name)
            assert any((faces.images[original] == side.images[place]).all(axis=(1, 2, 3)))
    assert part_faces(faces, 0.25, seed=1)[1].names != held_out.names


def test_too_few_people_are_refused(faces: Faces) -> None:
    with pytest.raises(ValueError, match="give more faces"):
        part_faces(faces, 0.95, seed=0)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("no table", r"no table of faces at .*faces\.csv"),
        ("no rows", "at least one row"),
        ("no units", "no column of an Action Unit"),
        ("word", r"p0/0: an Action Unit is missing or no number"),
        ("too high", r"p0/0: Action Units must lie within 0\.\.5"),
        ("no image", r"no image at .*3\.png"),
        ("cut short", r"cannot read the image .*3\.png"),
        ("wrong size", r"3\.png is 20x16, expected 16x16"),
    ],
)
def test_faults_are_named(copy: Path, fault: str, words: str) -> None:
    table, image = copy / "faces.csv", copy / "images" / "p2" / "3.png"
    header, first, *rows = table.read_text().splitlines()
    p, sample, _, *rest = first.split(",")
    if fault == "no table":
        table.unlink()
    elif fault == "no rows":
        table.write_text(header)
    elif fault == "no units":
        table.write_text("identity,sample\np0,0\n")
    elif fault in ("word", "too high"):
        value = "strong" if fault == "word" else "5.2"
        table.write_text("\n".join([header, ",".join([p, sample, value, *rest]), *rows]))
    elif fault == "no image":
        image.unlink()
    elif fault == "cut short":
        image.write_bytes(image.read_bytes()[:100])
    else:
        Image.new("RGB", (20, 16)).save(image)
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        load_faces([copy], 16)
