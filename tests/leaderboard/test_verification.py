"""Entries that hold are verified; every fault that is put into one is found."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from bench import api_leaderboard_checks as api
from bench.cli import app
from bench.data.benchmark import Benchmark
from bench.errors import BenchError
from bench.leaderboard.basis import read_basis, write_basis
from bench.leaderboard.contents import entry_numbers
from bench.leaderboard.entry import Entry, read_entry, write_entry
from bench.leaderboard.recomputation import recompute
from bench.leaderboard.regeneration import other_versions, rows_to_make
from bench.leaderboard.regenerator import Again, NotHere, Regenerator
from bench.leaderboard.trust import check_parameters, plain_name
from bench.leaderboard.verdict import EntryVerdict, verify_entry
from bench.leaderboard.verification import hashes_of, is_verified, read_verified, write_verified
from bench.plugins.registry import load_method
from bench.run.identity import identity_hash
from bench.run.instruments import Instruments
from bench.run.session import Session

EVERY_PAIR = 1000


@pytest.fixture(scope="module")
def opened() -> dict[Path, Session]:
    return {}


@pytest.fixture(autouse=True)
def shared_session(opened: dict[Path, Session], monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up faces are read and measured once for all tests of this file."""

    def session(benchmark: Benchmark, data: Path) -> Session:
        if data not in opened:
            opened[data] = Session(benchmark, data)
        return opened[data]

    monkeypatch.setattr("bench.leaderboard.regenerator.Session", session)


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes entry.json."""
    path = folder / "entry.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    change(info)
    path.write_text(json.dumps(info), encoding="utf-8")


def rewrite(
    folder: Path,
    scores: Callable[[pd.DataFrame], object] = lambda rows: None,
    info: Callable[[dict[str, Any]], object] = lambda values: None,
) -> None:
    """Forges an entry whose hash and numbers all follow from its forged scores."""
    entry = read_entry(folder)
    rows = entry.scores.copy()
    scores(rows)
    values = {k: v for k, v in entry.info.items() if k not in ("$schema", "schema_version")}
    info(values)
    parts = values["identity"]["parts"]
    values["identity"] = {"hash": identity_hash(parts), "parts": parts}
    values |= entry_numbers(Entry(folder, values, rows), read_basis(folder.parent))
    write_entry(folder.parent, values, rows)


def verified(folder: Path, **settings: Any) -> EntryVerdict:
    (board,) = api.verify([folder], **settings).boards
    assert board.faults == ()
    (entry,) = board.entries
    return entry


def leaves(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], float]]:
    """Every number of nested tables with the way to it."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from leaves(value, (*path, name))
    elif isinstance(values, int | float) and not isinstance(values, bool):
        yield path, values


def test_entries_that_hold_are_verified(board: Path) -> None:
    verdicts = api.verify(api.all_entries(board))
    assert not verdicts.is_wrong
    (one,) = verdicts.boards
    assert {entry.status for entry in one.entries} == {"verified"}
    assert len(one.entries) == 5
    for entry in one.entries:
        assert entry.numbers > 20
        assert entry.regeneration is not None
        # The same machine makes the same images: float32 rounds the stored terms, no more.
        assert max(entry.regeneration.largest.values()) < 1e-6
        assert is_verified(read_entry(board / entry.name))
    pixel = json.loads((board / "pixel-arith" / "verified.json").read_text(encoding="utf-8"))
    assert len(pixel["test_pairs"]) == 8
    assert len(pixel["dev_pairs"]) == 1
    assert pixel["images"] == 8 * 2 + 3
    assert pixel["command"] == "bench leaderboard verify synthfaces-64/pixel-arith"
    assert {"created", "git", "packages", "hardware"} <= set(pixel)
    assert str(board) not in json.dumps(pixel)
    json.dumps(verdicts.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "changed", ["entry.json", "scores.parquet", "../benchmark.json", "../pairs.parquet"]
)
def test_verified_ends_with_any_change_of_a_file_that_decides_numbers(
    board: Path, changed: str
) -> None:
    folder = board / "copy-source"
    verified(folder)
    entry = read_entry(folder)
    assert is_verified(entry)
    path = folder / changed
    path.write_bytes(path.read_bytes() + b"\n")
    assert not is_verified(entry)


