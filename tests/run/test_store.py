"""Runs on disk: whole parts, honest errors, names that cannot leave the folder."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.errors import BenchError
from bench.run import files
from bench.run.store import RunFolder, list_runs
from bench.run.timings import Timings

AUS = ("AU01", "AU12")
INFO = {
    "method": {"name": "m", "is_anchor": False, "has_alpha": True},
    "action_units": list(AUS),
    "identity": {"hash": "0" * 8, "parts": {"parameters": {}}},
    "benchmark": "synthfaces-64",
    "created": "2026-01-01T00:00:00+00:00",
}

REFERENCE = {
    "identity": "t", "sample": "neutral", "expression": "neutral", "part": "test",
    "is_reference": True, "is_neutral": True, "outcome": "ok", "niqe": 4.0,
    "AU01": 0.0, "AU12": 0.0, "embedding": [1.0, 0.0],
}  # fmt: skip


def row(source: str, alpha: float | None, outcome: str = "ok") -> dict[str, Any]:
    values: dict[str, Any] = {"niqe": 4.5, "AU01": 0.25, "AU12": 0.5, "embedding": [0.6, 0.8]}
    return {
        "part": "test", "source": source, "sample": "smiling", "target": "t", "kind": "cross",
        "alpha": alpha, "outcome": outcome, "detail": "", **(values if outcome == "ok" else {}),
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "m-00000000")
    run.write_info(INFO)
    run.write_references("test", [REFERENCE], AUS)
    return run


def test_rows_come_back_as_written(folder: RunFolder) -> None:
    folder.write_rows(
        [row("b", 0.5), row("b", 1.0, "method_error")], AUS, Timings(2, 1.0, 0.5, 9.0)
    )
    folder.write_rows([row("a", None)], AUS, Timings(1, 1.0, 0.25, 7.0))
    run = RunFolder(folder.folder).read()
    assert list(run.scores["source"]) == ["a", "b", "b"]
    assert list(run.scores["outcome"]) == ["ok", "ok", "method_error"]
    assert run.scores["AU12"].isna().tolist() == [False, False, True]
    assert run.scores["embedding"][2] is None
    np.testing.assert_allclose(run.scores["embedding"][0], [0.6, 0.8], rtol=1e-6)
    assert run.timings == Timings(3, 2.0, 0.75, 9.0)
    assert run.timings.images_per_second == 1.5


def test_what_only_some_rows_hold_is_null_in_the_others(folder: RunFolder) -> None:
    folder.write_rows([row("a", 0.5), {**row("b", 0.5), "psnr": 31.5}], AUS, Timings(2))
    folder.write_rows([{**row("c", 0.5), "landmarks": [0.25, 0.5]}], AUS, Timings(1))
    scores = folder.read().scores
    assert scores["psnr"].isna().tolist() == [True, False, True]
    assert scores["psnr"][1] == 31.5
    np.testing.assert_array_equal(scores["landmarks"][2], [0.25, 0.5])


def test_the_same_rows_are_stored_once(folder: RunFolder) -> None:
    for _ in range(2):
        folder.write_rows([row("a", 0.5)], AUS, Timings(1))
    assert len(folder.read().scores) == 1
    assert folder.stored_keys("test") == {("a/smiling>t", 0.5)}
    assert folder.stored_keys("dev") == set()


def test_a_damaged_part_is_named_when_read_and_computed_again(folder: RunFolder) -> None:
    folder.write_rows([row("a", 0.5)], AUS, Timings(1))
    folder.write_rows([row("b", 0.5)], AUS, Timings(1))
    part = sorted((folder.folder / "scores").iterdir())[0]
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(BenchError, match=part.name):
        folder.read()
    assert len(folder.stored_keys("test")) == 1
    assert not part.exists()


def poison(path: Path) -> None:
    """Leaves the footer of a Parquet file and makes everything else unreadable."""
    content = path.read_bytes()
    footer = 8 + int.from_bytes(content[-8:-4], "little")
    path.write_bytes(b"PAR1" + b"\xff" * (len(content) - footer - 4) + content[-footer:])


def test_reading_one_part_opens_nothing_of_the_other(folder: RunFolder) -> None:
    folder.write_rows([{**row("a", 0.5), "part": "dev"}], AUS, Timings(1, 1.0))
    folder.write_rows([row("b", 0.5), row("b", 1.0)], AUS, Timings(2, 4.0))
    folder.write_references("dev", [{**REFERENCE, "part": "dev"}], AUS)
    for path in folder.folder.glob("*/*.parquet"):
        if path.name.startswith("test-"):
            path.write_bytes(b"unreadable")
        elif len(pq.read_table(path)) == 2:
            poison(path)
            sealed = path
    run = folder.read("dev")
    assert run.scores["source"].tolist() == ["a"]
    assert set(run.references["part"]) == {"dev"}
    assert run.timings == Timings(1, 1.0)
    assert folder.timings() == Timings(3, 5.0)
    for part in ("test", None):
        with pytest.raises(BenchError, match="is damaged"):
            folder.read(part)
    assert folder.stored_keys("dev") == {("a/smiling>t", 0.5)}
    assert sealed.exists()


def test_a_part_without_rows_says_so(folder: RunFolder) -> None:
    folder.write_rows([row("a", 0.5)], AUS, Timings(1))
    with pytest.raises(BenchError, match="no results on the dev part yet"):
        folder.read("dev")


def test_refined_rows_lie_apart_and_share_the_rest(folder: RunFolder) -> None:
    folder.write_rows([row("a", 0.5)], AUS, Timings(1))
    folder.refined().write_rows([row("a", 0.55), row("a", 0.56)], AUS, Timings(2))
    assert folder.read().scores["alpha"].tolist() == [0.5]
    assert folder.timings() == Timings(1)
    refined = folder.refined().read()
    assert refined.scores["alpha"].tolist() == [0.55, 0.56]
    assert len(refined.references) == 1
    assert refined.run_id == folder.folder.name
    assert len(list_runs(folder.folder.parents[1], folder.folder.parent.name)) == 1


def test_another_schema_version_is_refused(folder: RunFolder) -> None:
    path = folder.folder / "run.json"
    path.write_text(json.dumps({**INFO, "schema_version": 99}))
    with pytest.raises(BenchError, match="schema version 99"):
        RunFolder(folder.folder)
    path.write_text("{")
    with pytest.raises(BenchError, match=r"run\.json"):
        RunFolder(folder.folder)


@pytest.mark.parametrize(
    ("code", "word"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "not writable")]
)
def test_a_disk_that_refuses_is_one_clear_error_and_leaves_no_part(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, code: int, word: str
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, "fsync", refuse)
    with pytest.raises(BenchError, match=word):
        folder.write_rows([row("a", 0.5)], AUS, Timings(1))
    assert list((folder.folder / "scores").iterdir()) == []


def test_a_run_without_rows_says_so(folder: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no results yet"):
        folder.read()
    with pytest.raises(BenchError, match="no run in"):
        RunFolder(tmp_path / "other").read()


def test_the_speed_is_that_of_chunks_made_with_nothing_beside(folder: RunFolder) -> None:
    beside = Timings(10, 5.0, 1.0, 9.0)
    alone = Timings(10, 2.0, 1.0, 9.0, alone_images=10, alone_seconds=2.0)
    assert beside.images_per_second == 2.0
    assert (beside + alone).images_per_second == 5.0
    folder.write_rows([row("a", 0.5)], AUS, alone)
    assert RunFolder(folder.folder).timings() == alone


def test_timings_of_earlier_versions_were_all_taken_alone(folder: RunFolder) -> None:
    folder.write_rows([row("a", 0.5)], AUS, Timings())
    path = folder.folder / "timings.jsonl"
    noted = json.loads(path.read_text(encoding="utf-8"))
    older = {"rows": noted["rows"], "images": 4, "method_seconds": 2.0, "instrument_seconds": 1.0}
    path.write_text(json.dumps({**older, "peak_memory_mib": 9.0}) + "\n", encoding="utf-8")
    assert RunFolder(folder.folder).timings() == Timings(4, 2.0, 1.0, 9.0, 4, 2.0)
