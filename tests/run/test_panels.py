from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.errors import BenchError
from bench.run.panels import panel_path, read_panels, write_panel


def panel(embedder: str, value: float = 0.0) -> dict[str, Any]:
    return {"measured_with": {"instruments": {"embedder": {"name": embedder}}}, "value": value}


def test_a_panel_comes_back_and_a_folder_without_has_none(tmp_path: Path) -> None:
    assert read_panels(tmp_path, "faces-64") == []
    assert write_panel(tmp_path, "faces-64", panel("a")) == panel_path(tmp_path, "faces-64")
    assert read_panels(tmp_path, "faces-64") == [panel("a")]
    assert read_panels(tmp_path, "faces-128") == []


def test_the_same_instruments_replace_and_others_stay(tmp_path: Path) -> None:
    for one in (panel("a", 1.0), panel("b", 2.0), panel("a", 3.0)):
        write_panel(tmp_path, "faces-64", one)
    assert read_panels(tmp_path, "faces-64") == [panel("b", 2.0), panel("a", 3.0)]


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", '{"schema_version": 1}', '{"schema_version": 1, "panels": [1]}',
        '{"schema_version": 1, "panels": [{}]}', '{"schema_version": 1, "panels": 3}', "\xff",
        '{"schema_version": 1, "panels": [{"measured_with": null}]}',
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_and_never_overwritten(tmp_path: Path, content: str) -> None:
    path = panel_path(tmp_path, "faces-64")
    path.parent.mkdir()
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(BenchError, match=f"{path} is damaged.*bench check-instruments faces-64"):
        read_panels(tmp_path, "faces-64")
    with pytest.raises(BenchError, match="is damaged"):
        write_panel(tmp_path, "faces-64", panel("a"))
    assert path.read_bytes() == content.encode("latin-1")


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    path = write_panel(tmp_path, "faces-64", panel("a"))
    path.write_text(json.dumps({"schema_version": 2, "panels": [panel("a")]}), encoding="utf-8")
    with pytest.raises(BenchError, match="schema version 2, this is 1"):
        read_panels(tmp_path, "faces-64")
