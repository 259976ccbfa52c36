"""``--max-memory``: fewer images at once, or one clear line; and never more than was said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.remembered import Memory
from bench.run import memory as module
from bench.run.memory import MemoryLimit

LOADED = 300.0


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Callable[[MemoryLimit, int, float], list[int]]:
    """Has items worked on, each of which takes so many MiB at once; the sizes of the groups."""
    peak = LOADED
    monkeypatch.setattr(module, "resident_mib", lambda: LOADED)
    monkeypatch.setattr(module, "peak_mib", lambda: peak)
    monkeypatch.setattr(module, "_forget_peak", lambda: None)

    def work(limit: MemoryLimit, items: int, each: float) -> list[int]:
        nonlocal peak
        sizes = []
        for group in limit.groups(list(range(items))):
            sizes.append(len(group))
            peak = LOADED + each * len(group)
        assert sum(sizes) == items
        return sizes

    return work


def test_it_begins_with_one_and_doubles_as_long_as_there_is_room(taking) -> None:
    limit = MemoryLimit(500.0, Memory())
    limit.begin()
    # Sixteen would take 460 MiB and fit, thirty-two would not.
    assert taking(limit, 63, 10.0) == [1, 2, 4, 8, 16, 16, 16]
    assert limit.peak_mib == 460.0
    assert limit.images == 16


def test_it_makes_fewer_where_images_take_more_than_before(taking) -> None:
    limit = MemoryLimit(500.0, Memory())
    assert taking(limit, 15, 1.0) == [1, 2, 4, 8]
    assert taking(limit, 31, 30.0) == [16, 4, 4, 4, 3]
    assert taking(limit, 8, 30.0) == [4, 4]


def test_an_image_that_takes_too_much_is_told_with_what_to_type(taking) -> None:
    limit = MemoryLimit(500.0, Memory())
    with pytest.raises(BenchError, match="one image at a time takes 600 MiB") as told:
        taking(limit, 2, 300.0)
    assert told.value.hint == "--max-memory 750 or more for each worker"


def test_what_is_loaded_must_leave_room(taking) -> None:
    MemoryLimit(LOADED + 40, Memory()).begin()
    with pytest.raises(BenchError, match="takes 300 MiB before the first image") as told:
        MemoryLimit(LOADED + 20, Memory()).begin()
    assert "--max-memory 428" in str(told.value.hint)


def test_what_loading_took_counts(taking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "peak_mib", lambda: LOADED + 200)
    with pytest.raises(BenchError, match="takes 500 MiB before the first image"):
        MemoryLimit(LOADED + 100, Memory()).begin()


def test_what_is_remembered_is_made_to_fit(taking) -> None:
    remembered = Memory()
    remembered.put(("owner", "key"), "value", 100 << 20)
    MemoryLimit(LOADED + 100, remembered).begin()
    # Of the 100 MiB of room and of the 100 that were remembered, a quarter.
    assert remembered.limit == pytest.approx(50 << 20, abs=1000)
    assert remembered.bytes == 0
    unlimited = Memory()
    MemoryLimit(1e6, unlimited).begin()
    assert unlimited.limit == module.DEFAULT_BYTES


COMMAND = """
import json, sys
from pathlib import Path
from glow.comparison.memory import peak_mib
from bench.run import memory

# The peak is forgotten at times, so that it can be seen what a step takes: the largest of all.
peaks, images, forget = [], [], memory._forget_peak
memory._forget_peak = lambda: (peaks.append(peak_mib()), forget())
adapt = memory.MemoryLimit._adapt
def adapted(self, count, *rest):
    images.append(count)
    adapt(self, count, *rest)
memory.MemoryLimit._adapt = adapted
import atexit
told = sys.argv.pop()
def tell():
    Path(told).write_text(json.dumps({"peak": max([*peaks, peak_mib()]), "images": images}))
atexit.register(tell)
sys.argv[0] = "bench"
from bench.__main__ import main
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the system tells the peak of a step on Linux")
def test_a_command_takes_no_more_than_it_may(tmp_path: Path) -> None:
    def run(name: str, *more: str) -> tuple[subprocess.CompletedProcess[str], dict[str, object]]:
        words = ["run", "glow-arith", "--limit", "6", "--alphas", "0,0.5,1", "--no-cache", "--json"]
        told = tmp_path / f"{name}.json"
        result = subprocess.run(
            [sys.executable, "-c", COMMAND, *words, "--out", tmp_path / name, *more, told],
            capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        return result, json.loads(told.read_text())

    result, free = run("free")
    assert result.returncode == 0, result.stderr
    assert free["images"] == []
    result, _ = run("tight", "--max-memory", "1")
    assert result.returncode == 1
    assert "before the first image" in result.stderr
    assert "Traceback" not in result.stderr
    # What the line says is typed until it is enough: libraries that are loaded later count, too.
    for _ in range(4):
        most = float(result.stderr.split("--max-memory ")[-1].split()[0])
        result, small = run("small", "--max-memory", f"{most:.0f}")
        if result.returncode == 0:
            break
    assert result.returncode == 0, result.stderr
    assert float(str(small["peak"])) <= most
    assert max(small["images"]) > 1  # type: ignore[call-overload]
    assert {path.name for path in (tmp_path / "small").rglob("*.parquet")} == {
        path.name for path in (tmp_path / "free").rglob("*.parquet")
    }
