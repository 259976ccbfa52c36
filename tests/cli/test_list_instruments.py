"""``bench list embedders`` and ``bench list au``, and instruments of another package."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from metrics.plugin import InstrumentPlugin

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "add-an-instrument.md"


def code_of_the_guide(language: str) -> str:
    """The block of code in that language in the guide for authors."""
    (block,) = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    return str(block)


def bench(*arguments: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80"}
    environment.pop("BENCH_DATA", None)
    if path:
        environment["PYTHONPATH"] = str(path)
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=300, env=environment,
    )  # fmt: skip


@pytest.fixture
def third_party(tmp_path: Path) -> Path:
    """A folder with the package of the guide installed, and an entry point that leads nowhere."""
    folder = tmp_path / "site-packages"
    information = folder / "third_party-2.5.dist-info"
    information.mkdir(parents=True)
    (folder / "brightness.py").write_text(code_of_the_guide("python"))
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: third-party\nVersion: 2.5\n"
    )
    groups = tomllib.loads(code_of_the_guide("toml"))["project"]["entry-points"]
    groups["bench.au_estimators"]["lost"] = "brightness:LOST"
    lines = [
        line
        for group, points in groups.items()
        for line in [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    ]
    (information / "entry_points.txt").write_text("\n".join(lines))
    return folder


def test_the_instruments_of_another_package_are_listed(third_party: Path) -> None:
    embedders = json.loads(bench("list", "embedders", "--json", path=third_party).stdout)
    assert embedders["schema_version"] == 1
    rows = {row["name"]: row for row in embedders["rows"]}
    assert rows["brightness"] == {
        "name": "brightness", "ready": True, "problem": None, "remedy": None,
        "description": "mean brightness of sixteen squares", "scale": "L2 0..2",
        "licence": "CC0-1.0", "takes": "", "origin": "third-party 2.5",
    }  # fmt: skip
    result = bench("list", "au", path=third_party)
    assert result.returncode == 0, result.stderr
    table, *_ = result.stdout.split("\n\n")
    assert max(map(len, table.splitlines())) <= 80
    assert re.search(r"^brightness-au +yes +brightness 0\.\.1 +CC0-1\.0 +third-party", table, re.M)
    assert "lost: AttributeError" in result.stdout


def test_the_instruments_of_another_package_run(third_party: Path, tmp_path: Path) -> None:
    words = shlex.split(re.findall(r"^    bench (run .*)$", GUIDE.read_text(), re.MULTILINE)[0])
    words[words.index("--limit") + 1] = "6"
    result = bench(
        *words, "--alphas", "0,1", "--out", tmp_path / "runs", "--json", path=third_party
    )
    assert result.returncode == 0, result.stderr
    rows = {row["method"]: row for row in json.loads(result.stdout)["rows"]}
    assert rows["pixel-arith"]["coverage"] == 1.0
    assert rows["target-neutral"]["expression_skill"] == pytest.approx(0.0, abs=1e-6)
    stored = next((tmp_path / "runs").glob("*/pixel-arith-*/run.json"))
    run = json.loads(stored.read_text())
    assert run["action_units"] == ["AU12", "AU26"]
    assert run["instruments"]["embedder"]["name"] == "brightness"
    assert run["instruments"]["au_estimator"]["several_faces"] == "read as one face"


def test_the_guide_names_every_field_of_a_plugin() -> None:
    fields = {field.name for field in dataclasses.fields(InstrumentPlugin)}
    text = GUIDE.read_text()
    assert all(f"{field}=" in text or f"`{field}`" in text for field in fields)


def test_what_is_missing_is_said_with_the_command(tmp_path: Path) -> None:
    environment = {"BENCH_WEIGHTS": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        result = bench("list", "embedders")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert any(line.startswith("synth ") and " yes " in line for line in lines)
    assert any(line.startswith("facenet-vggface2 ") and " no " in line for line in lines)
    assert any(line.endswith("bench weights fetch facenet-vggface2") for line in lines)
    assert "With a file: " in result.stdout
    assert "arcface-onnx:FILE.onnx" in result.stdout or "pip install -e '.[onnx]'" in result.stdout


def test_weights_beside_the_data_count(london_data: Path, weights_dir: Path) -> None:
    rows = json.loads(bench("list", "au", "--data", london_data, "--json").stdout)["rows"]
    assert {row["name"]: row["ready"] for row in rows}["mediapipe"] is True
    shown = json.loads(
        bench("list", "embedders", "mobilefacenet", "--data", london_data, "--json").stdout
    )
    assert shown["card"]["weights_name"] == "MobileFaceNet.onnx"


def test_a_whole_card_is_printed() -> None:
    result = bench("list", "au", "synth")
    assert result.returncode == 0, result.stderr
    for words in ("scale", "intensity 0..5", "weights sha256", "several faces", "AU01, AU02"):
        assert words in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    card = json.loads(bench("list", "au", "synth", "--json").stdout)["card"]
    assert len(card["action_units"]) == 18
    assert card["kind"] == "au_estimator"


def test_an_unknown_name_comes_with_the_nearest() -> None:
    result = bench("list", "embedders", "mobilfacenet")
    assert result.returncode == 1
    assert "did you mean 'mobilefacenet'" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", ["embedders", "au"])
def test_each_command_explains_itself_with_an_example(command: str) -> None:
    result = bench("list", command, "--help")
    assert f"bench list {command}" in result.stdout
    assert "Example" in result.stdout
