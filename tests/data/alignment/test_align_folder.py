from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.data.alignment import align
from bench.data.alignment.align import Alignment, align_folder, check_folders
from bench.data.alignment.landmark_table import read_landmark_table
from bench.data.alignment.pictures import find_pictures
from bench.data.alignment.record import AlignedPicture
from bench.errors import BenchError
from metrics.faces.finder import Face
from metrics.faces.templates import TEMPLATES

Write: TypeAlias = Callable[..., Path]
MakeFace: TypeAlias = Callable[..., Face]


def run(folder: Path, source: Any, **how: Any) -> dict[str, AlignedPicture]:
    """Aligns ``src`` into ``dst`` beside it; the rows by file."""
    settings = {"template": TEMPLATES["glow"], "size": 64, **how}
    files = find_pictures(folder / "src")
    steps: list[int] = []
    rows = align_folder(
        folder / "src", files, folder / "dst", Alignment(source=source, **settings), steps.append
    )
    assert [row.file for row in rows] == files
    assert sum(steps) == len(files)
    return {row.file: row for row in rows}


def table(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "dst" / "alignment.csv").open(encoding="utf-8") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_folders_are_kept_and_the_row_says_what_was_done(
    tmp_path: Path, write: Write, source: Any, five: NDArray[np.float64]
) -> None:
    write("ada/happy.jpg")
    write("bo.JPEG")
    rows = run(tmp_path, source())
    assert {row.output for row in rows.values()} == {"ada/happy.png", "bo.png"}
    with Image.open(tmp_path / "dst" / "ada" / "happy.png") as aligned:
        assert (aligned.size, aligned.mode) == ((64, 64), "RGB")
    row = rows["ada/happy.jpg"]
    eyes = five[1] - five[0]
    assert (row.outcome, row.faces, row.confidence) == ("ok", 1, 0.99)
    assert row.scale == pytest.approx(0.258 * 64 / np.hypot(*eyes))
    assert row.rotation == pytest.approx(-np.degrees(np.arctan2(eyes[1], eyes[0])))
    written = table(tmp_path)["ada/happy.jpg"]
    assert (written["template"], written["size"], written["source"]) == ("glow", "64", "made-up")
    assert float(written["right_eye_y"]) == 84.0
    assert [path.name for path in (tmp_path / "dst").rglob("*partial*")] == []


def test_the_eyes_come_to_the_template(tmp_path: Path, source: Any, five: Any) -> None:
    """Two spots where the eyes are said to be, found again where they should be."""
    down, across = np.mgrid[0:200, 0:160] + 0.5
    plane = sum(np.exp(-((across - x) ** 2 + (down - y) ** 2) / 18.0) for x, y in five[:2])
    (tmp_path / "src").mkdir()
    Image.fromarray((200.0 * plane).round().astype(np.uint8)).save(tmp_path / "src" / "a.png")
    run(tmp_path, source(), size=256)
    frame = np.asarray(Image.open(tmp_path / "dst" / "a.png"), dtype=np.float64)[..., 0]
    steps = np.arange(256) + 0.5
    for half, x in ((slice(0, 128), 0.371), (slice(128, 256), 0.629)):
        spot = frame[:, half]
        centre = (spot.sum(axis=0) @ steps[half], spot.sum(axis=1) @ steps) / spot.sum()
        assert centre == pytest.approx((x * 256, 0.480 * 256), abs=0.2)


def test_every_picture_that_fails_is_one_row_and_not_the_end(
    tmp_path: Path, write: Write, source: Any, face: MakeFace, five: NDArray[np.float64]
) -> None:
    write("fine.png")
    write("nobody.png")
    write("couple.png")
    write("far_away.png")
    write("unknown.png")
    write("tiny.png", size=(16, 300))
    write("point.png")
    write("fine.jpg")
    (tmp_path / "src" / "page.jpg").write_text("<html>")
    told = {
        "nobody.png": [],
        "couple.png": [face(five * 1.2), face(five)],
        "far_away.png": [face(five / 16.0)],
        "point.png": [face(np.full((5, 2), 9.0))],
    }
    rows = run(tmp_path, source(told))
    assert {name: row.outcome for name, row in rows.items()} == {
        "couple.png": "several_faces",
        "far_away.png": "too_small",
        "fine.jpg": "ok",
        "fine.png": "name_taken",
        "nobody.png": "no_face",
        "page.jpg": "unreadable",
        "point.png": "no_landmarks",
        "tiny.png": "too_small",
        "unknown.png": "no_landmarks",
    }
    assert rows["couple.png"].faces == 2
    assert rows["couple.png"].points is told["couple.png"][0].points
    assert rows["far_away.png"].reason == "the face would have to be enlarged 6.6 times"
    assert rows["fine.png"].reason == "fine.jpg is fine.png already"
    assert rows["unknown.png"].reason == "nobody told me"
    assert rows["tiny.png"].reason == "it is 16x300 pixels"
    assert sorted(p.name for p in (tmp_path / "dst").glob("*.png")) == ["couple.png", "fine.png"]
    assert {name: row["outcome"] for name, row in table(tmp_path).items()} == {
        name: row.outcome for name, row in rows.items()
    }


