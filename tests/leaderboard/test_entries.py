"""Entries on disk: written whole, read strictly, small, and computed again to the same numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from bench.errors import BenchError
from bench.leaderboard.basis import CONSTANTS, read_basis, write_basis
from bench.leaderboard.contents import (
    check_contents,
    entry_numbers,
    entry_terms,
    published_board,
)
from bench.leaderboard.entry import (
    SCORE_NUMBERS,
    SCORE_TEXTS,
    entry_name,
    list_entries,
    read_entry,
    write_entry,
)
from bench.leaderboard.schema import schema_file
from bench.leaderboard.tables import read_compact, write_compact


@pytest.fixture
def edit(board: Path) -> Callable[[Callable[[dict[str, Any]], None]], Path]:
    """Changes entry.json of pixel-arith; returns the entry's folder."""

    def change_info(change: Callable[[dict[str, Any]], None]) -> Path:
        path = board / "pixel-arith" / "entry.json"
        info = json.loads(path.read_text())
        change(info)
        path.write_text(json.dumps(info))
        return path.parent

    return change_info


def replaced_scores(board: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """Writes pixel-arith with other scores, as somebody who knows the format could."""
    entry = read_entry(board / "pixel-arith")
    info = {
        name: value
        for name, value in entry.info.items()
        if name not in ("$schema", "schema_version", "scores_sha256")
    }
    return write_entry(board, info, change(entry.scores)).folder


def test_the_published_schema_is_a_schema_and_every_entry_fits_it(board: Path) -> None:
    schema = json.loads(schema_file().read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    for entry in list_entries(board):
        Draft202012Validator(schema).validate(entry.info)


def test_numbers_are_those_of_the_stored_scores(board: Path) -> None:
    basis = read_basis(board)
    for entry in list_entries(board):
        computed = entry_numbers(entry, basis)
        assert computed == {name: entry.info[name] for name in computed}


def test_terms_are_those_of_the_run(runs: Any, board: Path) -> None:
    from bench.analysis.stored_terms import terms_of
    from bench.run.store import RunFolder

    basis, entry = read_basis(board), read_entry(board / "pixel-arith")
    stored = terms_of(RunFolder(runs.of("pixel-arith")).read(), "test")
    terms = entry_terms(entry, basis, "test")
    assert set(terms.columns) == set(stored.columns)
    keys = ["pair", "alpha"]
    stored, terms = (table.set_index(keys).sort_index() for table in (stored, terms))
    assert (terms["expression"] == stored["expression"]).all()
    for name in (*SCORE_NUMBERS[1:], *CONSTANTS):
        np.testing.assert_allclose(terms[name], stored[name], rtol=1e-6)


def test_dev_rows_hold_what_alpha_was_chosen_by_and_no_more(board: Path) -> None:
    scores = read_entry(board / "pixel-arith").scores
    dev = scores[scores["part"] == "dev"]
    assert dev["au_mse"].notna().all()
    others = [name for name in SCORE_NUMBERS if name not in ("alpha", "au_mse")]
    assert dev[others].isna().to_numpy().all()


def test_a_table_has_the_same_bytes_whatever_the_order_of_its_rows() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"part": "test", "source": rng.permutation([f"p{n}" for n in range(50)]), "alpha": 0.1}
    ).assign(au_mse=rng.random(50))
    texts, numbers = ("part", "source"), ("alpha", "au_mse")
    assert write_compact(rows, texts, numbers) == write_compact(rows[::-1], texts, numbers)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = pd.DataFrame({"part": ["a", "b"], "alpha": [0.1, np.nan], "au_mse": [np.nan, 0.25]})
    path = tmp_path / "table.parquet"
    path.write_bytes(write_compact(rows, ("part",), ("alpha", "au_mse")))
    pd.testing.assert_frame_equal(
        read_compact(path, ("part",), ("alpha", "au_mse")), rows, check_dtype=False
    )
    with pytest.raises(BenchError, match="column niqe: expected float, found none"):
        read_compact(path, ("part",), ("alpha", "au_mse", "niqe"))
    with pytest.raises(BenchError, match="column au_mse: expected no such column, found float"):
        read_compact(path, ("part",), ("alpha",))


