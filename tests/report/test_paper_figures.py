"""The figures of the reference paper: what they say is what was stored."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.analysis.board import BoardRow
from bench.analysis.stored import curve_of
from bench.data.split import Pair
from bench.report.charts.action_unit_lines import UnitAxis, UnitLine, unit_lines
from bench.report.charts.presence import presence_matrix
from bench.report.contents import ReportInput, ReportMethod
from bench.report.page.html import render_html
from bench.report.sections import over_alpha
from bench.report.sections.paper_content import (
    Distances,
    PictureGrid,
    Presence,
    Readings,
    ReadingSet,
)
from bench.report.sections.paper_figures import MethodFigures, PaperFigures, collect
from bench.run.gallery import output_path, real_path, reconstruction_path, reference_path
from bench.run.store import StoredRun
from bench.run.timings import Timings

UNITS = ("AU01", "AU06", "AU12")
ALPHAS = (0.0, 0.3, 0.4, 0.5, 1.0)
PEOPLE = tuple(f"p{place}" for place in range(8))
INTENSITY, BLENDSHAPE = "intensity 0..5", "blendshape 0..1"
HOSTILE = ("<script>alert(1)</script>", '"><img src=x>', "a\x1b[31mb\u202ec", "x" * 200, "تعبير")


def shown_by(person: str) -> np.ndarray[Any, Any]:
    """What the source sample of a person shows: AU01 is never there, AU12 always, AU06 in half."""
    place = PEOPLE.index(person)
    return np.array([0.2, 0.5 + place % 2, 3.0])


def make_pairs(part: str = "test") -> list[Pair]:
    """Everybody's sample to the next three people."""
    return [
        Pair(part, source, "smile", PEOPLE[(place + step) % len(PEOPLE)])
        for place, source in enumerate(PEOPLE)
        for step in (1, 2, 3)
    ]


def make_references(scale: float = 1.0) -> pd.DataFrame:
    rows = []
    for place, person in enumerate(PEOPLE):
        embedding = np.eye(len(PEOPLE))[place].astype(np.float32)
        for sample in ("neutral", "calm", "smile"):
            values = shown_by(person) * scale if sample == "smile" else np.zeros(len(UNITS))
            rows.append(
                {
                    "identity": person,
                    "sample": sample,
                    "expression": "smiling" if sample == "smile" else sample,
                    "part": "test",
                    "is_reference": sample != "smile",
                    "is_neutral": sample == "neutral",
                    "outcome": "ok",
                    "niqe": 5.0,
                    "embedding": embedding,
                    **dict(zip(UNITS, values, strict=True)),
                }
            )
    return pd.DataFrame(rows)


def make_scores(
    alphas: tuple[float, ...] | None, gain: float, scale: float = 1.0, noise: float = 0.0
) -> pd.DataFrame:
    """Outputs that turn from the target to the source, and show ``gain * alpha`` of its units."""
    rows = []
    random = np.random.default_rng(0)
    for pair in make_pairs():
        turn = noise * random.normal()
        for alpha in alphas or (None,):
            angle = (0.5 if alpha is None else alpha) * np.pi / 2 + turn
            embedding = np.zeros(len(PEOPLE), dtype=np.float32)
            embedding[PEOPLE.index(pair.target)] = np.cos(angle)
            embedding[PEOPLE.index(pair.source)] = np.sin(angle)
            values = shown_by(pair.source) * scale * gain * (1.0 if alpha is None else alpha)
            rows.append(
                {
                    "part": pair.part,
                    "source": pair.source,
                    "sample": pair.sample,
                    "target": pair.target,
                    "kind": pair.kind,
                    "alpha": np.nan if alpha is None else alpha,
                    "outcome": "ok",
                    "detail": "",
                    "niqe": 5.0,
                    "embedding": embedding,
                    **dict(zip(UNITS, values, strict=True)),
                }
            )
    return pd.DataFrame(rows)