def test_the_source_sees_the_upright_rgb_picture(tmp_path: Path, write: Write, source: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(write("turned.png", size=(200, 160))) as picture:
        picture.convert("L").save(tmp_path / "src" / "turned.jpg", exif=exif)
    (tmp_path / "src" / "turned.png").unlink()
    looks = source()
    run(tmp_path, looks)
    assert looks.seen["turned.jpg"].shape == (200, 160, 3)


def test_what_is_there_is_left_and_its_row_is_kept(
    tmp_path: Path, write: Write, source: Any
) -> None:
    write("a.png")
    run(tmp_path, source())
    before = table(tmp_path)["a.png"]
    (tmp_path / "dst" / "a.png").write_bytes(b"mine")
    write("b.png")
    looks = source()
    rows = run(tmp_path, looks)
    assert (rows["a.png"].outcome, rows["b.png"].outcome) == ("exists", "ok")
    assert list(looks.seen) == ["b.png"]
    assert (tmp_path / "dst" / "a.png").read_bytes() == b"mine"
    assert table(tmp_path)["a.png"] == before
    rows = run(tmp_path, source(), overwrite=True)
    assert rows["a.png"].outcome == "ok"
    assert (tmp_path / "dst" / "a.png").read_bytes() != b"mine"


@pytest.mark.parametrize("change", [{"size": 128}, {"template": TEMPLATES["ffhq"]}])
def test_one_folder_holds_one_template_and_size(
    tmp_path: Path, write: Write, source: Any, change: dict[str, Any]
) -> None:
    write("a.png")
    run(tmp_path, source())
    with pytest.raises(BenchError, match="holds pictures aligned to glow at 64 pixels"):
        run(tmp_path, source(), **change)
    run(tmp_path, source(), overwrite=True, **change)
    assert table(tmp_path)["a.png"]["size"] == str(change.get("size", 64))


def test_stopped_work_leaves_whole_pictures_and_their_table(
    tmp_path: Path, write: Write, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        write(name)
    made = align.resample

    def stop(picture: Image.Image, *rest: Any) -> Image.Image:
        if len(list((tmp_path / "dst").glob("*.png"))) == 2:
            raise KeyboardInterrupt
        return made(picture, *rest)

    monkeypatch.setattr(align, "resample", stop)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, source())
    assert sorted(table(tmp_path)) == ["a.png", "b.png"]
    monkeypatch.setattr(align, "resample", made)
    run(tmp_path, source())
    assert {row["outcome"] for row in table(tmp_path).values()} == {"ok"}
    assert sorted(table(tmp_path)) == ["a.png", "b.png", "c.png"]


def test_a_picture_that_cannot_be_written_whole_is_not_there(
    tmp_path: Path, write: Write, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.png")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.data.alignment.align.os.fsync", full)
    with pytest.raises(BenchError, match="dst cannot be written: No space left on device"):
        run(tmp_path, source())
    assert list((tmp_path / "dst").glob("*a.png*")) == []


def test_the_table_serves_as_landmarks_for_another_template(
    tmp_path: Path, write: Write, source: Any
) -> None:
    write("x/a.png")
    write("nobody.png")
    run(tmp_path, source({"nobody.png": []}))
    files = find_pictures(tmp_path / "src")
    landmarks = read_landmark_table(tmp_path / "dst" / "alignment.csv", files)
    for name, template in TEMPLATES.items():
        how = Alignment(template, 64, landmarks)
        rows = align_folder(tmp_path / "src", files, tmp_path / name, how, lambda _: None)
        assert [row.outcome for row in rows] == ["no_landmarks", "ok"]
    first, again = (np.asarray(Image.open(tmp_path / d / "x" / "a.png")) for d in ("dst", "glow"))
    np.testing.assert_array_equal(first, again)


def test_a_border_is_told(tmp_path: Path, write: Write, source: Any, face: MakeFace) -> None:
    write("corner.png")
    points = np.array([(5.0, 100.0), (85.0, 100.0), (45.0, 120.0), (20.0, 150.0), (70.0, 150.0)])
    row = run(tmp_path, source({"corner.png": [face(points)]}))["corner.png"]
    assert row.inside is not None
    frame = np.asarray(Image.open(tmp_path / "dst" / "corner.png"))
    black = np.mean(frame.max(axis=-1) == 0)
    assert 0.3 < row.inside < 0.9
    assert black == pytest.approx(1.0 - row.inside, abs=0.03)


@pytest.mark.parametrize("name", ["ffhq", "arcface"])
def test_a_template_that_needs_the_mouth_says_so_before_anything_is_done(
    tmp_path: Path, write: Write, source: Any, name: str
) -> None:
    write("a.png")
    with pytest.raises(BenchError, match=rf"template {name} needs more.*left_mouth_x.*glow"):
        run(tmp_path, source(points=("left_eye", "right_eye")), template=TEMPLATES[name])
    assert not (tmp_path / "dst").exists()


def test_the_output_must_not_lie_among_the_pictures(tmp_path: Path) -> None:
    src = tmp_path / "src"
    src.mkdir()
    (tmp_path / "link").symlink_to(src, target_is_directory=True)
    for inside in (src, src / "aligned", src / ".." / "src" / "x", tmp_path / "link" / "aligned"):
        with pytest.raises(BenchError, match="is inside of"):
            check_folders(src, inside)
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="file is a file"):
        check_folders(src, tmp_path / "file")
    check_folders(src, tmp_path / "src-aligned")


def test_a_foreign_table_in_the_folder_is_not_overwritten(
    tmp_path: Path, write: Write, source: Any
) -> None:
    write("a.png")
    (tmp_path / "dst").mkdir()
    (tmp_path / "dst" / "alignment.csv").write_text("my,notes\n1,2\n")
    with pytest.raises(BenchError, match=r"alignment\.csv is no table of bench data align"):
        run(tmp_path, source())
