"""Real data and weights, found beside the checkout and never committed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

STRICT = os.environ.get("BENCH_REQUIRE_SHARED") == "1"
"""Set in continuous integration, where everything is at hand: a skipped test is a failure."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real photographs and evaluator weights; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"needs real data and weights in {folder}")
    return folder


@pytest.fixture(scope="session")
def london_data(shared: Path) -> Path:
    """Photographs of 102 people, neutral and smiling (CC BY 4.0)."""
    return shared / "data" / "london"


@pytest.fixture(scope="session")
def weights_dir(shared: Path) -> Path:
    """MobileFaceNet.onnx and face_landmarker.task (Apache-2.0), with the packages to run them."""
    for package in ("mediapipe", "onnxruntime"):
        pytest.importorskip(package, reason=f"needs {package}: pip install -e '.[mediapipe,onnx]'")
    return shared / "weights"


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if STRICT and skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} skipped, but BENCH_REQUIRE_SHARED=1", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
