from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from glow.comparison import memory

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@LINUX
def test_the_peak_stays_after_memory_is_given_back() -> None:
    before = memory.peak_mib()
    block = bytearray(64 * 2**20)
    held = memory.resident_mib()
    del block
    assert memory.peak_mib() >= max(before, held - 1.0)
    assert memory.resident_mib() < held - 50.0


@LINUX
def test_a_child_does_not_inherit_the_peak_of_its_parent() -> None:
    code = "from glow.comparison.memory import peak_mib; print(peak_mib())"
    script = (
        "import subprocess, sys; block = bytearray(1500 * 2**20);"
        f"subprocess.run([sys.executable, '-c', {code!r}], check=True)"
    )
    child = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert float(child.stdout) < 1000.0


def test_where_there_is_no_proc_the_resource_module_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "none")
    monkeypatch.setattr(memory, "_MACHINE", tmp_path / "none")
    assert memory.peak_mib() > 10.0
    assert memory.resident_mib() == memory.peak_mib()
    assert memory.available_mib() is None
