"""Real data and weights, found beside the checkout and never committed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real photographs and evaluator weights; skips where it is absent.

    With ``BENCH_REQUIRE_SHARED=1``, as in continuous integration, its absence is a failure.
    """
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        reason = f"needs real data and weights in {folder}"
        if os.environ.get("BENCH_REQUIRE_SHARED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def london_data(shared: Path) -> Path:
    """Photographs of 102 people, neutral and smiling (CC BY 4.0)."""
    return shared / "data" / "london"


@pytest.fixture(scope="session")
def weights_dir(shared: Path) -> Path:
    """MobileFaceNet.onnx and face_landmarker.task (Apache-2.0)."""
    return shared / "weights"
