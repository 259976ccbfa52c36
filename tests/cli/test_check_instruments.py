"""``bench check-instruments`` on the drawn faces that ship with the package, and on photographs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from metrics.synth_network import FaceNetwork, NetworkConfig
from metrics.synth_weights import InstrumentHeader, save_instrument


def bench(
    *arguments: str | Path, runs: Path, command: str = "check-instruments"
) -> subprocess.CompletedProcess[str]:
    option = "--runs" if command == "report" else "--out"
    return subprocess.run(
        [sys.executable, "-m", "bench", command, *map(str, arguments), option, str(runs)],
        capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weights that have learned nothing."""
    folder = tmp_path_factory.mktemp("untrained")
    paths = {}
    for kind, units in (("embedder", ()), ("au_estimator", ("AU01", "AU12"))):
        config = NetworkConfig(len(units) + 1 if units else 8, 64, (4, 4))
        paths[kind] = folder / f"{kind}.safetensors"
        header = InstrumentHeader(kind, config, units)  # type: ignore[arg-type]
        save_instrument(FaceNetwork(config), header, paths[kind])
    return paths


@pytest.mark.slow
def test_instruments_that_know_nothing_miss_their_limits(
    untrained: dict[str, Path], tmp_path: Path
) -> None:
    result = bench(
        "synthfaces", "--embedder", untrained["embedder"], "--au", untrained["au_estimator"],
        "--json", runs=tmp_path,
    )  # fmt: skip
    assert result.returncode == 1, result.stderr
    found = json.loads(result.stdout)
    assert found["passed"] is False
    assert {"AU01", "AU12", "EER on both"} <= set(found["missed"])
    assert [unit["action_unit"] for unit in found["units"]] == ["AU01", "AU12"]
    assert len(found["unread"]) == 16
    assert {row["part"]: row["images"] for row in found["verification"]} == {
        "dev": 512, "test": 768, "both": 1280,
    }  # fmt: skip


@pytest.fixture(scope="module")
def checked(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The instruments of the package, checked as a user does it first."""
    runs = tmp_path_factory.mktemp("runs")
    return runs, bench("synthfaces", "--method-resolution", "32", runs=runs)


@pytest.mark.slow
def test_the_instruments_of_the_package_keep_every_limit(
    checked: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, result = checked
    assert result.returncode == 0, result.stdout + result.stderr
    assert "All limits are kept." in result.stdout
    assert "lip corner puller" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.slow
def test_the_floor_is_stored_and_printed(
    checked: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    runs, result = checked
    (panel,) = json.loads((runs / "synthfaces-64" / "instruments.json").read_text())["panels"]
    assert (panel["part"], panel["images"], panel["coverage"]) == ("dev", 512, 1.0)
    assert len(panel["readings"]) == 7
    for reading in panel["readings"]:
        assert 0.0 < reading["identity_mean"] < reading["identity_rms"] < 0.5
        assert 0.0 < reading["au_rms"] < 0.5
        assert reading["coverage"] > 0.99
        assert f"{reading['identity_rms']:.3f}" in result.stdout
    floor = panel["floor"]
    assert 0.0 < floor["expression_skill"] < 0.1
    assert 0.0 < floor["identity_retention"] < 0.1
    # A board's number repeats better than what is read from one image.
    assert floor["expression_skill"] < floor["one_image"]["action_units"]


@pytest.mark.slow
def test_photographs_are_checked_for_people_and_repeatability(
    london_data: Path, weights_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_WEIGHTS", str(weights_dir))
    result = bench("london", "--data", london_data, runs=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "no known Action Units" in result.stdout
    assert "All limits are kept." in result.stdout
    assert "Readings of 122 dev images, perturbed" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert (tmp_path / "london-64" / "instruments.json").is_file()


def test_what_is_missing_is_one_line(untrained: dict[str, Path], tmp_path: Path) -> None:
    result = bench(
        "synthfaces", "--embedder", untrained["embedder"], "--au", "absent.safetensors",
        runs=tmp_path,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stdout == ""
    assert "error: no AU estimator weights at absent.safetensors" in result.stderr


def test_a_damaged_panel_is_named_before_the_work(tmp_path: Path) -> None:
    path = tmp_path / "synthfaces-64" / "instruments.json"
    path.parent.mkdir()
    path.write_text("{", encoding="utf-8")
    result = bench("synthfaces", runs=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert f"error: {path} is damaged" in result.stderr
    assert path.read_text(encoding="utf-8") == "{"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method-resolution", "64"], "cannot be reduced to 64"),
        (["--method-resolution", "no"], "--method-resolution"),
        (["--part", "both"], "--part"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    result = bench("synthfaces", *arguments, runs=tmp_path)
    assert result.returncode != 0
    assert message in result.stderr
    assert not (tmp_path / "synthfaces-64").exists()


@pytest.mark.slow
def test_a_report_has_the_floor_of_its_own_instruments_only(
    checked: tuple[Path, subprocess.CompletedProcess[str]], untrained: dict[str, Path]
) -> None:
    runs, _ = checked
    made = bench("pixel-arith", "--limit", "6", "--alphas", "0.5,1", runs=runs, command="run")
    assert made.returncode == 0, made.stderr
    text = bench(runs=runs, command="report").stdout
    assert "Difference to the row above" in text
    assert "on 512 dev images" in " ".join(text.split())
    assert "(0.000)" in text
    assert max(map(len, text.splitlines())) <= 80
    made = bench(
        "pixel-arith", "--limit", "6", "--alphas", "0.5,1", "--embedder", untrained["embedder"],
        runs=runs, command="run",
    )  # fmt: skip
    assert "Difference to the row above" not in made.stdout
    assert "belongs to other data or instruments" in " ".join(made.stdout.split())
