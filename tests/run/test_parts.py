"""Files that say by their names what is in them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from bench.errors import BenchError
from bench.run.parts import (
    damaged_parts,
    encode_table,
    list_parts,
    part_name,
    read_table,
    rows_digest,
)

TABLE = pa.table({"part": ["dev"] * 50 + ["test"] * 50, "value": [float(i) for i in range(100)]})
ROWS = rows_digest(["a", "b"])


def store(folder: Path, table: pa.Table = TABLE, rows: str = ROWS) -> Path:
    content = encode_table(table)
    path = folder / part_name(f"part-{rows}", content)
    path.write_bytes(content)
    return path


def test_a_table_comes_back(tmp_path: Path) -> None:
    path = store(tmp_path)
    assert read_table(path).equals(TABLE)
    assert read_table(path, columns=["value"]).column_names == ["value"]
    assert read_table(path, without=["value"]).column_names == ["part"]
    assert read_table(path, "test", ["value"])["value"].to_pylist() == [*range(50, 100)]
    assert damaged_parts(list_parts(tmp_path)) == []


def test_the_same_table_gives_the_same_file(tmp_path: Path) -> None:
    assert encode_table(TABLE) == encode_table(pa.table(TABLE.to_pydict()))
    assert store(tmp_path) == store(tmp_path)
    assert len(list_parts(tmp_path)) == 1


def test_rows_and_their_order_make_the_digest() -> None:
    assert rows_digest(["a", "b"]) != rows_digest(["b", "a"])
    assert rows_digest(["ab"]) != rows_digest(["a", "b"])
    assert len(rows_digest(["\udcff", ""])) == 16


@pytest.mark.parametrize("place", [0, 3, 4, 60, -1, -5, -9, -40])
def test_a_flipped_bit_is_found_wherever_it_is(tmp_path: Path, place: int) -> None:
    path = store(tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(bytes(content))
    assert [part.path for part in damaged_parts(list_parts(tmp_path))] == [path]
    with pytest.raises(BenchError, match=path.name):
        read_table(path)


@pytest.mark.parametrize("length", [0, 1, 10, 200])
def test_a_cut_file_is_found(tmp_path: Path, length: int) -> None:
    path = store(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    assert [part.path for part in damaged_parts(list_parts(tmp_path))] == [path]
    for part in (None, "dev"):
        with pytest.raises(BenchError, match="is damaged"):
            read_table(path, part)


def test_of_two_files_with_the_same_rows_one_counts(tmp_path: Path) -> None:
    other = TABLE.set_column(1, "value", pa.array([0.0] * 100))
    paths = sorted([store(tmp_path), store(tmp_path, other)])
    assert [part.path for part in list_parts(tmp_path)] == paths[:1]


def test_files_of_earlier_versions_are_read(tmp_path: Path) -> None:
    path = store(tmp_path)
    old = path.rename(tmp_path / f"part-{ROWS}.parquet")
    (part,) = list_parts(tmp_path)
    assert (part.path, part.rows, part.has_checksum) == (old, ROWS, False)
    assert read_table(old).equals(TABLE)
    old.write_bytes(old.read_bytes()[:-30])
    assert damaged_parts([part]) == [part]


def test_other_files_are_not_parts(tmp_path: Path) -> None:
    for name in ("part-x.parquet", f"part-{ROWS}-12.parquet", f"part-{ROWS}.parquet.1.partial"):
        (tmp_path / name).write_bytes(b"")
    assert list_parts(tmp_path) == []
    assert list_parts(tmp_path / "nowhere") == []


def test_rows_of_the_other_part_are_not_opened(tmp_path: Path) -> None:
    path = store(tmp_path, TABLE.slice(50))
    content = path.read_bytes()
    footer = 8 + int.from_bytes(content[-8:-4], "little")
    path.write_bytes(b"PAR1" + b"\xff" * (len(content) - footer - 4) + content[-footer:])
    assert read_table(path, "dev").num_rows == 0
    with pytest.raises(BenchError, match="is damaged"):
        read_table(path, "test")
