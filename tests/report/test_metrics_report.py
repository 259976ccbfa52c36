"""The tables of metrics and reconstructions at 80 columns, and the sheet of pictures."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bench.analysis.board import Estimate
from bench.analysis.bootstrap import Interval
from bench.analysis.matching import Matching
from bench.analysis.metric_values import MetricTable, MetricValue, RunMetrics, UnitErrors
from bench.analysis.reconstruction import (
    MethodFidelity,
    ReconstructionTable,
    ReconstructionValue,
)
from bench.analysis.score_cards import find_metric, metric_cards
from bench.plugins.contracts import Face
from bench.report.sheet import reconstruction_sheet, write_sheet
from bench.report.terminal.metrics import print_card, print_cards, print_metrics, value_text
from bench.report.terminal.reconstruction import print_reconstructions
from bench.run.reconstruct import Reconstructions

NOTHING = Estimate(math.nan, math.nan, math.nan)


def run_metrics(method: str, *, anchor: bool = False) -> RunMetrics:
    values = [
        MetricValue(card.name, Estimate(-0.123, -1.234, 0.456), 50)
        for card in metric_cards()
        if card.name not in ("id_eer", "lmk_nme", "psnr")
    ]
    values += [
        MetricValue("psnr", Estimate(math.inf, math.nan, math.nan), 50),
        MetricValue("lmk_nme", NOTHING, 0, absent="it reads no landmarks"),
    ]
    units = (UnitErrors("AU12", Estimate(0.5, 0.4, 0.6), Estimate(0.3, 0.2, 0.4), 0.9, 1.0, 0.7),)
    return RunMetrics(
        method, f"{method}-1", anchor, {}, 0.8, "dev", 50, {"no_face": 2}, 8, tuple(values), units
    )


def table(*methods: str) -> MetricTable:
    matching = Matching(0.9, 0.01, Interval(0.0, 0.02, 8), 80, 700)
    runs = tuple(run_metrics(method) for method in methods)
    return MetricTable(
        "made-up-64", "test", "reader", "intensity 0..5", "looker", matching, runs, ("a note",)
    )


def printed(function, *arguments: object, width: int = 80, **options: object) -> str:
    stream = io.StringIO()
    function(*arguments, Console(file=stream, width=width), **options)
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 100, 200])
def test_every_number_is_there_and_no_line_is_too_long(width: int) -> None:
    text = printed(print_metrics, table("one", "two", "three"), width=width, per_unit=True)
    assert max(map(len, text.splitlines())) <= width
    for card in metric_cards():
        assert card.name in text
    assert text.count("-0.123 [-1.234, 0.456]") == 3 * (len(metric_cards()) - 3)
    assert text.count("exact") == 3
    assert text.count("lip corner puller") == 3


def test_what_is_absent_is_not_a_row_but_a_sentence() -> None:
    text = printed(print_metrics, table("one", "two"))
    rows = [line for line in text.splitlines() if line.startswith("lmk_nme")]
    assert len(rows) == 1
    assert rows[0].startswith("lmk_nme not computed: it reads no landmarks")
    mixed = table("one", "two")
    values = tuple(
        MetricValue(v.name, Estimate(0.5, 0.4, 0.6), 50) if v.name == "lmk_nme" else v
        for v in mixed.runs[1].values
    )
    mixed = replace(mixed, runs=(mixed.runs[0], replace(mixed.runs[1], values=values)))
    text = printed(print_metrics, mixed)
    assert "n/a" in next(line for line in text.splitlines() if line.startswith("lmk_nme"))
    assert "lmk_nme of one not computed" in text


def test_failures_people_and_notes_are_told() -> None:
    text = " ".join(printed(print_metrics, table("one")).split())
    assert "one: 2 of 50 pairs failed (no_face 2)" in text
    assert "id_eer 1.00 % [0.00, 2.00]: 80 real images" in text
    assert "a note" in text
    assert "do not rely" not in text
    few = replace(run_metrics("one"), identities=4)
    text = printed(print_metrics, replace(table("one"), runs=(few,)))
    assert "fewer than 6 people on one side (4)" in " ".join(text.split())


def test_large_numbers_take_fewer_decimals() -> None:
    assert value_text(MetricValue("psnr", Estimate(23.4567, 22.0, 24.0), 9)) == (
        "23.46 [22.00, 24.00]"
    )


def test_every_card_prints_itself() -> None:
    text = printed(print_cards, metric_cards())
    assert max(map(len, text.splitlines())) <= 80
    for card in metric_cards():
        assert card.name in text
        whole = printed(print_card, find_metric(card.name))
        assert max(map(len, whole.splitlines())) <= 80
        assert card.formula.split()[0] in whole


def test_a_reconstruction_names_its_worst_image() -> None:
    values = (
        ReconstructionValue("psnr", Estimate(30.123, 29.0, 31.0), 8, "p1/happy", 25.0),
        ReconstructionValue("ssim", Estimate(0.95, 0.9, 0.99), 8, "p2/sad", 0.8),
    )
    exact = (ReconstructionValue("psnr", Estimate(math.inf, math.nan, math.nan), 8, "", math.inf),)
    absent = {"lpips": "it is not installed"}
    result = ReconstructionTable(
        "made-up-64", "test", "reader", "intensity 0..5", "looker",
        (
            MethodFidelity("one", {}, 9, 3, {"no_face": 1}, values, absent),
            MethodFidelity("two", {}, 9, 3, {}, exact, absent),
        ),
    )  # fmt: skip
    text = printed(print_reconstructions, result)
    assert max(map(len, text.splitlines())) <= 80
    assert "exact" in text
    flat = " ".join(text.split())
    assert "30.12 [29.00, 31.00] 25.00 p1/happy" in flat
    assert "1 of 9 images count in no mean (no_face 1)" in flat
    assert flat.count("LPIPS not computed: it is not installed.") == 1


def test_the_sheet_shows_each_original_above_what_became_of_it(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pixels = [random.integers(256, size=(32, 32, 3), dtype=np.uint8) for _ in range(20)]
    faces = tuple(Face(f"p{i}", "happy", "happy", image) for i, image in enumerate(pixels))
    psnr = np.linspace(30, 40, 20)[::-1].copy()
    psnr[7] = 10.0
    failed = [None if i == 19 else image for i, image in enumerate(pixels)]
    made = Reconstructions("m", {}, faces, tuple(failed), ("ok",) * 20, {"psnr": psnr})
    sheet = reconstruction_sheet([made])
    assert sheet.dtype == np.uint8
    columns = (sheet.shape[1] - 120) // 132
    assert columns == 12
    shown = [
        [sheet[16 + row * 132 :][:128:4, 120 + c * 132 :][:, :128:4] for c in range(columns)]
        for row in range(2)
    ]
    np.testing.assert_array_equal(shown[0][0], pixels[0])
    np.testing.assert_array_equal(shown[0][-1], pixels[7])
    for above, below in zip(shown[0], shown[1], strict=True):
        same = np.array_equal(above, below)
        assert same or (np.array_equal(above, pixels[19]) and np.ptp(below) == 0)
    path = tmp_path / "folder" / "sheet.png"
    write_sheet(path, sheet)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), sheet)
