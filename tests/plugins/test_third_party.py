"""A package of somebody else, installed by pip: found, checked and run by its entry points."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent


def pip_install(package: Path, target: Path) -> None:
    """Installs a package and nothing that it depends on, without a network where that can be."""
    try:
        builds = int(version("setuptools").split(".")[0]) >= 71 or find_spec("wheel") is not None
    except PackageNotFoundError:
        builds = False
    offline = ["--no-index", "--no-build-isolation"] if builds else []
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *offline]
    subprocess.run([*command, "--target", str(target), str(package)], check=True, timeout=300)


def bench(site: Path, folder: Path, *words: str) -> tuple[int, Any]:
    """The exit status and the JSON of a command that sees what is installed in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    environment.pop("BENCH_DATA", None)
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--json"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the package is installed."""
    folder = tmp_path_factory.mktemp("third-party")
    # A copy, since setuptools builds where the sources are.
    package = shutil.copytree(HERE / "third_party", folder / "package")
    pip_install(package, folder / "site")
    return folder / "site"


def test_it_is_listed_with_its_package_and_its_parameters(site, tmp_path):
    _, listed = bench(site, tmp_path, "list", "methods")
    rows = {row["name"]: row for row in listed["rows"]}
    assert rows["mouth-swap"]["kind"] == "method"
    assert rows["mouth-swap"]["origin"] == "third-party-faces 2.1"
    edge, top = (rows["mouth-swap"]["parameters"][name] for name in ("edge", "top"))
    assert (edge["choices"], edge["default"]) == (["hard", "soft"], "soft")
    assert (top["type"], top["low"], top["high"]) == ("float", 0.5, 0.9)
    assert rows["needs-the-moon"]["kind"] == "failed"
    assert "no_such_module" in rows["needs-the-moon"]["description"]
    assert rows["glow-arith"]["kind"] == "method"


@pytest.mark.slow
def test_all_of_it_passes_its_checks(site, tmp_path):
    for words in (
        ["mouth-swap", "--param", "edge=hard"],
        ["--embedder", "third-party-eyes"],
        ["--au", "third-party-units"],
    ):
        status, report = bench(site, tmp_path, "check", *words)
        assert status == 0, report
        assert report["passed"]
    status, report = bench(site, tmp_path, "check", "needs-the-moon")
    assert status == 1
    assert [c["check"] for c in report["checks"] if c["status"] == "failed"] == ["loads"]


@pytest.mark.slow
def test_it_is_run_with_its_own_instruments(site, tmp_path):
    words = ["run", "mouth-swap", "--param", "top=0.7", "--limit", "4", "--alpha", "1"]
    eyes = ["--embedder", "third-party-eyes", "--au", "third-party-units"]
    status, board = bench(site, tmp_path, *words, *eyes)
    assert status == 0, board
    rows = {row["method"]: row for row in board["rows"]}
    assert rows["mouth-swap"]["coverage"] == 1.0
    assert rows["mouth-swap"]["pairs"] == 4
    infos = [json.loads(p.read_text()) for p in tmp_path.glob("runs/*/mouth-swap-*/run.json")]
    assert [info["method"]["origin"] for info in infos] == ["third-party-faces 2.1"]


def test_a_wrong_parameter_is_refused_with_the_choices(site, tmp_path):
    status, error = bench(site, tmp_path, "run", "mouth-swap", "--param", "edge=sof")
    assert status == 1
    assert "no edge='sof'; did you mean 'soft'? (one of hard, soft; default soft)" in error