def test_a_file_that_is_no_record_verifies_nothing(board: Path) -> None:
    folder = board / "copy-source"
    entry = read_entry(folder)
    assert not is_verified(entry)
    for text in ("", "[]", json.dumps({"schema_version": 2, **hashes_of(folder)})):
        (folder / "verified.json").write_text(text, encoding="utf-8")
        assert not is_verified(entry)


def test_every_number_of_an_entry_is_compared(board: Path) -> None:
    folder = board / "pixel-arith"
    basis, sound = read_basis(board), read_entry(folder)
    names = ("alpha", "scores", "measures", "pairs", "failures")
    numbers = [*leaves({name: sound.info[name] for name in names})]
    assert len(numbers) > 25
    assert recompute(folder, basis).faults == ()

    def change(info: dict[str, Any]) -> None:
        for (*way, last), value in numbers:
            place = info
            for name in way:
                place = place[name]
            # A millionth, away from the bound that the schema sets on shares.
            place[last] = value + 1 if isinstance(value, int) else value * (1 - 1e-6) or 1e-6

    edit(folder, change)
    told = [fault.partition(" is ")[0] for fault in recompute(folder, basis).faults]
    assert told == [".".join(path) for path, _ in numbers]


def test_an_invented_failure_is_found(board: Path) -> None:
    edit(board / "pixel-arith", lambda info: info["failures"].update(no_face=1))
    verdict = verified(board / "pixel-arith")
    assert verdict.status == "wrong"
    assert verdict.faults == ("failures.no_face is 1, and the stored scores give null",)


def test_one_changed_score_is_found(board: Path) -> None:
    folder = board / "pixel-arith"
    sound = (folder / "entry.json").read_bytes()

    def change(rows: pd.DataFrame) -> None:
        test = rows.index[(rows["part"] == "test") & (rows["alpha"] == 1.0)]
        rows.loc[test[0], "expression_error"] *= 1.5

    rewrite(folder, change)
    forged = json.loads((folder / "entry.json").read_text(encoding="utf-8"))
    (folder / "entry.json").write_bytes(sound)
    faults = verified(folder).faults
    assert "its SHA-256 is" in faults[0]
    assert any(fault.startswith("scores.expression_skill.value is ") for fault in faults)
    # With the hash of the changed file, the numbers still tell.
    edit(folder, lambda info: info.update(scores_sha256=forged["scores_sha256"]))
    faults = verified(folder, pairs=1).faults
    assert not any("SHA-256" in fault for fault in faults)
    assert any(fault.startswith("scores.expression_skill.value is ") for fault in faults)
    # With numbers to fit, only the image itself does.
    edit(folder, lambda info: info.update(scores=forged["scores"], measures=forged["measures"]))
    assert recompute(folder, read_basis(board)).faults == ()
    (fault,) = verified(folder, pairs=EVERY_PAIR).faults
    assert re.match(r"test pair p\d/\w+>p\d at alpha 1: expression_error is .* comes out as", fault)


def test_scores_of_two_methods_cannot_change_places(board: Path) -> None:
    one, other = board / "copy-source", board / "target-neutral"
    for name in ("scores.parquet", "hashes"):
        if name == "scores.parquet":
            shutil.move(one / name, board / "aside")
            shutil.move(other / name, one / name)
            shutil.move(board / "aside", other / name)
        else:
            for folder in (one, other):
                found = hashlib.sha256((folder / "scores.parquet").read_bytes()).hexdigest()
                edit(folder, lambda info, found=found: info.update(scores_sha256=found))
        for folder in (one, other):
            faults = verified(folder).faults
            assert ("its SHA-256 is" in faults[0]) == (name == "scores.parquet")
            assert any(fault.startswith("scores.identity_retention") for fault in faults)


def test_a_whole_entry_under_another_name_is_regenerated_otherwise(board: Path) -> None:
    """Scores, hash and numbers of copy-source, published as those of target-neutral."""
    source, target = read_entry(board / "copy-source"), read_entry(board / "target-neutral")
    rewrite(target.folder, lambda rows: rows.update(source.scores))
    assert recompute(target.folder, read_basis(board)).faults == ()
    faults = verified(target.folder).faults
    assert len(faults) == 8
    assert all(fault.startswith("test pair ") for fault in faults)


def test_an_alpha_that_was_not_chosen_on_dev_is_found(board: Path) -> None:
    folder = board / "pixel-arith"
    assert read_entry(folder).info["alpha"]["value"] == 1.0
    edit(folder, lambda info: info["alpha"].update(value=0.5))
    assert "alpha.value is 0.5, and the stored scores give 1.0" in verified(folder).faults


