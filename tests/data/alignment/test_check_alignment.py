from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.data.alignment.align import Alignment, align_folder
from bench.data.alignment.check import AlignmentCheck, check_alignment
from bench.data.alignment.pictures import find_pictures
from bench.errors import BenchError
from metrics.faces.finder import Face
from metrics.faces.templates import TEMPLATES

Write: TypeAlias = Callable[..., Path]
MakeFace: TypeAlias = Callable[..., Face]


def at_template(side: int) -> NDArray[np.float64]:
    """Five points of a face that is aligned to ``glow``."""
    below = [(0.5, 0.6), (0.4, 0.72), (0.6, 0.72)]
    return np.array([(0.371, 0.480), (0.629, 0.480), *below]) * side


def run(
    folder: Path, source: Any, template: str = "glow", tolerance: float = 2.0
) -> AlignmentCheck:
    files = find_pictures(folder / "src")
    return check_alignment(
        folder / "src", files, TEMPLATES[template], source, tolerance, lambda _: None
    )


@pytest.mark.parametrize("side", [64, 256, 512])
def test_offsets_are_pixels_of_256_whatever_the_size(
    tmp_path: Path, write: Write, source: Any, face: MakeFace, side: int
) -> None:
    write("exact.png", size=(side, side))
    write("moved.png", size=(side, side))
    moved = at_template(side) + np.array([3.0, 4.0]) * side / 256
    told = {"exact.png": [face(at_template(side))], "moved.png": [face(moved)]}
    check = run(tmp_path, source(told), tolerance=3.0)
    np.testing.assert_allclose(check.distances, [0.0, 5.0], atol=1e-9)
    np.testing.assert_allclose(check.interocular, 0.258 * 256)
    result = check.to_dict()
    assert result["mean_offset"] == pytest.approx(2.5)
    assert result["mean_left_eye_offset"] == pytest.approx([1.5, 2.0])
    assert (result["worst_file"], result["worst_offset"]) == ("moved.png", pytest.approx(5.0))
    assert result["aligned"]
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("template", ["ffhq", "arcface"])
def test_an_offset_is_what_aligning_again_would_move(
    tmp_path: Path, write: Write, source: Any, template: str
) -> None:
    write("a.png")
    looks = source()
    files = find_pictures(tmp_path / "src")
    how = Alignment(TEMPLATES[template], 128, looks)
    (row,) = align_folder(tmp_path / "src", files, tmp_path / "dst", how, lambda _: None)
    assert row.points is not None
    there = TEMPLATES[template].similarity(row.points, 128)(row.points)
    (tmp_path / "dst" / "a.png").rename(tmp_path / "src" / "a.png")
    told = {"a.png": [Face(there, (0.0, 0.0, 1.0, 1.0))]}
    assert run(tmp_path, source(told), template).distances[0] == pytest.approx(0.0, abs=1e-9)
    assert run(tmp_path, source(told), "glow").distances[0] > 1.0


def test_one_picture_far_off_spoils_a_folder_that_is_aligned_in_the_mean(
    tmp_path: Path, write: Write, source: Any, face: MakeFace
) -> None:
    told = {}
    for number in range(20):
        write(f"{number:02d}.png", size=(256, 256))
        told[f"{number:02d}.png"] = [face(at_template(256) + (20.0 if number == 7 else 0.0))]
    check = run(tmp_path, source(told))
    assert check.distances.mean() < 2.0
    assert check.far == ("07.png",)
    assert not check.aligned
    assert run(tmp_path, source(told), tolerance=10.0).aligned


def test_a_wrong_size_or_angle_shows(
    tmp_path: Path, write: Write, source: Any, face: MakeFace
) -> None:
    write("a.png", size=(256, 256))
    small = (at_template(256) - 128.0) * 0.8 + 128.0
    turned = at_template(256)
    turned[:2, 1] += np.array([-9.0, 9.0])
    for points in (small, turned):
        check = run(tmp_path, source({"a.png": [face(points)]}))
        assert not check.aligned
        assert check.offsets.mean(axis=(0, 1))[0] == pytest.approx(0.0, abs=1e-9)


def test_pictures_that_cannot_be_measured_are_told_and_do_not_count(
    tmp_path: Path, write: Write, source: Any, face: MakeFace
) -> None:
    for name in ("a.png", "couple.png", "nobody.png", "unknown.png"):
        write(name, size=(128, 128))
    write("oblong.png", size=(128, 100))
    exact = face(at_template(128))
    looks = source({"a.png": [exact], "couple.png": [exact, exact], "nobody.png": []})
    result = run(tmp_path, looks).to_dict()
    assert (result["pictures"], result["measured"]) == (5, 2)
    assert result["without_face"] == ["nobody.png"]
    assert result["several_faces"] == ["couple.png"]
    assert result["unusable"] == [
        {"file": "oblong.png", "reason": "it is 128x100 pixels, and an aligned picture is square"},
        {"file": "unknown.png", "reason": "nobody told me"},
    ]
    assert result["aligned"]


def test_nothing_to_measure_is_an_error_with_a_reason(
    tmp_path: Path, write: Write, source: Any
) -> None:
    write("a.png", size=(100, 50))
    with pytest.raises(BenchError, match=r"no eyes were found in any.*a\.png: it is 100x50"):
        run(tmp_path, source())
    write("a.png", size=(100, 100))
    with pytest.raises(BenchError, match="no eyes were found"):
        run(tmp_path, source({"a.png": []}))
