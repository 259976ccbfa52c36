"""One output after the other: what the section says is what was measured."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bench import api
from bench.data.benchmark import load_benchmark
from bench.data.images import read_image
from bench.report.charts.plane import Axis
from bench.report.charts.reading_bars import WIDTH, bars
from bench.report.collect import collect_report
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.pictures import Pictures
from bench.report.sections import explorer
from bench.report.sections.explorer import Explorer, collect
from bench.run.gallery import choose_gallery
from bench.run.session import Session

ALPHAS = (0.0, 0.3125, 0.5, 1.0)


@pytest.fixture(scope="module")
def stored(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> ReportInput:
    """The report of a whole run of pixel-arith, of one with failures, and of the anchors."""
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api.run(["pixel-arith", "control-fails"], api.Settings(out=out, alphas=ALPHAS))
        return collect_report(out, None)


@pytest.fixture(scope="module")
def content(stored: ReportInput) -> Explorer:
    found = collect(stored)
    assert found is not None
    return found


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'id="data-explorer">(.*?)</script>', html)
    assert found is not None
    return dict(json.loads(found[1]))


def without_pictures(stored: ReportInput, folder: Path) -> ReportInput:
    """The same report of runs that have kept no picture."""
    methods = [
        dataclasses.replace(m, run=m.run and dataclasses.replace(m.run, folder=folder))
        for m in stored.methods
    ]
    return dataclasses.replace(stored, methods=methods)


def test_pairs_are_those_of_the_gallery_and_methods_come_before_anchors(
    content: Explorer, embedded: Path
) -> None:
    chosen = choose_gallery(load_benchmark("synthfaces").split.part("test"))
    assert tuple(one.pair for one in content.pairs) == chosen.pairs
    assert [m.is_anchor for m in content.methods] == [False] * 2 + [True] * 4
    for method in content.methods:
        assert method.alphas == (() if method.is_anchor else ALPHAS)
        assert len(method.outputs) == len(content.pairs)
        assert all(len(outputs) == max(1, len(method.alphas)) for outputs in method.outputs)


def test_every_reading_is_that_of_its_picture(content: Explorer, embedded: Path) -> None:
    session = Session(load_benchmark("synthfaces"), embedded)
    seen = 0
    for pair_place, pair in enumerate(content.pairs):
        shown = pair.pair
        source = session.face(session.dataset.sample(shown.source, shown.sample))
        reads = [
            (source.pixels, pair.source),
            (session.neutral(shown.source).pixels, pair.source_neutral),
            (session.neutral(shown.target).pixels, pair.target_neutral),
        ]
        for method in content.methods:
            for output in method.outputs[pair_place]:
                if output.units is not None and output.picture is not None:
                    reads.append((read_image(output.picture), output.units))
                    seen += 1
        expected = session.instruments.measure([pixels for pixels, _ in reads])
        for read, (_, units) in zip(expected, reads, strict=True):
            assert np.allclose(read.action_units, units, atol=1e-5)
    assert seen > 50


def test_scores_of_a_pair_follow_from_what_is_shown_of_it(content: Explorer) -> None:
    for method in content.methods:
        for pair, outputs in zip(content.pairs, method.outputs, strict=True):
            for output in outputs:
                if output.units is None:
                    continue
                wanted = pair.source - pair.source_neutral
                change = output.units - pair.target_neutral
                skill = 1 - np.square(change - wanted).sum() / np.square(wanted).sum()
                assert output.skill == pytest.approx(skill, abs=1e-6)
                (own, other) = pair.to_target
                retention = (other - output.to_target) / (other - own)
                assert output.retention == pytest.approx(retention, abs=1e-6)
                assert output.error == pytest.approx(np.abs(output.units - pair.source).mean())


def test_doing_nothing_and_copying_are_at_their_corners(content: Explorer) -> None:
    by_name = {method.label: method for method in content.methods}
    for pair, (nothing,), (copied,) in zip(
        content.pairs,
        by_name["target-neutral"].outputs,
        by_name["copy-source"].outputs,
        strict=True,
    ):
        assert nothing.skill == pytest.approx(0.0, abs=1e-9)
        assert nothing.retention == pytest.approx(1.0)
        assert nothing.to_target == pytest.approx(pair.to_target[0])
        assert nothing.to_source == pytest.approx(pair.to_source[0])
        assert copied.error == pytest.approx(0.0, abs=1e-6)


def test_the_alpha_of_the_board_is_marked_for_every_pair(
    content: Explorer, stored: ReportInput
) -> None:
    rows = {m.row.run_id: m.row for m in stored.methods}
    for method in content.methods:
        alpha = rows[method.run_id].alpha
        for chosen in method.chosen:
            assert (None if chosen is None else method.alphas[chosen]) == alpha


def test_targets_may_have_alphas_of_their_own(stored: ReportInput) -> None:
    first = next(m for m in stored.methods if m.row.method == "pixel-arith")
    targets = sorted({pair.target for pair in Pictures.of(stored).pairs})
    own = {target: ALPHAS[place % len(ALPHAS)] for place, target in enumerate(targets)}
    row = dataclasses.replace(first.row, alpha=None, alpha_by_target=own)
    found = collect(dataclasses.replace(stored, methods=[dataclasses.replace(first, row=row)]))
    assert found is not None
    for pair, chosen in zip(found.pairs, found.methods[0].chosen, strict=True):
        assert chosen is not None
        assert found.methods[0].alphas[chosen] == own[pair.pair.target]


def test_a_failed_output_says_how_it_failed_and_has_no_readings(content: Explorer) -> None:
    fails = next(method for method in content.methods if method.label == "control-fails")
    failed = [o for outputs in fails.outputs for o in outputs if o.outcome != "ok"]
    assert failed
    for output in failed:
        assert output.units is None
        assert np.isnan([output.skill, output.retention, output.to_target]).all()
    assert any(output.outcome == "ok" for outputs in fails.outputs for output in outputs)


def test_json_is_whole_and_finite_and_markdown_is_one_table(content: Explorer) -> None:
    values = json.loads(json.dumps(content.to_dict(), allow_nan=False))
    assert len(values["pairs"]) == len(content.pairs)
    for method, one in zip(values["methods"], content.methods, strict=True):
        for columns, outputs in zip(method["outputs"], one.outputs, strict=True):
            assert columns["outcome"] == [output.outcome for output in outputs]
            assert {len(column) for column in columns.values()} == {len(outputs)}
    lines = content.to_markdown().splitlines()
    assert len([line for line in lines if line.startswith("|")]) == 2 + len(content.methods)


def test_without_pictures_the_readings_stay_with_the_reason(
    stored: ReportInput, content: Explorer, tmp_path: Path
) -> None:
    bare = without_pictures(stored, tmp_path)
    found = collect(bare)
    assert found is not None
    assert [one.pair for one in found.pairs] == [one.pair for one in content.pairs]
    assert np.array_equal(found.pairs[0].source, content.pairs[0].source)
    html = render_html(bare)
    assert "no picture stored" in html
    data = data_of(html)
    assert data["methods"][0]["outputs"][0][0][0] == ""
    assert data["methods"][0]["outputs"][0][0][-1]


def test_faces_that_may_not_be_shown_are_not_in_the_page(stored: ReportInput) -> None:
    card = {**stored.card, "may_show_images": False, "licence": "Nobody-1.0"}
    html = render_html(dataclasses.replace(stored, card=card))
    assert "data:image/" not in html
    data = data_of(html)
    assert "Nobody-1.0 does not allow" in data["refusal"]
    assert not [pair for pair in data["pairs"] if any(pair["images"])]
    assert all(output[0] == "" for m in data["methods"] for pair in m["outputs"] for output in pair)
    assert all(o[-1] for pair in data["methods"][0]["outputs"] for o in pair if o[1] == "")


def test_the_page_shows_one_pair_without_a_script(stored: ReportInput, content: Explorer) -> None:
    html = re.sub(r"<script.*?</script>", "", render_html(stored), flags=re.DOTALL)
    start = html.index('id="explorer-panel"')
    panel = html[start : html.index("</section>", start)]
    first = content.methods[0]
    output = first.outputs[0][first.first_shown(0)]
    assert len(re.findall(r'<img src="data:image/webp;base64,', panel)) == 4
    assert f"<b>{output.skill:.2f}</b>" in panel
    assert output.units is not None
    for value in output.units:
        assert f">{max(value, 0.0) if abs(value) < 0.005 else value:.2f}<" in panel
    assert '<div class="explorer-controls" hidden>' in panel


def test_data_of_the_page_says_what_the_section_says(
    stored: ReportInput, content: Explorer
) -> None:
    data = data_of(render_html(stored))
    for method, one in zip(data["methods"], content.methods, strict=True):
        assert [float(alpha) for alpha in method["alphas"]] == list(one.alphas)
        for entries, outputs in zip(method["outputs"], one.outputs, strict=True):
            for entry, output in zip(entries, outputs, strict=True):
                assert bool(entry[0]) == (output.picture is not None)
                if output.units is not None:
                    assert entry[2] == pytest.approx(output.skill, abs=5e-4)
                    assert entry[7] == pytest.approx(output.units.tolist(), abs=5e-3)


def test_many_methods_share_fewer_pairs(
    stored: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer, "MOST_OUTPUTS", 7 * (2 * len(ALPHAS) + 4))
    found = collect(stored)
    assert found is not None
    assert len(found.pairs) == 7
    monkeypatch.setattr(explorer, "MOST_OUTPUTS", 1)
    found = collect(stored)
    assert found is not None
    assert len(found.pairs) == 6


def test_a_board_without_stored_runs_has_no_section(report: ReportInput) -> None:
    assert collect(report) is None


def test_bars_begin_at_zero_and_end_at_their_values() -> None:
    axis = Axis(-1.0, 3.0, (-1.0, 0.0, 1.0, 2.0, 3.0), "")
    root = ElementTree.fromstring(str(bars([("up", 1.0), ("down", -0.5), ("gap", np.nan)], axis)))
    found = {e.get("class"): (float(e.get("x") or 0), float(e.get("width") or 0)) for e in root}
    assert found["up"] == (WIDTH / 4, WIDTH / 4)
    assert found["down"] == (WIDTH / 8, WIDTH / 8)
    assert found["gap"][1] == 0
    beyond = ElementTree.fromstring(str(bars([("up", 99.0)], axis)))
    assert float(beyond[0].get("width") or 0) == 3 * WIDTH / 4
