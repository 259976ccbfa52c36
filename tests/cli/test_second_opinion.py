"""``bench second-opinion`` as a user types it, with a second AU estimator that reads otherwise."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import bench.run.instruments
from bench import api
from bench.api_opinion import SECOND
from bench.cli import app
from bench.data.benchmark import load_benchmark
from bench.errors import BenchError
from bench.run.gallery import choose_gallery
from metrics.contracts import AUReading

FADE = """
import numpy as np

from bench.plugins.contracts import MethodCard


class Fade:
    card = MethodCard("fade", "cross-fade from target to source")

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def prepare(self, context):
        return {}

    def transfer(self, requests):
        weights = [min(1.0, self.strength * request.alpha) for request in requests]
        return np.stack([
            (1 - weight) * request.target_reference[0].pixels / 255 + weight * NOISE
            for weight, request in zip(weights, requests)
        ])
"""
STEADY = FADE.replace("NOISE", "request.source.pixels / 255")
UNSTEADY = FADE.replace("NOISE", "np.random.default_rng().random((64, 64, 3))")


def bench_(*words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def second_estimator(
    embed: Callable[[pytest.MonkeyPatch], Path],
) -> Callable[[pytest.MonkeyPatch], Path]:
    """``--au other`` reads the made-up faces with the units in another order, half as strong."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = embed(monkeypatch)
        own: Any = bench.run.instruments.load_au_estimator("made-up")

        class Other(type(own)):  # type: ignore[misc]
            card = replace(own.card, name="other")

            def estimate(self, images: Any) -> AUReading:
                reading = super().estimate(images)
                return AUReading(reading.outcomes, np.float32(0.5) * reading.values[:, ::-1])

        monkeypatch.setattr(
            "bench.run.instruments.load_au_estimator",
            lambda spec, *_, **__: Other() if spec == "other" else own,
        )
        return folder

    return patch


@pytest.fixture
def instruments(
    second_estimator: Callable[[pytest.MonkeyPatch], Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    return second_estimator(monkeypatch)


@pytest.fixture(scope="module")
def first(
    second_estimator: Callable[[pytest.MonkeyPatch], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Runs of the made-up benchmark's own instruments, with methods beside them."""
    folder = tmp_path_factory.mktemp("first")
    (folder / "fade.py").write_text(STEADY)
    with pytest.MonkeyPatch.context() as patch:
        second_estimator(patch)
        out = folder / "runs"
        api.run(["pixel-arith", str(folder / "fade.py")], api.Settings(out=out))
        parameters = {"strength": "0.5"}
        api.run([str(folder / "fade.py")], api.Settings(out=out, parameters=parameters))
    return folder


@pytest.fixture
def runs(first: Path, instruments: Path, tmp_path: Path) -> Path:
    shutil.copytree(first / "runs", tmp_path / "runs")
    return tmp_path / "runs"


def as_json(*words: str | Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(bench_("second-opinion", *words, "--json"))
    return values


def test_all_stored_methods_are_measured_again(runs: Path) -> None:
    values = as_json("--au", "other", "--out", runs)
    assert (values["first"], values["second"]) == ("made-up + made-up", "made-up + other")
    assert values["contestants"] == 3
    labels = [row["label"] for row in values["rows"] if not row["is_anchor"]]
    assert sorted(labels) == ["fade", "fade strength=0.5", "pixel-arith"]
    assert {row["label"] for row in values["rows"] if row["is_anchor"]} == set(api.ANCHORS)
    assert values["tau"] is not None
    kept = len(choose_gallery(load_benchmark("synthfaces").split.part("test")).pairs)
    assert kept > 6
    said = f"{kept} pictures that the first run of each method kept"
    assert any(said in note for note in values["notes"])
    copied = next(row for row in values["rows"] if row["label"] == "copy-source")
    # Half of every unit, in another order, is half of every change: E is the same ratio.
    for name in ("expression_skill", "identity_retention", "naturalness"):
        assert copied["second"][name] == pytest.approx(copied["first"][name], abs=1e-5)


def test_outputs_are_made_at_the_first_alpha_alone_and_once(runs: Path) -> None:
    values = as_json("pixel-arith", "--au", "other", "--out", runs)
    alpha = next(row["alpha"] for row in values["rows"] if row["label"] == "pixel-arith")
    folder = next((runs / SECOND).glob("*/pixel-arith-*"))
    stored = bench.run.store.RunFolder(folder).read()
    assert set(stored.scores["part"]) == {"test"}
    assert set(stored.scores["alpha"]) == {alpha}
    assert set(stored.scores["kind"]) == {"cross"}
    before = {path: path.stat().st_mtime_ns for path in (runs / SECOND).rglob("*.parquet")}
    again = as_json("pixel-arith", "--au", "other", "--out", runs)
    assert {p: p.stat().st_mtime_ns for p in (runs / SECOND).rglob("*.parquet")} == before
    assert again["rows"] == values["rows"]


def test_methods_are_named_by_label_or_file(first: Path, runs: Path) -> None:
    values = as_json("fade strength=0.5", first / "fade.py", "--au", "other", "--out", runs)
    labels = {row["label"] for row in values["rows"] if not row["is_anchor"]}
    assert labels == {"fade", "fade strength=0.5"}
    named = f"{first / 'fade.py'} strength=0.5"
    values = as_json(named, "--au", "other", "--out", runs)
    assert [r["label"] for r in values["rows"] if not r["is_anchor"]] == ["fade strength=0.5"]
    text = " ".join(bench_("second-opinion", "fade", "--au", "other", "--out", runs).split())
    assert "With 2 contestants it says little" in text


def test_the_report_of_the_first_runs_stays_as_it_was(runs: Path) -> None:
    before = json.loads(bench_("report", "--runs", runs, "--json"))["rows"]
    as_json("--au", "other", "--out", runs)
    assert json.loads(bench_("report", "--runs", runs, "--json"))["rows"] == before


def test_a_method_that_makes_other_images_is_refused(instruments: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "fade.py", tmp_path / "runs"
    file.write_text(UNSTEADY)
    api.run([str(file)], api.Settings(out=out))
    with pytest.raises(BenchError, match=r"fade makes other images .* differs in \d+ of 12288"):
        as_json("--au", "other", "--out", out)
    assert not list((out / SECOND).rglob("*.parquet"))


def test_a_method_that_was_changed_is_refused(
    first: Path, instruments: Path, tmp_path: Path
) -> None:
    file, out = tmp_path / "fade.py", tmp_path / "runs"
    file.write_text(STEADY)
    api.run([str(file)], api.Settings(out=out))
    file.write_text(STEADY + "\n# changed\n")
    with pytest.raises(BenchError, match=r"another version of the method.*bench run"):
        as_json("--au", "other", "--out", out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "measured by made-up and made-up already"),
        (["--au", "made-up"], "measured by made-up and made-up already"),
        (["glow-arith", "--au", "other"], "no stored run of 'glow-arith'.*there: copy-source"),
        (["-b", "london", "--au", "other", "--data", "."], "no stored run of london-64"),
    ],
)
def test_what_is_missing_names_the_command(runs: Path, words: list[str], message: str) -> None:
    with pytest.raises(BenchError) as error:
        as_json(*words, "--out", runs)
    assert re.search(message, str(error.value))


def test_help_has_examples() -> None:
    text = " ".join(bench_("second-opinion", "--help").split())
    assert "Examples" in text
    assert "bench second-opinion --embedder mobilefacenet --au mediapipe" in text
