"""``bench check-instruments`` on the drawn faces that ship with the package, and on photographs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from metrics.synth_network import FaceNetwork, NetworkConfig
from metrics.synth_weights import InstrumentHeader, save_instrument, shipped_weights


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", "check-instruments", *map(str, arguments)],
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


def test_instruments_that_know_nothing_miss_their_limits(untrained: dict[str, Path]) -> None:
    result = bench(
        "synthfaces", "--embedder", untrained["embedder"], "--au", untrained["au_estimator"],
        "--json",
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


@pytest.mark.skipif(
    not shipped_weights("synth-au").is_file(), reason="the instruments are not trained yet"
)
def test_the_instruments_of_the_package_keep_every_limit() -> None:
    result = bench()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "All limits are kept." in result.stdout
    assert "lip corner puller" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_photographs_are_checked_for_people_alone(
    london_data: Path, weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_WEIGHTS", str(weights_dir))
    result = bench("london", "--data", london_data)
    assert result.returncode == 0, result.stderr
    assert "no known Action Units" in result.stdout
    assert "All limits are kept." in result.stdout


def test_what_is_missing_is_one_line(untrained: dict[str, Path]) -> None:
    result = bench("synthfaces", "--embedder", untrained["embedder"], "--au", "absent.safetensors")
    assert result.returncode == 1
    assert result.stdout == ""
    assert "error: no AU estimator weights at absent.safetensors" in result.stderr
