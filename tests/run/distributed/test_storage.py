"""Folders of runs as text, and what a run's folder does where there is no file system."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.run.distributed.claim import claimed, is_claimed, sees_claim
from bench.run.distributed.storage import folder_of_runs
from bench.run.files import is_object_storage
from bench.run.lock import locked
from bench.run.store import RunFolder
from bench.run.timings import Timings

UNITS = ("AU01",)


def row(source: str) -> dict[str, Any]:
    return {
        "part": "test", "source": source, "sample": "smiling", "target": "t", "kind": "cross",
        "alpha": 0.5, "outcome": "ok", "detail": "", "niqe": 4.5, "AU01": 0.25,
        "embedding": [0.6, 0.8],
    }  # fmt: skip


@pytest.fixture
def memory(request: pytest.FixtureRequest) -> Path:
    """Object storage within this process."""
    pytest.importorskip("upath", reason="needs universal_pathlib: pip install -e '.[dask]'")
    name = "".join(filter(str.isalnum, request.node.name))
    return folder_of_runs(f"memory://{name}/m-00000000")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("runs", Path("runs")),
        (Path("runs"), Path("runs")),
        ("file:///shared/my%20runs", Path("/shared/my runs")),
        ("C:\\runs", Path("C:\\runs")),
        ("s3:/runs", Path("s3:/runs")),
    ],
)
def test_what_is_a_path_stays_one(text: str | Path, path: Path) -> None:
    assert folder_of_runs(text) == path
    assert not is_object_storage(folder_of_runs(text))


def test_an_address_keeps_what_it_says(memory: Path) -> None:
    assert is_object_storage(memory)
    assert str(memory).startswith("memory://")
    assert memory.name == "m-00000000"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense://bucket", "Unsupported filesystem"),
        ("file://shared/runs", "no absolute path"),
        ("s3://bucket/runs[1]", "it holds"),
    ],
)
def test_an_address_that_nothing_opens(text: str, problem: str) -> None:
    pytest.importorskip("upath")
    with pytest.raises(BenchError, match=problem):
        folder_of_runs(text)


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "upath", None)
    with pytest.raises(BenchError, match="s3://bucket/runs cannot be opened") as caught:
        folder_of_runs("s3://bucket/runs")
    assert "pip install 'expression-transfer-bench[dask]'" in (caught.value.hint or "")


def test_rows_are_stored_once_and_read_back(memory: Path) -> None:
    run = RunFolder(memory)
    for _ in range(2):
        run.write_rows([row("a")], UNITS, Timings(1, 1.0, 0.5, 9.0))
    run.write_rows([row("b")], UNITS, Timings(1, 1.0, 0.25, 7.0))
    assert RunFolder(memory).stored_keys("test") == {
        ("a/smiling>t", 0.5),
        ("b/smiling>t", 0.5),
    }
    assert RunFolder(memory).stored_keys("dev") == set()
    # Times are written when they are asked for, not at every chunk.
    assert not (memory / "timings.jsonl").exists()
    assert run.timings() == Timings(2, 2.0, 0.75, 9.0)
    run.write_rows([row("c")], UNITS, Timings(1))
    assert run.timings().images == 3
    assert RunFolder(memory).timings().images == 3


def test_a_damaged_object_is_named_and_removed(
    memory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(memory)
    run.write_rows([row("a")], UNITS, Timings(1))
    (part,) = run.parts()
    part.path.write_bytes(part.path.read_bytes()[:-9])
    assert run.stored_keys("test") == set()
    assert "is damaged" in capsys.readouterr().err
    assert not run.parts()


def test_object_storage_is_not_locked(memory: Path) -> None:
    with locked(memory), locked(memory):
        assert not (memory / "run.lock").exists()


@pytest.mark.parametrize("where", ["disk", "memory"])
def test_the_last_claim_counts(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = tmp_path if where == "disk" else request.getfixturevalue("memory")
    assert not is_claimed(folder, "nobody's")
    with claimed(folder) as first:
        assert sees_claim(folder, first, patience=0.0)
        with claimed(folder) as second:
            assert not is_claimed(folder, first)
            assert is_claimed(folder, second)
        assert not sees_claim(folder, second, patience=0.0)
    assert not list(folder.glob("*"))


@pytest.mark.parametrize("content", ["", "[]", '{"token": 3}', "{", '"x"'])
def test_a_claim_that_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "workers.json").write_text(content)
    assert not is_claimed(tmp_path, "mine")