def test_writing_a_basis_again_changes_no_byte(board: Path, tmp_path: Path) -> None:
    """What a verified entry was checked against must not change by being read."""
    write_basis(tmp_path / "again", read_basis(board))
    for name in ("benchmark.json", "pairs.parquet"):
        assert (tmp_path / "again" / name).read_bytes() == (board / name).read_bytes()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda info: info.update(extra=1), "Additional properties are not allowed ('extra'"),
        (lambda info: info.pop("pairs"), "'pairs' is a required property"),
        (
            lambda info: info["scores"]["transfer_score"].update(value="0.9"),
            "scores.transfer_score.value: '0.9' is not of type 'number', 'null'",
        ),
        (
            lambda info: info["identity"].update(hash="XYZ"),
            "identity.hash: 'XYZ' does not match",
        ),
        (
            lambda info: info["alpha"].update(protocol="oracle"),
            "alpha.protocol: 'dev' was expected",
        ),
        (
            lambda info: info["measures"].update(coverage=1.5),
            "measures.coverage: 1.5 is greater than the maximum of 1",
        ),
        (
            lambda info: info["identity"]["parts"].update(split_sha256="abc"),
            "identity.parts.split_sha256: 'abc' does not match",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema_is_named(
    edit: Callable[..., Path], change: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    folder = edit(change)
    with pytest.raises(BenchError) as refusal:
        read_entry(folder)
    assert str(refusal.value).startswith(f"{folder / 'entry.json'}: ")
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_refused(board: Path, constant: str) -> None:
    path = board / "pixel-arith" / "entry.json"
    text = path.read_text()
    value = json.loads(text)["scores"]["transfer_score"]["value"]
    path.write_text(text.replace(str(value), constant, 1))
    with pytest.raises(BenchError, match=f"{constant} is no number in JSON"):
        read_entry(path.parent)


def test_scores_that_were_changed_are_told(board: Path) -> None:
    source, target = (board / name / "scores.parquet" for name in ("copy-source", "pixel-arith"))
    shutil.copy(source, target)
    with pytest.raises(BenchError, match=r"is not what entry\.json was made from"):
        read_entry(board / "pixel-arith")


def test_an_entry_under_another_name_is_told(board: Path) -> None:
    (board / "pixel-arith").rename(board / "best-of-all")
    with pytest.raises(BenchError, match="best-of-all should be called pixel-arith"):
        list_entries(board)


@pytest.mark.parametrize("part", ["dev", "test"])
def test_pairs_cannot_be_dropped_from_an_entry(board: Path, part: str) -> None:
    def without_a_pair(rows: pd.DataFrame) -> pd.DataFrame:
        source = rows.loc[rows["part"] == part, "source"].iloc[0]
        return rows[rows["source"] != source]

    replaced_scores(board, without_a_pair)
    with pytest.raises(BenchError, match=f"pixel-arith lacks .* of the .* {part} pairs"):
        published_board(board)


def test_pairs_cannot_be_added_to_an_entry(board: Path) -> None:
    replaced_scores(board, lambda rows: pd.concat([rows, rows.iloc[:1].assign(target="nobody")]))
    with pytest.raises(BenchError, match=r"dev pair .*>nobody is not of the split"):
        published_board(board)


def test_a_row_cannot_stand_twice(board: Path) -> None:
    replaced_scores(board, lambda rows: pd.concat([rows, rows.iloc[:1]]))
    with pytest.raises(BenchError, match="has 2 rows for dev pair"):
        published_board(board)


def test_a_stored_nan_is_no_ok(board: Path) -> None:
    def with_a_hole(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[rows.index[-1], "id_dist_target"] = np.nan
        return rows

    replaced_scores(board, with_a_hole)
    with pytest.raises(BenchError, match="has outcome ok but id_dist_target is NaN"):
        published_board(board)


def test_an_entry_of_another_split_cannot_stand_on_a_board(
    edit: Callable[..., Path], board: Path
) -> None:
    edit(lambda info: info["identity"]["parts"].update(split_sha256="ab" * 32))
    with pytest.raises(BenchError, match="made on another split: split_sha256 abab"):
        published_board(board)


def test_an_entry_with_other_formulas_cannot_stand_on_a_board(
    edit: Callable[..., Path], board: Path
) -> None:
    folder = edit(lambda info: info.update(scores_version=2))
    with pytest.raises(BenchError, match="holds scores of version 2, this bench computes"):
        check_contents(read_entry(folder), read_basis(board))


def test_a_damaged_description_of_a_board_is_named(board: Path) -> None:
    path = board / "benchmark.json"
    path.write_text(json.dumps({"schema_version": 1, "benchmark": "x"}))
    with pytest.raises(BenchError, match="does not describe a benchmark: KeyError"):
        read_basis(board)
    path.write_text(json.dumps({"schema_version": 3}))
    with pytest.raises(BenchError, match="was written with schema version 3, this is 1"):
        read_basis(board)
    path.unlink()
    with pytest.raises(BenchError, match="no board in"):
        read_basis(board)


def test_an_interrupted_replacement_is_told(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the two files, the entry does not pass for a whole one."""
    from bench.leaderboard import entry as module

    def killed_at_the_second(path: Path, content: bytes) -> None:
        if path.name == "entry.json":
            raise KeyboardInterrupt
        path.write_bytes(content)

    monkeypatch.setattr(module, "write_atomically", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        replaced_scores(board, lambda rows: rows.assign(au_mse=rows["au_mse"] / 2))
    with pytest.raises(BenchError, match=r"is not what entry\.json was made from"):
        read_entry(board / "pixel-arith")


@pytest.mark.parametrize(
    ("method", "parameters", "name"),
    [
        ("glow-arith", {}, "glow-arith"),
        ("glow-arith", {"precision": "bf16", "a": "1"}, "glow-arith+a=1+precision=bf16"),
        ("m", {"w": "../x/y+z"}, "m+w=..%2Fx%2Fy%2Bz"),
    ],
)
def test_the_name_of_an_entry_is_a_file_name(
    method: str, parameters: dict[str, str], name: str
) -> None:
    assert entry_name(method, parameters) == name
    assert "/" not in name


def test_columns_are_those_that_the_documentation_promises(board: Path) -> None:
    assert set(read_entry(board / "copy-source").scores) == {*SCORE_TEXTS, *SCORE_NUMBERS}
