"""Figures as files: of the right size, readable, whole, and with their font inside."""

from __future__ import annotations

import base64
import dataclasses
import importlib.util
import io
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from bench.analysis.board import BoardRow
from bench.data.split import Pair
from bench.errors import BenchError
from bench.report.charts import svg
from bench.report.charts.picture_grid import GridCell, GridRow, picture_grid
from bench.report.contents import ReportInput, ReportMethod
from bench.report.export import drawing as on_paper
from bench.report.export import fonts, write_figures
from bench.report.export.drawing import DOUBLE, SINGLE, legend, png_file, svg_file
from bench.report.export.figures import figures_of
from bench.run.gallery import output_path, real_path, reference_path
from bench.run.store import StoredRun
from bench.run.timings import Timings

pytest.importorskip("matplotlib", reason="needs pip install -e '.[figures]'")
pytest.importorskip("resvg_py", reason="needs pip install -e '.[figures]'")
TTFont = pytest.importorskip("fontTools.ttLib", reason="needs pip install -e '.[figures]'").TTFont

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>&\"' \uffff\x1b طريقة 漢字 " + "x" * 200
UNITS = ("AU01", "AU12")


@pytest.fixture
def pictured(
    tmp_path: Path,
    changed_report: Callable[..., ReportInput],
    changed_row: Callable[..., BoardRow],
) -> ReportInput:
    """A report with one stored run of two pairs and its pictures; the other methods have none."""
    import pandas as pd

    pairs = [Pair("test", "a", "smile", "b"), Pair("test", "a", "smile", "c")]
    people = ("a", "b", "c")
    embeddings = dict(zip(people, np.eye(3, dtype=np.float32), strict=True))
    alphas = (0.0, 0.3, 0.5, 1.0)
    scores = [
        {
            **dataclasses.asdict(pair),
            "kind": "cross",
            "alpha": alpha,
            "outcome": "ok",
            "niqe": 5.0,
            "embedding": embeddings[pair.target],
            "AU01": alpha,
            "AU12": 2 * alpha,
        }
        for pair in pairs
        for alpha in alphas
    ]
    references = [
        {
            "identity": person,
            "sample": sample,
            "expression": sample,
            "part": "test",
            "is_reference": sample != "smile",
            "is_neutral": sample == "neutral",
            "outcome": "ok",
            "niqe": 5.0,
            "embedding": embeddings[person],
            "AU01": 1.0 * (sample == "smile"),
            "AU12": 2.0 * (sample == "smile"),
        }
        for person in people
        for sample in ("neutral", "smile")
    ]
    info = {
        "method": {"name": "glow-arith", "has_alpha": True, "is_anchor": False},
        "identity": {"parts": {"parameters": {}}},
        "instruments": {"au_estimator": {"scale": "intensity 0..5"}},
        "action_units": list(UNITS),
        "command": "bench run glow-arith",
    }
    folder = tmp_path / "runs" / "glow-arith-1a2b3c4d"
    run = StoredRun(folder, info, pd.DataFrame(scores), pd.DataFrame(references), Timings())
    random = np.random.default_rng(0)
    for pair in pairs:
        for role in ("source", "source-neutral", "target-neutral"):
            noise(real_path(folder, pair, role), random)
        for alpha in alphas:
            noise(output_path(folder, pair, alpha), random)
    for person in people:
        noise(reference_path(folder, person, "neutral"), random)
    report = changed_report()
    methods = [
        dataclasses.replace(method, run=run) if method.row.run_id == run.run_id else method
        for method in report.methods
    ]
    return dataclasses.replace(report, methods=methods, folder=tmp_path / "runs")


def noise(path: Path, random: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)