def make_run(
    folder: Path,
    name: str = "first",
    *,
    alphas: tuple[float, ...] | None = ALPHAS,
    gain: float = 1.0,
    scale_name: str = INTENSITY,
    scale: float = 1.0,
    noise: float = 0.0,
) -> StoredRun:
    info = {
        "benchmark": "faces-64",
        "method": {"name": name, "has_alpha": alphas is not None, "is_anchor": False},
        "identity": {"parts": {"parameters": {}}},
        "instruments": {"au_estimator": {"scale": scale_name}},
        "action_units": list(UNITS),
        "command": f"bench run {name}",
    }
    run = folder / "faces-64" / f"{name}-0000000{len(name)}"
    run.mkdir(parents=True, exist_ok=True)
    scores = make_scores(alphas, gain, scale, noise)
    return StoredRun(run, info, scores, make_references(scale), Timings())


def grey(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((16, 16, 3), value, dtype=np.uint8)).save(path)


def draw_pictures(run: StoredRun, alphas: tuple[float | None, ...] = ALPHAS) -> None:
    """The gallery as runs keep it: all pairs here, two reference samples, one reconstruction."""
    for number, pair in enumerate(make_pairs()):
        for role in ("source", "source-neutral", "target-neutral"):
            grey(real_path(run.folder, pair, role), 90 + PEOPLE.index(pair.source))
        for alpha in alphas:
            grey(output_path(run.folder, pair, alpha), round(100 * (alpha or 0)) + number)
    for person in PEOPLE:
        for sample in ("neutral", "calm"):
            grey(reference_path(run.folder, person, sample), 30)


@pytest.fixture
def make_paper(
    tmp_path: Path,
    changed_report: Callable[..., ReportInput],
    changed_row: Callable[..., BoardRow],
) -> Callable[..., ReportInput]:
    """A report of these runs, the first one ranked first."""

    def make(*runs: StoredRun, card: Mapping[str, Any] | None = None, **row: Any) -> ReportInput:
        methods = []
        for rank, run in enumerate(runs, start=1):
            alpha = 0.5 if run.has_alpha else None
            values = (run.method, run.is_anchor, alpha, 0.4, 0.4, 0.5, 0.9)
            changes = {"run_id": run.run_id, **row}
            curve = curve_of(run, "test") if run.has_alpha else None
            methods.append(
                ReportMethod(changed_row(rank, values, **changes), curve, info=run.info, run=run)
            )
        plain = changed_report()
        board = dataclasses.replace(
            plain.board, benchmark="faces-64", rows=tuple(m.row for m in methods)
        )
        return dataclasses.replace(
            plain,
            benchmark="faces-64",
            card={**plain.card, **(card or {})},
            board=board,
            methods=methods,
            pairs=frozenset(pair.key for pair in make_pairs()),
            folder=tmp_path,
        )

    return make


def collected(report: ReportInput) -> PaperFigures:
    found = collect(report)
    assert found is not None
    return found


def first_of(report: ReportInput) -> MethodFigures:
    return collected(report).methods[0]


def readings_of(report: ReportInput) -> tuple[Readings, ...]:
    content = first_of(report).figure(8).content
    assert isinstance(content, ReadingSet)
    return content.charts


# -- Figure 6 ------------------------------------------------------------------------------------


