from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bench.data.images import read_image
from bench.data.synthfaces import ACTION_UNITS, NAMED_EXPRESSIONS, draw_face
from bench.data.synthfaces.designs import make_faces
from bench.data.synthfaces.folder import draw_images, read_faces, write_tables
from bench.data.synthfaces.sampling import EXCLUSIVE
from bench.errors import BenchError
from bench.paths import datasets_folder

COMMITTED = datasets_folder() / "synthfaces"


def test_tables_hold_all_that_decides_a_picture(tmp_path):
    faces = make_faces("benchmark", people=2, images=0, seed=3)
    write_tables(tmp_path, faces)
    again = read_faces(tmp_path)
    assert [(f.identity, f.sample) for f in again] == [(f.identity, f.sample) for f in faces]
    write_tables(tmp_path / "second", again)
    for name in ("identities.csv", "faces.csv"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    difference = draw_face(faces[5].parameters).astype(int) - draw_face(again[5].parameters)
    assert np.abs(difference).max() <= 2  # three decimals


def test_pictures_are_drawn_where_the_card_expects_them(tmp_path):
    faces = make_faces("training", people=2, images=3, seed=3)
    seen: list[int] = []
    draw_images(tmp_path, faces, size=32, workers=2, advance=seen.append)
    assert sum(seen) == len(faces) == 6
    for face in faces:
        image = read_image(tmp_path / "images" / face.identity / f"{face.sample}.png")
        np.testing.assert_array_equal(image, draw_face(face.parameters, 32))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("faces.csv", "s1,neutral,0.00", "s1,neutral,none", r"faces\.csv:2: malformed"),
        ("faces.csv", "s1,neutral,0.00", "s1,neutral,9.00", r"faces\.csv:2: malformed.*0\.\.5"),
        ("faces.csv", "s1,neutral", "s9,neutral", r"faces\.csv:2: no person 's9'"),
        ("identities.csv", "\ns01", "\ns01,1.0,2.0", r"identities\.csv:2: expected \d+ values"),
    ],
)
def test_a_broken_table_is_named_with_its_line(tmp_path, name, old, new, message):
    write_tables(tmp_path, make_faces("benchmark", people=1, images=0, seed=3))
    path = tmp_path / name
    old, new = old.replace("s1,", "s01,"), new.replace("s1,", "s01,")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(BenchError, match=message):
        read_faces(tmp_path)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(BenchError, match=r"identities\.csv"):
        read_faces(tmp_path)


def test_more_people_leave_the_first_ones_as_they_are_and_seeds_share_nobody():
    few, many = (make_faces("training", people, images=2, seed=1) for people in (3, 5))
    assert [f.parameters for f in few] == [f.parameters for f in many][: len(few)]
    other = make_faces("training", 5, images=2, seed=2)
    assert not {f.parameters.identity for f in many} & {f.parameters.identity for f in other}


def test_the_committed_benchmark_has_the_promised_design():
    faces = read_faces(COMMITTED)
    people = sorted({face.identity for face in faces})
    assert len(people) == 40
    for name in people:
        mine = {face.sample: face.parameters.expression for face in faces if face.identity == name}
        references = [v.intensities for k, v in mine.items() if k not in NAMED_EXPRESSIONS]
        assert len(references) == 20
        assert len(set(references)) >= 19  # two may meet in one weak Action Unit
        # Near neutral: no unit's mean over the set exceeds half a point of five.
        assert np.mean(references, axis=0).max() < 0.75
        assert {k: v for k, v in mine.items() if k in NAMED_EXPRESSIONS} == NAMED_EXPRESSIONS
        assert mine["neutral"].intensities == (0.0,) * len(ACTION_UNITS)
    shown = np.array([expression.intensities for expression in NAMED_EXPRESSIONS.values()])
    assert (shown.max(axis=0) >= 4.0).all()  # every Action Unit is strong in some expression


def test_no_face_shows_what_would_hide_or_undo_another_action_unit():
    faces = [*read_faces(COMMITTED), *make_faces("training", people=40, images=5, seed=3)]
    for face in faces:
        strength = face.parameters.expression.strength
        shown = [pair for pair in EXCLUSIVE if min(map(strength, pair)) > 0]
        assert not shown, (face.identity, face.sample)


def test_the_committed_pictures_are_those_of_the_tables():
    for face in read_faces(COMMITTED)[::61]:
        path = COMMITTED / "images" / face.identity / f"{face.sample}.png"
        drawn = draw_face(face.parameters).astype(int)
        # Another version of Pillow or NumPy may round an edge's pixel differently.
        difference = np.abs(drawn - np.asarray(Image.open(path)))
        assert difference.max() <= 8
        assert difference.mean() < 0.05
