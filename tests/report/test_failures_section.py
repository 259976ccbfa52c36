"""The section of failures: every failed sample, and where neighbours on the board disagree."""

from __future__ import annotations

import json
import re
import runpy
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.data.split import Pair
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.sections import failures
from bench.report.sections.failures import LONGEST_DETAIL, Failures, collect
from bench.run.gallery import output_path

MADE_UP = runpy.run_path(str(Path(__file__).with_name("stored_report.py")))
stored_report, off_by, noisy = (MADE_UP[name] for name in ("stored_report", "off_by", "noisy"))


def failing(outcome: str = "no_face", detail: str = "", seed: int = 1) -> Any:
    """Fails at target p03 from alpha 1 on, and at target p05 below."""

    def output(source: str, target: str, alpha: float) -> Any:
        if target == ("p03" if alpha >= 1 else "p05"):
            return outcome, detail
        return noisy(seed)(source, target, alpha)

    return output


def section_of(report: ReportInput) -> Failures:
    section = collect(report)
    assert section is not None
    return section


@pytest.fixture(scope="module")
def stored() -> ReportInput:
    report: ReportInput = stored_report(
        {
            "good": noisy(1),
            "blind": failing("no_face", "nothing found"),
            "slow": failing("timeout", "<b>took</b> too long", seed=2),
        }
    )
    return report


def test_every_failed_sample_is_listed_once(stored: ReportInput) -> None:
    section = section_of(stored)
    wanted: Counter[Any] = Counter()
    for method in stored.methods:
        assert method.run is not None
        rows = method.run.scores
        bad = rows[(rows["outcome"] != "ok") & (rows["part"] == "test")]
        for row in bad.itertuples():
            alpha = None if np.isnan(row.alpha) else row.alpha
            wanted[method.row.label, row.outcome, row.source, row.target, alpha] += 1
    found = Counter(
        (one.label, one.outcome, one.source, one.target, one.alpha) for one in section.samples
    )
    assert found == wanted
    assert set(found.values()) == {1}
    # Eight sources; alpha 1 fails at one target and the two others at another.
    assert section.total == len(section.samples) == 2 * (8 + 2 * 8)


def test_what_counts_stands_first_and_agrees_with_the_board(stored: ReportInput) -> None:
    section = section_of(stored)
    counting = [sample for sample in section.samples if sample.counts]
    assert section.samples[: len(counting)] == tuple(counting)
    for one in section.counts:
        assert Counter(s.outcome for s in counting if s.label == one.row.label) == Counter(
            one.row.failures
        )
    # Self pairs are no part of the scores.
    assert all(sample.kind == "cross" and sample.alpha == 1.0 for sample in counting)
    sentence = section.sentence()
    assert "14 of 224 outputs on the board failed: no_face 7, timeout 7" in sentence
    assert "at other alphas and in self pairs 34 outputs did" in sentence


def test_methods_and_outcomes_take_turns(stored: ReportInput, monkeypatch: Any) -> None:
    monkeypatch.setattr(failures, "MOST_IN_JSON", 6)
    section = section_of(stored)
    assert len(section.samples) == 6
    assert Counter(sample.label for sample in section.samples) == {"blind": 3, "slow": 3}
    assert section.total == 48
    values = section.to_dict()
    assert (values["failed"], values["listed"], values["left_out"]) == (48, 6, 42)


def test_the_page_lists_the_first_ones_and_says_how_many_are_left_out(
    stored: ReportInput, monkeypatch: Any
) -> None:
    whole = render_html(stored)
    assert "failed samples are listed" not in whole
    assert whole.count('<td class="detail">') == 48
    assert "&lt;b&gt;took&lt;/b&gt; too long" in whole
    monkeypatch.setattr("bench.report.page.failures.MOST_ON_PAGE", 10)
    page = render_html(stored)
    assert page.count('<td class="detail">') == 10
    assert "The first 10 of 48 failed samples are listed" in page
    assert "38 are left out" in page
    assert ": 5 of 24</summary>" in page


def test_failures_on_dev_are_counted_but_not_listed(stored: ReportInput) -> None:
    def fails_on_dev(source: str, target: str, alpha: float) -> Any:
        return ("timeout", "") if target == "d1" else noisy(4)(source, target, alpha)

    section = section_of(stored_report({"good": noisy(1), "dev": fails_on_dev}))
    assert section.total == 0
    assert "on the dev part 18, which are not listed" in section.sentence()
    assert {one.row.label: one.on_dev for one in section.counts}["dev"] == 18