def test_distances_are_those_of_the_turning_embeddings(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    figure = first_of(make_paper(make_run(tmp_path))).figure(6)
    content = figure.content
    assert isinstance(content, Distances)
    angles = np.array(ALPHAS) * np.pi / 2
    assert content.alphas.tolist() == list(ALPHAS)
    # The chord of an angle; all pairs are alike, so that no interval has a width.
    np.testing.assert_allclose(
        content.to_target, np.tile(2 * np.sin(angles / 2), (3, 1)).T, atol=1e-6
    )
    to_source = 2 * np.sin((np.pi / 2 - angles) / 2)
    np.testing.assert_allclose(content.to_source, np.tile(to_source, (3, 1)).T, atol=1e-6)
    assert content.crossover == pytest.approx(0.5)
    assert "24 pairs of the test part" in figure.caption
    assert "Both are equal at alpha 0.50" in figure.caption


def test_distances_are_the_curve_and_their_intervals_hold_them(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    report = make_paper(make_run(tmp_path, noise=0.1))
    content = first_of(report).figure(6).content
    assert isinstance(content, Distances)
    curve = report.methods[0].curve
    assert curve is not None
    for found, column in (
        (content.to_target, "id_dist_target"),
        (content.to_source, "id_dist_source"),
    ):
        value, low, high = found.T
        np.testing.assert_allclose(value, curve[column])
        assert (low < value).all()
        assert (value < high).all()


def test_failures_have_no_distance_and_change_none(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    failed = run.scores["alpha"] == 1.0
    failed &= run.scores["source"] == "p0"
    run.scores.loc[failed, "outcome"] = "no_face"
    content = first_of(make_paper(run)).figure(6).content
    assert isinstance(content, Distances)
    assert content.to_target[-1, 0] == pytest.approx(np.sqrt(2), abs=1e-6)


def test_a_method_without_alpha_has_no_curve_and_says_so(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    method = first_of(make_paper(make_run(tmp_path, alphas=None)))
    for number in (2, 3, 6):
        assert method.figure(number).content is None
        assert "first has no alpha" in method.figure(number).missing


# -- Figure 8 ------------------------------------------------------------------------------------


def test_readings_are_at_the_ends_of_the_grid_and_at_the_alpha_of_the_board(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    mean = readings_of(make_paper(make_run(tmp_path, gain=2.0)))[0]
    source = np.mean([shown_by(pair.source) for pair in make_pairs()], axis=0)
    assert mean.title == "mean of 24 pairs"
    assert [one.role for one in mean.readings] == ["source", "smallest", "best", "largest"]
    assert [one.alpha for one in mean.readings] == [None, 0.0, 0.5, 1.0]
    for one, factor in zip(mean.readings, (1, 0, 1, 2), strict=True):
        np.testing.assert_allclose(one.values, factor * source)


@pytest.mark.parametrize(("gain", "best"), [(1.0, 1.0), (2.0, 0.5), (2.5, 0.4), (0.1, 1.0)])
def test_the_best_alpha_of_a_pair_is_the_oracles(
    make_paper: Callable[..., ReportInput], tmp_path: Path, gain: float, best: float
) -> None:
    charts = readings_of(make_paper(make_run(tmp_path, gain=gain)))
    assert len(charts) == 4
    for chart in charts[1:]:
        assert next(one.alpha for one in chart.readings if "best" in one.role) == best
        alphas = [one.alpha for one in chart.readings if one.alpha is not None]
        assert len(set(alphas)) == len(alphas)


def test_of_equal_errors_the_smallest_alpha_is_best(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path, gain=1.0)
    run.scores.loc[:, list(UNITS)] = 0.0
    chart = readings_of(make_paper(run))[1]
    assert [(one.role, one.alpha) for one in chart.readings[1:]] == [
        ("smallest best", 0.0),
        ("largest", 1.0),
    ]


def test_a_pair_that_failed_at_one_alpha_counts_at_none(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    first = make_pairs()[0]
    lost = (run.scores["source"] == first.source) & (run.scores["target"] == first.target)
    lost &= run.scores["alpha"] == 1.0
    run.scores.loc[lost, "outcome"] = "several_faces"
    run.scores.loc[lost, list(UNITS)] = np.nan
    charts = readings_of(make_paper(run))
    assert charts[0].title == "mean of 23 pairs"
    left = [shown_by(pair.source) for pair in make_pairs()[1:]]
    np.testing.assert_allclose(charts[0].readings[-1].values, np.mean(left, axis=0))
    assert f"{first.source}, smile, to {first.target}" not in [chart.title for chart in charts]


def test_labels_count_where_the_run_has_them(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    for unit in UNITS:
        run.references[f"label_{unit}"] = 4.0
    assert readings_of(make_paper(run))[0].readings[0].values.tolist() == [4.0, 4.0, 4.0]


def test_each_target_with_its_own_alpha_is_shown_at_the_least_error(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    report = make_paper(make_run(tmp_path, gain=2.5), alpha=None, alpha_by_target={"p0": 0.3})
    mean = readings_of(report)[0]
    assert next(one.alpha for one in mean.readings if one.role == "best") == 0.4
    assert "has their least mean error" in first_of(report).figure(8).caption


# -- Figure 7 ------------------------------------------------------------------------------------


def presence_of(report: ReportInput) -> Presence:
    content = collected(report).presence.content
    assert isinstance(content, Presence)
    return content


def test_presence_is_from_the_threshold_of_the_scale_on(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    report = make_paper(make_run(tmp_path))
    content = presence_of(report)
    assert content.threshold == 1.0
    assert content.shares.tolist() == [0.0, 0.5, 1.0]
    told = collected(report).to_dict()["sources"]["content"]
    assert {one["source"]: one["present"] for one in told["sources"]}["smile of p1"] == [
        "AU06",
        "AU12",
    ]
    assert told["of_sources"] == 8


def test_presence_is_not_told_from_blendshapes_and_intensities_are(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    report = make_paper(make_run(tmp_path, scale_name=BLENDSHAPE, scale=0.2))
    content, figure = presence_of(report), collected(report).presence
    assert content.threshold is None
    assert "Presence is not told" in figure.missing
    assert "present" not in figure.caption
    # Active from 0.2 on: AU06 shows 0.1 or 0.3.
    assert content.shares.tolist() == [0.0, 0.5, 1.0]
    assert content.to_dict(None)["sources"][0]["present"] is None
    assert "Active in so many" in render_html(report)


def test_a_scale_that_nobody_knows_has_readings_alone(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    content = presence_of(make_paper(make_run(tmp_path, scale_name="my own")))
    assert content.threshold is None
    assert np.isnan(content.shares).all()
    assert content.highest == 3.0


# -- pictures ------------------------------------------------------------------------------------


def grid_of(report: ReportInput, number: int) -> PictureGrid:
    content = first_of(report).figure(number).content
    assert isinstance(content, PictureGrid), first_of(report).figure(number).missing
    return content


def test_pictures_are_those_of_the_paper(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    draw_pictures(run)
    report = make_paper(run)
    strip = grid_of(report, 3)
    assert strip.columns == ("source", "target", "α 0.00", "α 0.30", "α 0.40", "α 0.50", "α 1.00")
    one_target, one_sample = grid_of(report, 4), grid_of(report, 5)
    for grid in (one_target, one_sample):
        assert grid.columns == ("source", "target", "α 0.30", "α 0.40", "α 0.50")
    # What all rows share stands once.
    assert [row.shots[1] is None for row in one_target.rows] == [False, True, True]
    assert [row.shots[0] is None for row in one_sample.rows] == [False, True, True]
    for grid in (strip, one_target, one_sample):
        for row in grid.rows:
            for name, shot in zip(grid.columns[2:], row.shots[2:], strict=True):
                assert shot is not None
                assert shot.path is not None
                assert shot.path.stem == f"{float(name.removeprefix('α ')):.3f}"
    targets = {row.label for row in one_sample.rows}
    assert len(targets) == 3


def test_mean_faces_stand_beside_their_reference_sets(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    draw_pictures(run)
    grid = grid_of(make_paper(run), 2)
    assert grid.columns == ("mean face", "sample 1", "sample 2")
    for row in grid.rows:
        mean, *samples = [shot.path for shot in row.shots if shot is not None]
        assert mean is not None
        assert mean.stem == "0.000"
        assert mean.parent.name.endswith(f" {row.label}")
        assert all(path is not None and row.label in path.name for path in samples)


def test_reconstructions_say_how_far_they_are_off(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    draw_pictures(run)
    report = make_paper(run)
    assert first_of(report).figure(1).content is None
    assert "No reconstruction by first is stored" in first_of(report).figure(1).missing
    originals = {}
    for shot in grid_of(report, 3).shots:
        if "the source" in shot.says and shot.path is not None:
            person = shot.says.split(",")[0]
            with Image.open(shot.path) as file:
                originals[person] = int(np.asarray(file)[0, 0, 0])
    (exact, value), (off, other) = list(originals.items())[:2]
    grey(reconstruction_path(run.folder, exact, "smile"), value)
    grey(reconstruction_path(run.folder, off, "smile"), other + 8)
    grid = grid_of(make_paper(run), 1)
    notes = dict(zip(grid.columns, [shot.note for shot in grid.rows[1].shots if shot], strict=True))
    # 10 log10(255^2 / 8^2)
    assert notes == {f"{exact}, smile": "exact", f"{off}, smile": "30 dB"}


def test_runs_without_pictures_say_so_and_have_their_numbers(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    section = collected(make_paper(make_run(tmp_path)))
    for figure in section.methods[0].figures[:5]:
        assert figure.content is None
        assert "bench run first" in figure.missing
    assert isinstance(section.methods[0].figure(6).content, Distances)
    assert isinstance(section.methods[0].figure(8).content, ReadingSet)


def test_the_same_expression_of_others_stands_in_where_each_image_goes_to_one_target(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    single = {pair.key for pair in make_pairs()[::3]}
    keys = run.scores["source"] + "/" + run.scores["sample"] + ">" + run.scores["target"]
    run = dataclasses.replace(run, scores=run.scores[keys.isin(single)].reset_index(drop=True))
    draw_pictures(run)
    report = dataclasses.replace(make_paper(run), pairs=frozenset(single))
    figure = first_of(report).figure(5)
    assert "the expression smiling" in figure.caption
    assert "these are several people" in figure.missing
    assert len(grid_of(report, 5).rows) > 1


def test_a_failed_output_says_what_became_of_it(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    draw_pictures(run)
    failed = run.scores["alpha"] == 0.4
    run.scores.loc[failed, "outcome"] = "no_face"
    grid = grid_of(make_paper(run), 3)
    place = grid.columns.index("α 0.40")
    assert {row.shots[place].note for row in grid.rows if row.shots[place]} == {"no_face"}
    for pair in make_pairs():
        output_path(run.folder, pair, 0.4).unlink()
    missing = grid_of(make_paper(run), 3)
    assert "α 0.40" not in missing.columns


def test_nobody_is_shown_where_the_card_does_not_allow_it(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    draw_pictures(run)
    reconstruction = reconstruction_path(run.folder, "p0", "smile")
    grey(reconstruction, 9)
    report = make_paper(run, card={"may_show_images": False, "licence": "Own eyes only"})
    section = collected(report)
    for figure in section.methods[0].figures[:5]:
        assert figure.content is None
        assert "Own eyes only does not allow showing faces" in figure.missing
    assert ".png" not in json.dumps(section.to_dict())
    assert isinstance(section.methods[0].figure(8).content, ReadingSet)
    assert Page(render_html(report)).named("img") == []


# -- page, JSON, Markdown ------------------------------------------------------------------------


class Page(HTMLParser):
    """Start tags, and the words outside of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        if self._open not in ("script", "style"):
            self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def test_the_best_method_is_shown_first_and_others_can_be_chosen(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    runs = [make_run(tmp_path, name) for name in ("winner", "other", "last")]
    for run in runs:
        draw_pictures(run)
    html = render_html(make_paper(*runs))
    select = re.search(r'<select id="paper-method">(.*?)</select>', html, re.DOTALL)
    assert select is not None
    assert re.findall(r'value="(\d)">(\w+)<', select[1]) == [
        ("0", "winner"),
        ("1", "other"),
        ("2", "last"),
    ]
    panels = [
        (a["data-paper"], "hidden" in a) for a in Page(html).named("div") if "data-paper" in a
    ]
    assert panels == [("0", False), ("1", True), ("2", True)] * 7
    headings = re.findall(r"<h3>Figure (\d)", html)
    assert headings == [str(number) for number in range(1, 9)]
    assert "paper-chooser" not in render_html(make_paper(runs[0])).split("<script>")[0]


def test_hostile_names_stay_text(make_paper: Callable[..., ReportInput], tmp_path: Path) -> None:
    names = dict(zip(PEOPLE, (HOSTILE * 2)[: len(PEOPLE)], strict=True))
    names = {old: f"{new}{place}" for place, (old, new) in enumerate(names.items())}
    run = make_run(tmp_path)
    for column in ("source", "target"):
        run.scores[column] = run.scores[column].map(names)
    run.scores["sample"] = HOSTILE[0]
    run.references["identity"] = run.references["identity"].map(names)
    run.references.loc[run.references["sample"] == "smile", "sample"] = HOSTILE[0]
    run.info["method"]["name"] = HOSTILE[1]
    run.info["command"] = HOSTILE[2]
    report = dataclasses.replace(make_paper(run, run_id="x-1"), pairs=frozenset())
    text = render_html(report)
    assert "<script>alert" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert HOSTILE[0] in Page(text).text
    markdown = collected(report).to_markdown()
    assert "<script>" not in markdown.replace("\\<script\\>", "")


def test_json_has_every_number_and_no_path_of_this_machine(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    run = make_run(tmp_path)
    draw_pictures(run)
    values = collected(make_paper(run)).to_dict()
    text = json.dumps(values, allow_nan=False)
    assert str(tmp_path) not in text
    figures = {figure["figure"]: figure for figure in values["methods"][0]["figures"]}
    assert sorted(figures) == [1, 2, 3, 4, 5, 6, 8]
    picture = figures[3]["content"]["rows"][0]["pictures"][2]
    assert (tmp_path / picture["file"]).is_file()
    assert figures[6]["content"]["crossover"] == pytest.approx(0.5)
    mean = figures[8]["content"]["readings"][0]["readings"]
    assert mean[0]["action_units"]["AU12"] == 3.0


def test_markdown_says_the_numbers_of_the_first_method(
    make_paper: Callable[..., ReportInput], tmp_path: Path
) -> None:
    text = collected(
        make_paper(make_run(tmp_path, "winner"), make_run(tmp_path, "b"))
    ).to_markdown()
    assert [int(n) for n in re.findall(r"\*\*Figure (\d)", text)] == list(range(1, 9))
    assert re.search(r"\| +0\.50 \| 0\.77 \[0\.77, 0\.77\] \| 0\.77", text)
    assert re.search(r"\| AU12 \| +3\.00 \|", text)
    assert re.search(r"\| AU12 \|.*\*\*3\.00\*\*.*100%", text)


def test_a_report_without_runs_has_no_such_section(report: ReportInput) -> None:
    assert collect(report) is None


# -- charts --------------------------------------------------------------------------------------


def test_units_are_named_by_their_numbers_and_strange_ones_are_turned() -> None:
    assert UnitAxis.of(["AU01", "AU12"]).names == ("1", "12")
    drawing = unit_lines(["AU01", "mouth open"], [UnitLine("a", [1.0, 2.0], 0)], "y", "", "d")
    assert drawing.count("rotate(-90") == 2
    assert "rotate" not in unit_lines(["AU01"], [UnitLine("a", [1.0], 0)], "y", "", "d")


def test_a_gap_in_the_readings_is_a_gap_in_the_line() -> None:
    values = [1.0, 2.0, np.nan, 1.0, 2.0]
    units = [f"AU{number:02d}" for number in (1, 2, 4, 6, 12)]
    drawing = unit_lines(units, [UnitLine("a", values, 0)], "y", "", "d")
    assert len(re.findall('class="curve', drawing)) == 2


def test_dots_are_filled_from_the_threshold_on_and_their_area_is_the_reading() -> None:
    values = [[5.0, 1.25, 0.5, 0.01]]
    units = ["AU01", "AU02", "AU04", "AU06"]
    drawing = presence_matrix(units, ["a"], values, [np.nan] * 4, 5.0, 1.0, "", "d")
    dots = re.findall(r'<circle [^>]*r="([\d.]+)" class="([^"]+)"', drawing)
    assert [style for _, style in dots] == ["bar", "bar", "mark open series-1"]
    radii = [float(radius) for radius, _ in dots]
    assert radii[1] / radii[0] == pytest.approx(0.5, abs=0.02)
    untold = presence_matrix(units, ["a"], values, [np.nan] * 4, 5.0, None, "", "d")
    assert 'class="bar"' not in untold
    assert "present" not in untold


# -- over alpha ----------------------------------------------------------------------------------


def test_one_method_is_open_and_the_others_are_folded(
    report: ReportInput, changed_report: Callable[..., ReportInput]
) -> None:
    html = render_html(report)
    assert re.findall(r'<details class="over-alpha"( open)?>', html) == [" open", ""]
    assert "<bdi>glow-arith</bdi>" in html
    anchors = [method for method in report.methods if method.row.is_anchor]
    board = dataclasses.replace(report.board, rows=tuple(m.row for m in anchors))
    assert over_alpha.collect(changed_report(methods=anchors, board=board)) is None


def test_over_alpha_says_the_same_to_machines(report: ReportInput) -> None:
    section = over_alpha.collect(report)
    assert section is not None
    values = json.loads(json.dumps(section.to_dict(), allow_nan=False))
    first = values["methods"][0]
    search = report.methods[0].search
    assert search is not None
    assert first["search"]["dev_alpha"] == search.dev_alpha
    assert [one["part"] for one in first["curves"]] == ["dev", "test"]
    assert len(first["curves"][0]["curve"]) == len(search.curve)
    assert sum(one["pairs"] for one in first["search"]["oracle"]) == len(search.oracle)
    row = next(line for line in section.to_markdown().splitlines() if "glow-arith" in line)
    assert [cell.strip() for cell in row.split("|")[2:5]] == ["0.70", "0.0060", "0.62"]
