"""A file that is no table is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.data.manifest import read_manifest
from bench.data.split import load_split
from bench.data.tables import read_rows
from bench.errors import BenchError


@pytest.mark.parametrize("read", [read_rows, read_manifest, load_split])
@pytest.mark.parametrize("content", [b"\xff\xfe\x00p", b'a,"' + b"x" * 200_000])
def test_what_is_no_text_or_no_csv_is_named(tmp_path: Path, read, content: bytes) -> None:
    path = tmp_path / "v1.csv"
    path.write_bytes(content)
    with pytest.raises(BenchError, match=r"v1\.csv"):
        read(path)


def test_quoted_values_and_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,"b,c"\n')
    assert read_rows(path) == [["a", "b,c"]]
    path.write_text("")
    assert read_rows(path) == []
