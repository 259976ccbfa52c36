"""The sentence that says how often the test part was read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.analysis.sealed import noted_reading
from bench.run.store import StoredRun
from bench.run.timings import Timings


def stored(
    run_id: str, *, part: str = "test", anchor: bool = False, **parameters: str
) -> StoredRun:
    info: dict[str, Any] = {
        "method": {"name": run_id.rpartition("-")[0], "is_anchor": anchor, "has_alpha": True},
        "identity": {"parts": {"parameters": parameters}},
    }
    scores = pd.DataFrame({"part": ["dev", part]})
    return StoredRun(Path(run_id), info, scores, scores, Timings())


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "toy-64").mkdir()
    return tmp_path


def test_one_sentence_counts_this_command_and_leaves_anchors_out(runs: Path) -> None:
    first, other = stored("glow-arith-00000001"), stored("mine-00000003")
    second = stored("glow-arith-00000002", precision="bf16")
    anchor = stored("copy-source-00000004", anchor=True)
    assert noted_reading(runs, "toy-64", [first, anchor]) == [
        "The test part has been read by 1 command with glow-arith (1 variant)."
    ]
    assert noted_reading(runs, "toy-64", [anchor, other, second, first]) == [
        "The test part has been read by 2 commands with glow-arith (2 variants), by 1 command "
        "with mine (1 variant)."
    ]
    # Who is not asked about is not named.
    assert noted_reading(runs, "toy-64", [other]) == [
        "The test part has been read by 2 commands with mine (1 variant)."
    ]
    assert "precision=bf16" in (runs / "toy-64" / "test-reads.jsonl").read_text()


def test_nothing_is_said_where_no_test_rows_were_read(runs: Path) -> None:
    assert noted_reading(runs, "toy-64", [stored("mine-00000003", part="dev")]) == []
    assert noted_reading(runs, "toy-64", [stored("copy-source-00000004", anchor=True)]) == []
    assert not list((runs / "toy-64").iterdir())


def test_a_folder_that_keeps_no_notes_is_no_error(tmp_path: Path) -> None:
    assert noted_reading(tmp_path, "nowhere-64", [stored("mine-00000003")]) == []
