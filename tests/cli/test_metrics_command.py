"""``bench metrics``, ``bench list metrics`` and ``bench reconstruct`` as a user types them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench import api
from bench.analysis.score_cards import metric_cards
from bench.cli import app
from bench.errors import BenchError


def bench(*words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def runs(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api.run(["pixel-arith"], api.Settings(out=out))
    return out


def as_json(*words: str | Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(bench(*words, "--json"))
    return values


def test_the_metrics_of_stored_runs(runs: Path) -> None:
    text = bench("metrics", "pixel-arith", "copy-source", "--runs", runs, "--per-au")
    assert "copy-source *" in text
    assert "au_delta_mae" in text
    assert "lip corner puller" in text
    values = as_json("metrics", "pixel-arith", "copy-source", "--runs", runs)
    assert [run["method"] for run in values["runs"]] == ["pixel-arith", "copy-source"]
    assert values["runs"][0]["alpha_protocol"] == "dev"
    copied = values["runs"][1]["metrics"]
    assert copied["au_mae"]["value"] == 0.0
    assert "no threshold" in copied["aucon"]["absent"]
    assert copied["identity_retention"]["value"] == pytest.approx(0.0, abs=0.05)
    assert set(copied) == {card.name for card in metric_cards()} - {"id_eer"}


def test_without_a_name_all_runs_are_shown(runs: Path) -> None:
    methods = {run["method"] for run in as_json("metrics", "--runs", runs)["runs"]}
    assert methods == {"pixel-arith", *api.ANCHORS}


def test_a_fixed_alpha(runs: Path) -> None:
    run = as_json("metrics", "pixel-arith", "--alpha", "0.5", "--runs", runs)["runs"][0]
    assert (run["alpha"], run["alpha_protocol"]) == (0.5, "fixed")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["glow-arith"], "no run of 'glow-arith' on test.*bench run glow-arith --benchmark synth"),
        (["pixel-arith", "--alpha", "0.4"], "alpha 0.4 .*bench run pixel-arith --alpha 0.4"),
        (["--benchmark", "london"], "no runs of 'london'"),
    ],
)
def test_what_is_not_stored_names_the_command(runs: Path, words: list[str], message: str) -> None:
    with pytest.raises(BenchError) as error:
        bench("metrics", *words, "--runs", runs)
    assert re.search(message, str(error.value))


def test_no_runs_at_all(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="bench run glow-arith"):
        bench("metrics", "--runs", tmp_path)


def test_the_list_of_metrics_and_a_card() -> None:
    text = bench("list", "metrics")
    for card in metric_cards():
        assert card.name in text
    rows = as_json("list", "metrics")["rows"]
    assert [row["name"] for row in rows] == [card.name for card in metric_cards()]
    card = as_json("list", "metrics", "psnr")["card"]
    assert (card["unit"], card["direction"], card["best"]) == ("dB", "up", "infinite")
    assert "TalkingGaussian" in bench("list", "metrics", "aue_sum_mse_upper")
    with pytest.raises(BenchError, match="did you mean 'lmk_nme'"):
        bench("list", "metrics", "lmk_nm")


def test_reconstruct(embedded: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    text = bench("reconstruct", "pixel-arith", "--limit", "12", "--pictures", sheet)
    assert "12 images of" in text
    assert sheet.is_file()
    method = as_json("reconstruct", "pixel-arith", "--limit", "12")["methods"][0]
    assert method["metrics"]["au_mae"]["value"] == 0.0
    assert method["metrics"]["id_dist"]["images"] == 12
    with pytest.raises(BenchError, match="does not reconstruct"):
        bench("reconstruct", "target-neutral")


@pytest.mark.parametrize("words", [["metrics"], ["list", "metrics"], ["reconstruct"]], ids=" ".join)
def test_help_has_examples(words: list[str]) -> None:
    text = bench(*words, "--help")
    assert f"bench {' '.join(words)}" in " ".join(text.split())
    assert "Examples" in text


def test_every_metric_is_on_the_page() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text()
    for card in metric_cards():
        assert f"`{card.name}`" in page, card.name