def test_details_of_any_length_are_cut(stored: ReportInput) -> None:
    long = "é\n" * 200_000
    report = stored_report({"good": noisy(1), "bad": failing("method_error", long)})
    section = section_of(report)
    detail = section.samples[0].detail
    assert len(detail) < LONGEST_DETAIL + 40
    assert detail.endswith(f"({400_000 - LONGEST_DETAIL} characters more)")
    assert len(render_html(report)) < 400_000
    assert max(map(len, section.to_markdown().splitlines())) < 1000


def test_neighbours_disagree_in_both_directions(stored: ReportInput) -> None:
    section = section_of(stored)
    order = [row.run_id for row in stored.board.rows if not row.is_anchor]
    assert [(one.first_run_id, one.second_run_id) for one in section.method_pairs] == [
        (order[0], order[1]),
        (order[1], order[2]),
    ]
    for one in section.method_pairs:
        assert len(one.found.first_better) == len(one.found.second_better) == 5
        assert one.found.compared + one.found.left_out == 56
        shares = [pair.of_skill for pair in one.found.first_better]
        assert shares == sorted(shares, reverse=True)
    page = render_html(stored)
    assert page.count('<details class="disagreements"') == 2
    best = section.method_pairs[0].found.first_better[0]
    assert f"error {best.first.expression_error:.2f}" in page


def test_at_most_ten_pairs_of_methods(monkeypatch: Any) -> None:
    report = stored_report({f"m{place:02d}": noisy(place) for place in range(13)})
    assert len(section_of(report).method_pairs) == 10


def test_a_lone_method_is_compared_with_doing_nothing() -> None:
    (one,) = section_of(stored_report({"only": noisy(1)})).method_pairs
    assert (one.first, one.second) == ("only", "target-neutral")
    # Doing nothing has the source's whole change for an error.
    for pair in one.found.first_better:
        assert pair.second.expression_error == pytest.approx(pair.change)
    assert section_of(stored_report({})).method_pairs == ()


def test_pictures_are_shown_where_the_licence_lets_them(tmp_path: Path) -> None:
    report = stored_report({"good": noisy(1), "blind": failing()}, folder=tmp_path)
    assert "No pictures: not kept: bench run --keep-images" in render_html(report)
    blind = next(method.run for method in report.methods if method.row.method == "blind")
    assert blind is not None
    path = output_path(blind.folder, Pair("test", "p00", "smiling", "p03"), 1.0)
    path.parent.mkdir(parents=True)
    Image.fromarray(np.full((64, 64, 3), 90, dtype=np.uint8)).save(path)
    page = render_html(report)
    assert 'alt="output of blind that failed: no_face"' in page
    assert page.count('<td class="picture"><img data-image=') == 1
    assert "data:image/" in page
    closed = replace(report, card={"licence": "a closed one", "may_show_images": False})
    page = render_html(closed)
    assert "data:image/" not in page
    assert "No pictures: not shown: a closed one does not allow showing faces." in page


def test_outcomes_without_an_image_are_said_to_have_none() -> None:
    page = render_html(stored_report({"good": noisy(1), "bad": failing("method_error")}))
    assert "No pictures: no image was made." in page


def test_hostile_text_stays_text() -> None:
    hostile = "</details><script>alert('x')</script>|`*[\u202e"
    people = [f"{hostile}{place}" for place in range(6)] + ["p03", "p05"]
    report = stored_report(
        {hostile: failing(hostile, hostile), "x" * 200: noisy(2), "طريقة": noisy(3)},
        people=people,
        sample='"><img src=x>',
        units=("AU01", hostile, "AU12", "AU25"),
    )
    page = render_html(report)
    for text in ("<script>alert", "<img src=x>", "\u202e", "</details><script"):
        assert text not in page
    assert page.count("<details") == page.count("</details>")
    section = section_of(report)
    text = section.to_markdown()
    assert "\u202e" not in text
    assert not re.search(r"(?<!\\)<", text)
    for block in re.split(r"\n\n+", text):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in rows}) <= 1
    again = json.loads(json.dumps(section.to_dict(), allow_nan=False))
    assert again["samples"][0]["detail"] == hostile


def test_a_board_without_stored_runs_still_has_its_counts(report: ReportInput) -> None:
    section = section_of(report)
    assert (section.samples, section.method_pairs, section.total) == ((), (), 0)
    assert "No pair failed" in section.sentence()
    assert "| glow-arith" in section.to_markdown()
    assert "No pair failed" in render_html(report)
