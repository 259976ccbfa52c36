"""``bench cache``: what is kept, and its removal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.run.cache import ArrayCache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "[cache]"))
    monkeypatch.delenv("BENCH_CACHE_SIZE", raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    return tmp_path / "[cache]"


def bench(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.stdout


def fill(folder: Path) -> int:
    """Three entries; the bytes that they take."""
    cache = ArrayCache(folder)
    for kind, number in (("codes", 1), ("codes", 2), ("features", 1)):
        cache.put(kind, f"{number:064x}", {"value": np.zeros(1000)})
    cache.flush()
    return sum(one.bytes for one in cache.use().values())


def test_info_of_a_cache_that_is_not_there(folder: Path) -> None:
    assert bench("cache", "info").splitlines() == [
        f"folder  {folder}", "limit   4.0 GiB", "used    0 bytes",
    ]  # fmt: skip
    assert not folder.exists()


def test_info(folder: Path) -> None:
    size = fill(folder)
    lines = bench("cache", "info").splitlines()
    assert lines[0] == f"folder  {folder}"
    assert lines[2] == f"used    {size / 1024:.1f} KiB"
    assert lines[3].startswith("codes   2 entries, ")
    assert lines[4].startswith("features 1 entries, ")
    told = json.loads(bench("cache", "info", "--json"))
    assert told["schema_version"] == 1
    assert (told["folder"], told["bytes"]) == (str(folder), size)
    assert told["limit_bytes"] == 4 << 30
    assert {kind: one["entries"] for kind, one in told["kinds"].items()} == {
        "codes": 2, "features": 1,
    }  # fmt: skip
    assert sum(one["bytes"] for one in told["kinds"].values()) == size


def test_clear(folder: Path) -> None:
    size = fill(folder)
    told = json.loads(bench("cache", "clear", "--json"))
    assert told == {
        "schema_version": 1, "folder": str(folder), "removed": {"entries": 3, "bytes": size},
    }  # fmt: skip
    assert f"removed 0 entries, 0 bytes, from {folder}" in bench("cache", "clear")
    assert json.loads(bench("cache", "info", "--json"))["kinds"] == {}


def test_a_limit_of_0_and_one_that_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_CACHE_SIZE", "0")
    assert "nothing is kept" in bench("cache", "info")
    monkeypatch.setenv("BENCH_CACHE_SIZE", "much")
    result = CliRunner().invoke(app, ["cache", "info"])
    assert result.exit_code != 0
    assert "$BENCH_CACHE_SIZE is no size" in str(result.exception) + result.output
