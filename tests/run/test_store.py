"""Runs on disk: whole parts, honest errors, names that cannot leave the folder."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.data.split import Pair
from bench.errors import BenchError
from bench.run import store
from bench.run.store import RunFolder, Timings

AUS = ("AU01", "AU12")
INFO = {
    "method": {"name": "m", "is_anchor": False, "has_alpha": True},
    "action_units": list(AUS),
    "identity": {"hash": "0" * 8, "parts": {}},
}


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
    reference = {
        "identity": "t", "sample": "neutral", "expression": "neutral", "part": "test",
        "is_reference": True, "is_neutral": True, "outcome": "ok", "niqe": 4.0,
        "AU01": 0.0, "AU12": 0.0, "embedding": [1.0, 0.0],
    }  # fmt: skip
    run.write_references("test", [reference], AUS)
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

    monkeypatch.setattr(store.os, "fsync", refuse)
    with pytest.raises(BenchError, match=word):
        folder.write_rows([row("a", 0.5)], AUS, Timings(1))
    assert list((folder.folder / "scores").iterdir()) == []


def test_image_paths_stay_in_the_folder_and_apart(folder: RunFolder) -> None:
    names = ["a", "../../a", "a b", "a/b", ".", "..", "é", "a\0b"]
    paths = {folder.image_path(Pair("test", x, "s", y), "0.500") for x in names for y in names}
    assert len(paths) == len(names) ** 2
    for path in paths:
        assert path.resolve().parent.parent == (folder.folder / "images" / "test").resolve()


def test_a_run_without_rows_says_so(folder: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no results yet"):
        folder.read()
    with pytest.raises(BenchError, match="no run in"):
        RunFolder(tmp_path / "other").read()
