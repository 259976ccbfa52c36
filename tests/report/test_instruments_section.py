"""What measured the images: cards, the stored check, a second opinion, and what is missing."""

from __future__ import annotations

import copy
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import api
from bench.analysis.instruments.panel import check_instruments
from bench.data.benchmark import load_benchmark
from bench.report.collect import collect_report
from bench.report.contents import ReportInput
from bench.report.page.html import render_html
from bench.report.sections.instruments import Instruments, collect
from bench.run.panels import panel_path

BENCHMARK = "synthfaces-64"


@pytest.fixture(scope="module")
def pristine(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Runs of two methods and the anchors, and the check of their instruments."""
    out = tmp_path_factory.mktemp("instruments") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        data = embed(patch)
        settings = api.Settings(out=out, alphas=(0.0, 1.0), limit=8)
        api.run(["pixel-arith", "pca-arith"], settings)
        check_instruments(load_benchmark("synthfaces"), data, out, command="bench check typed")
    return out


@pytest.fixture
def runs(pristine: Path, embedded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "runs"))


UNIT = {
    "action_unit": "AU01",
    "name": "inner brow raiser",
    "dev_r": 0.9934,
    "test_r": None,
    "test_interval": {"low": 0.9, "high": 1.0, "identities": 6},
    "test_error": 0.05,
}
"""As it is stored where the truth is known, which it is not of the made-up faces."""


def section_of(report: ReportInput) -> Instruments:
    found = collect(report)
    assert found is not None
    return found


def with_panel(runs: Path, change: Callable[[dict[str, Any]], None]) -> Instruments:
    """The section after a change of the stored panel."""
    path = panel_path(runs, BENCHMARK)
    values = json.loads(path.read_text(encoding="utf-8"))
    change(values["panels"][0])
    path.write_text(json.dumps(values), encoding="utf-8")
    return section_of(collect_report(runs, None))


def second_runs(runs: Path, **second: Any) -> list[Path]:
    """The same runs as other instruments would have measured them."""
    made = []
    for folder in (runs / BENCHMARK).glob("*/run.json"):
        copied = runs / "second-opinion" / BENCHMARK / folder.parent.name
        shutil.copytree(folder.parent, copied)
        info = json.loads((copied / "run.json").read_text(encoding="utf-8"))
        info["instruments"]["embedder"]["name"] = "another"
        info["identity"]["parts"]["instruments"]["embedder"]["name"] = "another"
        info["identity"]["parts"].update(second)
        (copied / "run.json").write_text(json.dumps(info), encoding="utf-8")
        made.append(copied)
    return made


def test_cards_say_what_measured(runs: Path) -> None:
    report = collect_report(runs, None)
    found = section_of(report)
    assert [one.role for one in found.instruments] == ["Embedder", "AU estimator", "Naturalness"]
    card = report.methods[0].info["instruments"]["au_estimator"]
    facts = dict(found.instruments[1].facts)
    assert found.instruments[1].name == card["name"]
    for title, field in (("scale", "scale"), ("version", "version"), ("licence", "licence")):
        assert facts[title] == card[field]
    assert found.instruments[2].works[0].key == "mittal-2013-making"


def test_the_stored_check_is_shown_with_all_its_numbers(runs: Path) -> None:
    found = with_panel(runs, lambda panel: panel["agreement"].update(units=[UNIT]))
    assert found.panel is not None
    stored = json.loads(panel_path(runs, BENCHMARK).read_text(encoding="utf-8"))["panels"][0]
    table = found.panel.perturbations()
    assert [row[0] for row in table.rows] == [one["label"] for one in stored["readings"]]
    assert table.rows[0][1] == f"{stored['readings'][0]['identity_rms']:.3f}"
    people, units = found.panel.people(), found.panel.units()
    assert people is not None
    assert units is not None
    assert [row[0] for row in people.rows] == ["dev", "test", "both"]
    rate = stored["agreement"]["verification"][0]["equal_error_rate"]
    assert people.rows[0][4].startswith(f"{100 * rate:.2f}% [")
    assert units.rows == (("AU01", "inner brow raiser", "0.993", "n/a [0.900, 1.000]", "0.05"),)
    floor = stored["floor"]
    assert f"E {floor['expression_skill']:.3f}, R" in found.panel.floor_sentence()
    assert "bench check typed" in found.panel.made_sentence()
    assert not [one for one in found.missing if "check-instruments" in one.command]
    text, page = found.to_markdown(), render_html(collect_report(runs, None))
    for cell in (*table.rows[0][:4], *units.rows[0]):
        assert cell in text
        assert cell in page
    assert found.to_dict()["panel"]["floor"] == floor


def test_what_was_not_made_is_named_with_its_command(runs: Path) -> None:
    panel_path(runs, BENCHMARK).unlink()
    found = section_of(collect_report(runs, None))
    assert found.panel is None
    commands = [one.command for one in found.missing]
    assert commands == [
        f"bench check-instruments {BENCHMARK} --out {runs}",
        f"bench second-opinion --benchmark {BENCHMARK} --out {runs} --embedder mobilefacenet "
        "--au mediapipe",
    ]
    for command in commands:
        assert f"`{command}`" in found.to_markdown()


def test_a_check_of_other_instruments_is_not_used(runs: Path) -> None:
    def other(panel: dict[str, Any]) -> None:
        panel["measured_with"]["instruments"]["embedder"]["version"] = "0"

    found = with_panel(runs, other)
    assert found.panel is None
    assert any("check-instruments" in one.command for one in found.missing)


def test_a_check_without_agreement_shows_the_floor_and_says_so(runs: Path) -> None:
    found = with_panel(runs, lambda panel: panel.pop("agreement"))
    assert found.panel is not None
    assert found.panel.people() is None
    assert "Noise floor" in found.to_markdown()
    assert "Agreement" not in found.to_markdown()
    assert "was not stored" in found.missing[0].what


@pytest.mark.parametrize(
    "change",
    [
        lambda panel: panel.pop("floor"),
        lambda panel: panel.update(readings=[{}]),
        lambda panel: panel.update(images="many"),
        lambda panel: panel["agreement"].update(units=[{"action_unit": "AU01"}]),
        lambda panel: panel["agreement"].update(verification="none"),
    ],
)
def test_a_damaged_check_is_named_and_the_report_goes_on(
    runs: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    found = with_panel(runs, change)
    assert found.panel is None
    assert any("damaged" in one.what for one in found.missing)
    assert found.instruments


def test_stored_measurements_of_the_same_outputs_are_an_opinion(runs: Path) -> None:
    second_runs(runs)
    report = collect_report(runs, None)
    (opinion,) = section_of(report).opinions
    # The copies were measured alike, so that the two cannot but agree.
    assert opinion.second == "another + made-up"
    assert opinion.tau.value == pytest.approx(1.0)
    assert [row.shift for row in opinion.rows if not row.first.is_anchor] == [0, 0]
    assert {row.first.label for row in opinion.rows} == {m.row.label for m in report.methods}
    for row in opinion.rows:
        board = next(one for one in report.board.rows if one.label == row.first.label)
        assert row.first.transfer_score.value == pytest.approx(board.transfer_score.value)
    assert "another + made-up" in section_of(report).to_markdown()


@pytest.mark.parametrize(
    "changed", [{"method_source_sha256": "0" * 64}, {"seed": 7}, {"manifest_sha256": "0" * 64}]
)
def test_measurements_of_other_outputs_are_none(runs: Path, changed: dict[str, Any]) -> None:
    second_runs(runs, **changed)
    found = section_of(collect_report(runs, None))
    assert found.opinions == ()
    assert any("other outputs than those of this board" in one.what for one in found.missing)


def test_damaged_measurements_are_named(runs: Path) -> None:
    for folder in second_runs(runs):
        for path in folder.glob("scores/*.parquet"):
            path.write_bytes(b"PAR1")
    found = section_of(collect_report(runs, None))
    assert found.opinions == ()
    assert any("cannot be read" in one.what for one in found.missing)


def test_a_report_without_records_has_no_such_section(
    changed_report: Callable[..., ReportInput],
) -> None:
    report = changed_report()
    bare = [dataclasses.replace(method, info={}) for method in report.methods]
    assert collect(dataclasses.replace(report, methods=bare)) is None


def test_hostile_text_in_cards_and_checks_stays_text(runs: Path) -> None:
    text = f"<script>alert(1)</script> a|b`c`\n# d \x1b[31m\u202e طريقة {'x' * 200}"

    def hostile(panel: dict[str, Any]) -> None:
        panel.update(command=text, scale=text, created=text)
        for reading in panel["readings"]:
            reading["label"] = text
        panel["agreement"].update(units=[{**UNIT, "name": text}], missed=[text])

    with_panel(runs, hostile)
    report = collect_report(runs, None)
    infos = [copy.deepcopy(dict(method.info)) for method in report.methods]
    for info in infos:
        for role in ("embedder", "au_estimator"):
            info["instruments"][role].update(name=text, crop=text, licence=text, source=text)
    methods = [
        dataclasses.replace(method, info=info)
        for method, info in zip(report.methods, infos, strict=True)
    ]
    report = dataclasses.replace(report, methods=methods)
    found = section_of(report)
    assert found.panel is not None
    page, markdown = render_html(report), found.to_markdown()
    for made in (page, markdown):
        assert "<script>alert" not in made
        assert "\x1b" not in made
        assert "\u202e" not in made
    assert "\n# d" not in markdown
    json.dumps(found.to_dict(), allow_nan=False)