def texts(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [element for element in root.iter(f"{SVG}text") if element.text]


def style_of(root: ElementTree.Element) -> str:
    return "".join(element.text or "" for element in root.iter(f"{SVG}style"))


def test_every_figure_is_whole_and_of_the_size_of_a_column(
    pictured: ReportInput, tmp_path: Path
) -> None:
    written = write_figures(pictured, tmp_path / "figures")
    assert sorted((tmp_path / "figures").iterdir()) == sorted(written)
    drawn = [path for path in written if path.suffix == ".svg"]
    names = [path.stem for path in drawn]
    assert names == sorted(names)
    for number in (2, 3, 4, 5, 6, 7, 8):
        assert any(name.startswith(f"03-paper-figure-{number}-") for name in names), number
    for path in drawn:
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        width = float((root.get("width") or "").removesuffix("mm"))
        height = float((root.get("height") or "").removesuffix("mm"))
        assert width in (84.0, 174.0)
        assert 15 < height < 240
        with Image.open(path.with_suffix(".png")) as picture:
            expected = round(width / 25.4 * 300), round(height / 25.4 * 300)
            assert np.abs(np.subtract(picture.size, expected)).max() <= 1
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
            pixels = np.asarray(picture.convert("RGB"))
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 16, path
        assert (pixels == 255).all(axis=2).mean() < 0.99, path
        # Nothing is cut: the outermost pixels are paper.
        edges = [pixels[0], pixels[-1], pixels[:, -1]]
        assert all((edge == 255).all() for edge in edges), path


def test_text_is_seven_points_high_or_more(pictured: ReportInput) -> None:
    for figure in figures_of(pictured):
        if figure.drawing is None:
            continue
        units = float(figure.drawing.get("width", "0"))
        assert units == pytest.approx(SINGLE.units, abs=0.1) or units == pytest.approx(
            DOUBLE.units, abs=0.1
        ), figure.name
        column = SINGLE if units < 500 else DOUBLE
        points = column.millimetres / 25.4 * 72 / units
        root = ElementTree.fromstring(svg_file(figure.drawing, "t", "c"))
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", style_of(root))]
        assert min(sizes) * points >= 7, figure.name
        assert not [text for text in texts(root) if text.get("font-size")]


def test_nothing_is_fetched_from_elsewhere(pictured: ReportInput, tmp_path: Path) -> None:
    for path in write_figures(pictured, tmp_path):
        if path.suffix != ".svg":
            continue
        text = path.read_text(encoding="utf-8")
        root = ElementTree.fromstring(text)
        for element in root.iter():
            assert element.tag != f"{SVG}script"
            for name, value in element.attrib.items():
                assert not name.startswith("on")
                if name.endswith(("href", "src")):
                    assert value.startswith("data:image/png;base64,")
        for address in re.findall(r"url\(([^)]*)\)", text):
            assert address.startswith(('"data:font/woff;base64,', "&quot;data:font/woff;base64,"))
        assert "@import" not in text
        assert re.findall(r"https?://[^\"\s<]*", text) == ["http://www.w3.org/2000/svg"]


def test_the_font_is_inside_with_the_characters_that_are_used(pictured: ReportInput) -> None:
    for figure in figures_of(pictured):
        if figure.drawing is None:
            continue
        root = ElementTree.fromstring(svg_file(figure.drawing, "t", "c"))
        used = {ord(character) for text in texts(root) for character in text.text or ""}
        style = style_of(root)
        faces = re.findall(r'font-weight: (\d+); src: url\("data:font/woff;base64,([^"]+)"', style)
        assert [weight for weight, _ in faces] in (["400"], ["400", "700"])
        for _, content in faces:
            woff = base64.b64decode(content)
            assert woff.startswith(b"wOFF")
            assert len(woff) < 40_000
            held = set(TTFont(io.BytesIO(woff)).getBestCmap())
            assert used <= held | {0x20}
        bold = any("axis" in (text.get("class") or "").split() for text in texts(root))
        assert (len(faces) == 2) == bold
        assert f'svg {{ font-family: "{fonts.FAMILY}"' in style


def only_text(text: str, css_class: str = "") -> svg.Element:
    root = svg.drawing(SINGLE.units, 30, "")
    svg.add(root, "text", css_class, text, x=10, y=20)
    return root


def ink(drawing: svg.Element) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(png_file(svg_file(drawing, "t", "c"), "t", "c"))) as picture:
        return np.asarray(picture.convert("L")) < 128


def test_the_picture_is_drawn_with_the_font_itself() -> None:
    narrow, wide = ink(only_text("iiii")), ink(only_text("MMMM"))
    assert narrow.any()
    assert wide.any(axis=0).sum() > 2 * narrow.any(axis=0).sum()
    assert ink(only_text("MMMM", "axis")).sum() > 1.1 * wide.sum()
    # Arabic letters join: drawn one by one they are wider.
    joined = ink(only_text("تعبير")).any(axis=0).sum()
    apart = sum(ink(only_text(letter)).any(axis=0).sum() for letter in "تعبير")
    assert joined < apart


def test_hostile_names_stay_text(
    pictured: ReportInput, changed_row: Callable[..., BoardRow], tmp_path: Path
) -> None:
    methods = [
        dataclasses.replace(method, row=dataclasses.replace(method.row, method=HOSTILE))
        for method in pictured.methods
    ]
    board = dataclasses.replace(pictured.board, rows=tuple(m.row for m in methods))
    report = dataclasses.replace(
        pictured, methods=methods, board=board, benchmark=HOSTILE, command=f"`{HOSTILE}`"
    )
    written = write_figures(report, tmp_path / "out")
    for path in written:
        assert re.fullmatch(r"[a-z0-9-]{1,120}\.(svg|png|md)", path.name)
        if path.suffix == ".svg":
            root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
            assert not list(root.iter(f"{SVG}script"))
    captions = written[-1].read_text(encoding="utf-8")
    assert "\x1b" not in captions
    assert "<script>" not in captions.replace("\\<script\\>", "").split("`")[2]


