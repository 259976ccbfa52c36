from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from bench.cli import app

EYES = "file,left_eye_x,left_eye_y,right_eye_x,right_eye_y\n"


def invoke(*words: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, ["data", *map(str, words)])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two pictures, one of which the table of eyes lacks."""
    folder = tmp_path / "photos"
    (folder / "ada").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (150, 120, 3)).astype(np.uint8)
    Image.fromarray(noise).save(folder / "ada" / "happy.jpg")
    Image.fromarray(noise).save(folder / "bo.png")
    (tmp_path / "eyes.csv").write_text(f"{EYES}ada/happy.jpg,40,60,80,60\n")
    return folder


def test_a_folder_is_aligned_and_what_is_lacking_is_named(photos: Path, tmp_path: Path) -> None:
    aligned = tmp_path / "aligned"
    command = ("align", photos, aligned, "--landmarks", tmp_path / "eyes.csv")
    result = invoke(*command)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert "     1  aligned" in lines
    assert any(line.startswith("bo.png") and "no eyes for it" in line for line in lines)
    assert max(map(len, lines)) <= 80
    with Image.open(aligned / "ada" / "happy.png") as picture:
        assert picture.size == (256, 256)
    (tmp_path / "eyes.csv").write_text(f"{EYES}ada/happy.jpg,40,60,80,60\nbo.png,40,60,80,60\n")
    result = invoke(*command, "--json")
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert summary["outcomes"] == {"exists": 1, "ok": 1}
    assert [row["output"] for row in summary["rows"]] == ["ada/happy.png", "bo.png"]


def test_the_size_goes_with_the_template(photos: Path, tmp_path: Path) -> None:
    header = EYES.strip() + ",nose_x,nose_y,left_mouth_x,left_mouth_y,right_mouth_x,right_mouth_y"
    rows = "".join(f"{f},40,60,80,60,60,75,45,100,75,100\n" for f in ("ada/happy.jpg", "bo.png"))
    (tmp_path / "five.csv").write_text(f"{header}\n{rows}")
    for template, size, side in (("arcface", None, 112), ("ffhq", None, 256), ("ffhq", "64", 64)):
        folder = tmp_path / f"{template}{side}"
        more = ("--size", size) if size else ()
        options = ("--landmarks", tmp_path / "five.csv", "--template", template, *more)
        assert invoke("align", photos, folder, *options).exit_code == 0
        with Image.open(folder / "bo.png") as picture:
            assert picture.size == (side, side)


def test_check_alignment_says_whether_and_by_how_much(photos: Path, tmp_path: Path) -> None:
    aligned, eyes = tmp_path / "aligned", tmp_path / "aligned.csv"
    invoke("align", photos, aligned, "--landmarks", tmp_path / "eyes.csv")
    eyes.write_text(f"{EYES}ada/happy.png,95.976,122.88,162.024,122.88\n")
    command = ("check-alignment", aligned, "--landmarks", eyes)
    result = invoke(*command)
    assert result.exit_code == 0
    assert "mean offset   1.00 px of 256" in result.stdout
    assert "Aligned: the mean offset is within 2 px." in result.stdout
    result = invoke(*command, "--tolerance", "0.5", "--json")
    assert result.exit_code == 1
    check = json.loads(result.stdout)
    assert check["mean_right_eye_offset"] == pytest.approx([1.0, 0.0], abs=1e-9)
    assert check["aligned"] is False
    assert invoke(*command, "--tolerance", "0.9").stdout.endswith("more than 0.9 px.\n")


def test_what_the_user_can_mend_is_an_error_and_no_traceback(photos: Path) -> None:
    for words, fault in (
        (("align", photos / "gone", "x"), "there is no folder"),
        (("align", photos, photos / "aligned"), "is inside of"),
        (("align", photos, "x", "--template", "fhq"), "did you mean 'ffhq'"),
        (("check-alignment", photos / "gone"), "there is no folder"),
    ):
        result = invoke(*words)
        assert fault in str(result.exception)