def test_dev_scores_that_would_choose_another_alpha_are_found(board: Path) -> None:
    folder = board / "pixel-arith"

    def change(rows: pd.DataFrame) -> None:
        half = (rows["part"] == "dev") & (rows["alpha"] == 0.5)
        rows.loc[half, "au_mse"] = 1e-3

    rewrite(folder, change)
    assert read_entry(folder).info["alpha"]["value"] == 0.5
    assert recompute(folder, read_basis(board)).faults == ()
    entry = read_entry(folder)
    seed = next(s for s in range(9) if 0.5 in {a for _, a in rows_to_make(entry, 1, s)["dev"]})
    (fault,) = verified(folder, pairs=1, seed=seed).faults
    assert re.match(r"dev pair .* at alpha 0.5: au_mse is 0.001 and comes out as ", fault)


def test_a_forged_record_does_not_survive_a_check(board: Path) -> None:
    folder = board / "pixel-arith"
    edit(folder, lambda info: info["scores"]["transfer_score"].update(value=0.999))
    write_verified(folder, hashes_of(folder), {"created": "2026-01-01T00:00:00+00:00"})
    # Who only looks at the hashes believes it,
    assert is_verified(read_entry(folder))
    # and who computes the numbers does not.
    verdict = verified(folder)
    assert verdict.status == "wrong"
    assert read_verified(folder) is None


def test_another_version_of_the_method_stays_claimed(board: Path) -> None:
    folder = board / "pixel-arith"
    rewrite(folder, info=lambda values: values["identity"]["parts"].update(
        method_source_sha256="ab" * 32
    ))  # fmt: skip
    verdict = verified(folder)
    assert verdict.status == "claimed"
    assert "another version of the method" in verdict.reason
    assert verdict.command == ""
    assert read_verified(folder) is None


def test_a_method_that_is_not_here_stays_claimed(board: Path) -> None:
    rewrite(board / "pixel-arith", info=_called_otherwise)
    verdict = verified(board / "their-method")
    assert verdict.status == "claimed"
    assert "no method called 'their-method'" in verdict.reason


def _called_otherwise(values: dict[str, Any]) -> None:
    values["method"]["name"] = values["identity"]["parts"]["method"] = "their-method"