def test_faces_are_in_no_file_where_the_card_does_not_allow_it(
    pictured: ReportInput, tmp_path: Path
) -> None:
    card = {**pictured.card, "may_show_images": False, "licence": "Own eyes only"}
    written = write_figures(dataclasses.replace(pictured, card=card), tmp_path / "out")
    names = [path.stem for path in written if path.suffix == ".svg"]
    assert not [name for name in names if re.match("03-paper-figure-[1-5]", name)]
    assert [name for name in names if re.match("03-paper-figure-[678]", name)]
    for path in written:
        if path.suffix == ".svg":
            assert "<image" not in path.read_text(encoding="utf-8")
    captions = written[-1].read_text(encoding="utf-8")
    assert captions.count("Own eyes only does not allow showing faces") == 5
    assert "The faces are of this dataset" not in captions


def test_the_same_report_gives_the_same_files(pictured: ReportInput, tmp_path: Path) -> None:
    first = write_figures(pictured, tmp_path / "one")
    second = write_figures(pictured, tmp_path / "two")
    assert [path.name for path in first] == [path.name for path in second]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))


def test_captions_name_every_figure_and_what_is_missing(
    pictured: ReportInput, tmp_path: Path
) -> None:
    written = write_figures(pictured, tmp_path / "out")
    captions = written[-1].read_text(encoding="utf-8")
    headings = re.findall("^## (.*)$", captions, re.MULTILINE)
    drawn = {path.stem for path in written if path.suffix == ".svg"}
    assert drawn <= set(headings)
    (missing,) = set(headings) - drawn
    assert missing.startswith("03-paper-figure-1-reconstruction")
    assert "Not drawn." in captions
    assert "A made-up face set" in captions or "CC-BY-4.0" in captions


@pytest.mark.parametrize("absent", ["matplotlib", "fontTools", "resvg_py"])
def test_a_missing_package_is_said_before_anything_is_written(
    pictured: ReportInput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        fonts.importlib.util,
        "find_spec",
        lambda name, *rest: None if name == absent else find(name, *rest),
    )
    fonts.find_fonts.cache_clear()
    with pytest.raises(BenchError, match=absent.lower()) as caught:
        write_figures(pictured, tmp_path / "out")
    assert caught.value.hint == fonts.INSTALL
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_said(pictured: ReportInput, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write") as caught:
        write_figures(pictured, tmp_path / "file")
    assert "--figures" in (caught.value.hint or "")


def test_a_report_of_anchors_alone_has_its_trade_off(report: ReportInput, tmp_path: Path) -> None:
    anchors = [ReportMethod(m.row, info=m.info) for m in report.methods if m.row.is_anchor]
    board = dataclasses.replace(report.board, rows=tuple(m.row for m in anchors))
    alone = dataclasses.replace(report, methods=anchors, board=board)
    names = [path.name for path in write_figures(alone, tmp_path / "out")]
    assert names == ["01-trade-off.svg", "01-trade-off.png", "captions.md"]


def test_entries_of_a_legend_stand_side_by_side_where_there_is_room() -> None:
    few = legend([(0, "a"), (1, "b")], SINGLE.units)
    assert float(few.get("height", "0")) == 18
    many = legend([(place, "name " * 5) for place in range(7)], SINGLE.units)
    drawn = [(float(t.get("x", "0")), float(t.get("y", "0"))) for t in many.iter("text")]
    assert len(set(drawn)) == 7
    assert max(x for x, _ in drawn) < SINGLE.units / 2 + 60
    lines = sorted({y for _, y in drawn})
    assert all(b - a == pytest.approx(18) for a, b in pairwise(lines))
    assert float(legend([], 100).get("height", "0")) == 0


def test_what_xml_cannot_hold_is_left_out() -> None:
    root = ElementTree.fromstring(svg_file(only_text("a\uffff\x0bb\ud800c"), "t\x00", "c\x1b"))
    assert [text.text for text in texts(root)] == ["abc"]
    again = on_paper.parsed(svg.markup(only_text("a\uffffb")))
    assert [text.text for text in again.iter("text")] == ["ab"]


def test_pictures_stand_beside_their_names_and_a_missing_one_leaves_a_frame(
    tmp_path: Path,
) -> None:
    path = tmp_path / "one.png"
    Image.fromarray(np.full((400, 400, 3), 200, dtype=np.uint8)).save(path)
    rows = [
        GridRow("a row with quite a long name", [GridCell(path, "one"), None]),
        GridRow("b", [GridCell(None, "lost"), GridCell(tmp_path / "gone.png", "gone", "no_face")]),
    ]
    root = picture_grid(["x", "y"], rows, "d", SINGLE.units, most_pixels=64)
    (image,) = root.iter("image")
    content = base64.b64decode((image.get("href") or "").split(",")[1])
    with Image.open(io.BytesIO(content)) as small:
        assert small.size == (64, 64)
    assert len(list(root.iter("rect"))) == 2
    said = [title.text for title in root.iter("title")]
    assert said == ["one", "lost", "gone"]
    assert "no_face" in [text.text for text in root.iter("text")]
    right = [float(e.get("x", "0")) + float(e.get("width", "0")) for e in root.iter("image")]
    assert max(right) <= SINGLE.units