def test_a_stranger_s_entry_runs_no_file(board: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    method = tmp_path / "method.py"
    method.write_text(f"open({str(trace)!r}, 'w')", encoding="utf-8")

    def change(values: dict[str, Any]) -> None:
        values["method"]["name"] = values["identity"]["parts"]["method"] = str(method)

    rewrite(board / "pixel-arith", info=change)
    (folder,) = board.glob("*method.py*")
    verdict = verified(folder)
    assert verdict.status == "claimed"
    assert "is installed" in verdict.reason
    assert not trace.exists()


@pytest.mark.parametrize("text", ["sh -c 'touch stolen'", "./program", "sh", "here.pt", "a\\b"])
def test_a_stranger_s_parameters_name_no_program_and_no_file(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.pt").touch()
    method = load_method("glow-arith")
    with pytest.raises(BenchError, match="--trust"):
        check_parameters(method, {"model": text})
    check_parameters(method, {"model": "synthfaces-64", "precision": "bf16"})


def test_instruments_are_named_without_a_path() -> None:
    assert plain_name("mobilefacenet") == "mobilefacenet"
    assert plain_name(None) is None
    for name in ("openface:/tmp/program", "../model.onnx", "model.onnx", "module.py", ""):
        assert plain_name(name) is None


def test_an_entry_is_trusted_only_where_that_is_said(board: Path) -> None:
    entry = read_entry(board / "pixel-arith")
    entry.info["parameters"] = {"anything": "rm -r /"}
    regenerator = Regenerator(read_basis(board), Again(pairs=1))
    with pytest.raises(BenchError, match="may name a program"):
        regenerator(entry)
    regenerator = Regenerator(read_basis(board), Again(pairs=1, trust=True))
    with pytest.raises(BenchError, match="has no parameter 'anything'"):
        regenerator(entry)


def test_other_instruments_say_nothing_about_an_entry(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = board / "pixel-arith"
    verified(folder)
    cards = Instruments.cards
    monkeypatch.setattr(
        Instruments, "cards", lambda self: {**cards(self), "niqe": {"version": "99", "patch": 32}}
    )
    verdict = verified(folder)
    assert "another version of the instruments" in verdict.reason
    # What was verified with the right ones is not lost, and says when that was.
    assert verdict.status == "verified"
    assert verdict.earlier


def test_without_the_benchmark_an_entry_stays_claimed(board: Path) -> None:
    basis = replace(read_basis(board), benchmark="nowhere-64")
    regenerator = Regenerator(basis, Again(pairs=4))
    assert regenerator.benchmark is None
    entry = read_entry(board / "pixel-arith")
    with pytest.raises(NotHere, match="no benchmark called 'nowhere-64'"):
        regenerator(entry)
    command = "bench leaderboard verify nowhere-64/pixel-arith --data DIR --pairs 4"
    assert regenerator.command(entry) == command
    verdict = verify_entry(
        entry.folder, read_basis(board), regenerator, command=regenerator.command
    )
    assert verdict.status == "claimed"
    assert verdict.command == command
    assert not (entry.folder / "verified.json").exists()


def test_what_a_board_says_of_its_real_images_is_read_again(board: Path) -> None:
    basis = read_basis(board)
    pairs = basis.pairs.copy()
    last = pairs.index[pairs["part"] == "test"][-1]
    pairs.loc[last, "expression_change"] *= 2
    write_basis(board, replace(basis, pairs=pairs))
    rewrite(board / "pixel-arith")
    (fault,) = verified(board / "pixel-arith").faults
    assert "real images" in fault
    assert "expression_change" in fault
    write_basis(board, replace(basis, niqe_real={**basis.niqe_real, "test": 99.0}))
    rewrite(board / "pixel-arith")
    (fault,) = verified(board / "pixel-arith").faults
    assert "mean NIQE" in fault


@pytest.mark.parametrize("fault", ["pair", "split", "grid"])
def test_a_board_of_another_split_is_wrong_as_a_whole(board: Path, fault: str) -> None:
    basis = read_basis(board)
    if fault == "pair":
        basis = replace(basis, pairs=basis.pairs.iloc[1:].reset_index(drop=True))
    elif fault == "split":
        basis = replace(basis, measured_with={**basis.measured_with, "split_sha256": "0" * 64})
    else:
        basis = replace(basis, alphas=(*basis.alphas, 2.0))
    write_basis(board, basis)
    verdicts = api.verify([board / "copy-source"])
    (one,) = verdicts.boards
    wanted = {"pair": "lacks 1 dev pairs", "split": "another split", "grid": "grid of alphas"}
    assert wanted[fault] in one.faults[0]
    assert verdicts.is_wrong
    assert one.entries[0].status == "wrong"


def test_a_broken_entry_does_not_hide_the_others(board: Path) -> None:
    (board / "copy-source" / "entry.json").write_text("{", encoding="utf-8")
    edit(board / "real-target", lambda info: info.pop("created"))
    (board / "target-neutral" / "scores.parquet").unlink()
    edit(board / "shuffled-source", lambda info: info["identity"].update(hash="00000000"))
    (one,) = api.verify(api.all_entries(board)).boards
    found = {entry.name: entry for entry in one.entries}
    assert found["pixel-arith"].status == "verified"
    assert "cannot read" in found["copy-source"].faults[0]
    assert "'created' is a required property" in found["real-target"].faults[0]
    assert "scores.parquet is not what" in found["target-neutral"].faults[0]
    assert found["shuffled-source"].faults[0].startswith("identity.hash is 00000000")
    (board / "benchmark.json").unlink()
    (one,) = api.verify(api.all_entries(board)).boards
    assert "benchmark.json is not there" in one.faults[0]
    assert {entry.status for entry in one.entries} == {"wrong"}


@pytest.mark.parametrize("rows", ["none", "twice", "half", "no test", "no dev", "other people"])
def test_scores_without_sense_are_wrong_and_break_nothing(board: Path, rows: str) -> None:
    entry = read_entry(board / "pixel-arith")
    table = {
        "none": entry.scores.iloc[:0],
        "twice": pd.concat([entry.scores, entry.scores], ignore_index=True),
        "half": entry.scores.iloc[::2],
        "no test": entry.scores[entry.scores["part"] == "dev"],
        "no dev": entry.scores[entry.scores["part"] == "test"],
        "other people": entry.scores.assign(source="nobody"),
    }[rows]
    left_out = ("$schema", "schema_version")
    info = {name: value for name, value in entry.info.items() if name not in left_out}
    write_entry(board, info, table)
    verdict = verified(entry.folder)
    assert verdict.status == "wrong"
    assert verdict.faults


def test_a_board_that_names_no_instruments_is_wrong(board: Path) -> None:
    path = board / "benchmark.json"
    for instruments in ({}, [], {"embedder": "x", "au_estimator": 3}):
        values = json.loads(path.read_text(encoding="utf-8"))
        values["measured_with"]["instruments"] = instruments
        path.write_text(json.dumps(values), encoding="utf-8")
        assert api.verify([board / "copy-source"]).is_wrong


def test_rows_are_drawn_by_seed_and_cover_other_alphas(board: Path) -> None:
    entry = read_entry(board / "pixel-arith")
    rows = rows_to_make(entry, 5, 0)
    assert rows == rows_to_make(entry, 5, 0)
    assert rows != rows_to_make(entry, 5, 1)
    assert len({pair for pair, _ in rows["test"]}) == 5
    assert [alpha for _, alpha in rows["test"]][::2] == [1.0] * 5
    assert all(alpha != 1.0 for _, alpha in rows["test"][1::2])
    assert len({pair for pair, _ in rows["dev"]}) == 1
    assert len({alpha for _, alpha in rows["dev"]}) == 3
    every = rows_to_make(entry, EVERY_PAIR, 0)["test"]
    assert len({pair for pair, _ in every}) == entry.info["pairs"]
    fixed = rows_to_make(read_entry(board / "copy-source"), 5, 0)
    assert set(fixed) == {"test"}
    assert {alpha for _, alpha in fixed["test"]} == {None}


def test_other_versions_are_named() -> None:
    parts = {"method": "m", "method_source_sha256": "0", "seed": 0, "instruments": {"niqe": "1"}}
    assert other_versions(parts, parts) == []
    here = {**parts, "seed": 1, "instruments": {"niqe": "2"}, "labels_sha256": "3"}
    assert other_versions(parts, here) == ["seed", "the instruments", "the labels"]


def test_the_page_of_the_board_tells_who_is_verified(board: Path) -> None:
    page = board / "README.md"

    def status() -> str:
        pattern = r"^\| *`?pixel-arith`? *\|.*\b(verified|claimed)\b"
        (found,) = re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE)
        return str(found)

    assert status() == "claimed"
    verified(board / "pixel-arith", pairs=1)
    assert status() == "verified"
    edit(board / "pixel-arith", lambda info: info["measures"].update(au_mse=7.0))
    verified(board / "pixel-arith", pairs=1)
    # A board with a wrong number still has its page, which no longer believes it.
    assert status() == "claimed"


def test_entries_are_found_by_name_and_by_folder(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_LEADERBOARDS", str(board.parent))
    expected = board / "copy-source"
    assert api.find_entries("synthfaces-64/copy-source") == [expected]
    assert api.find_entries("copy-source", board) == [expected]
    assert api.find_entries(str(expected)) == [expected]
    assert api.find_entries("synthfaces-64") == api.all_entries(board)
    with pytest.raises(BenchError, match="did you mean 'synthfaces-64/copy-source'"):
        api.find_entries("synthfaces-64/copy-sourc")
    with pytest.raises(BenchError, match="no entry in"):
        api.all_entries(board / "copy-source")


def test_the_command_prints_at_80_columns_and_ends_with_1_where_something_is_wrong(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    edit(board / "real-target", lambda info: info["measures"].update(au_mse=7.0))
    command = ["leaderboard", "verify", "--board", str(board)]
    result = CliRunner().invoke(app, [*command, "--all"])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert re.search(r"pixel-arith +\d+ +8 test, 1 dev +\S+ +verified", result.stdout)
    assert "wrong: real-target: measures.au_mse is 7.0, and the stored scores give" in " ".join(
        lines
    )
    result = CliRunner().invoke(app, [*command, "pixel-arith", "--pairs", "2", "--json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["is_wrong"] is False
    assert told["boards"][0]["entries"][0]["status"] == "verified"
    assert len(told["boards"][0]["entries"][0]["regenerated"]["test_pairs"]) == 2
    for arguments in ([], ["pixel-arith", "--all"]):
        result = CliRunner().invoke(app, [*command, *arguments])
        assert isinstance(result.exception, BenchError)
