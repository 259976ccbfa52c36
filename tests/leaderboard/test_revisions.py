"""Boards of a folder and of a revision; nothing is ever written outside of the temporary folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import api_leaderboard_checks as api
from bench.cli import app
from bench.errors import BenchError
from bench.leaderboard.revisions import boards_at


def git(folder: Path, *arguments: str, given: bytes = b"") -> str:
    result = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e", *arguments],
        input=given, capture_output=True, check=True,
    )  # fmt: skip
    return result.stdout.decode().strip()


def write_board(boards: Path, benchmark: str, text: str) -> None:
    """Files of the names that a board has, without what is in them."""
    for name in ("benchmark.json", "pairs.parquet", "README.md", "one/entry.json"):
        path = boards / benchmark / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit(checkout: Path) -> None:
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "boards")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with two commits of ``boards``; the second has another board."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    write_board(folder / "boards", "faces-64", "first")
    commit(folder)
    write_board(folder / "boards", "faces-64", "second")
    write_board(folder / "boards", "cats-64", "second")
    commit(folder)
    git(folder, "tag", "v2")
    write_board(folder / "boards", "faces-64", "third")
    return folder


@pytest.mark.parametrize(
    ("source", "text", "names"),
    [
        ("HEAD~1", "first", ["faces-64"]),
        ("HEAD", "second", ["cats-64", "faces-64"]),
        ("v2", "second", ["cats-64", "faces-64"]),
    ],
)
def test_a_revision_is_what_was_committed(
    checkout: Path, source: str, text: str, names: list[str]
) -> None:
    with boards_at(source, checkout / "boards") as folders:
        assert [folder.name for folder in folders] == names
        faces = folders[-1]
        assert (faces / "benchmark.json").read_text() == text
        assert (faces / "one" / "entry.json").read_text() == text
        assert not (faces / "README.md").exists()
        assert checkout not in faces.parents
    assert not faces.exists()
    assert (checkout / "boards" / "faces-64" / "benchmark.json").read_text() == "third"


def test_the_boards_may_be_the_whole_checkout(checkout: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init", "--quiet")
    write_board(root, "faces-64", "here")
    commit(root)
    with boards_at("HEAD", root) as folders:
        assert [folder.name for folder in folders] == ["faces-64"]


def test_a_folder_is_taken_as_it_is(checkout: Path) -> None:
    boards = checkout / "boards"
    with boards_at(str(boards), boards) as folders:
        assert folders == [boards / "cats-64", boards / "faces-64"]
    with boards_at(str(boards / "faces-64"), boards) as folders:
        assert folders == [boards / "faces-64"]


@pytest.mark.parametrize("source", ["nope", "--output=stolen", "HEAD~7", "", "HEAD:boards"])
def test_what_is_neither_folder_nor_revision_is_refused(checkout: Path, source: str) -> None:
    with (
        pytest.raises(BenchError, match=r"neither a folder of boards nor a revision|no board in"),
        boards_at(source, checkout / "boards"),
    ):
        pass
    assert not list(checkout.rglob("stolen"))


def test_a_place_without_boards_says_so(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source, boards, words in (
        (str(tmp_path / "empty"), checkout / "boards", "no board in"),
        ("HEAD", checkout / "elsewhere", "no git checkout"),
        ("HEAD", tmp_path / "empty", "no git checkout"),
    ):
        with pytest.raises(BenchError, match=words), boards_at(source, boards):
            pass
    shutil.rmtree(checkout / "boards" / "cats-64")
    shutil.rmtree(checkout / "boards" / "faces-64")
    (checkout / "boards" / "notes.md").write_text("none left")
    commit(checkout)
    with pytest.raises(BenchError, match="no board in"), boards_at("HEAD", checkout / "boards"):
        pass


def test_links_in_a_revision_are_left_out(checkout: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("secret")
    linked = checkout / "boards" / "cats-64" / "one" / "entry.json"
    linked.unlink()
    linked.symlink_to(secret)
    commit(checkout)
    with boards_at("HEAD", checkout / "boards") as folders:
        cats = folders[0]
        assert (cats / "benchmark.json").is_file()
        assert not (cats / "one" / "entry.json").exists()


def test_a_tree_that_leads_out_of_its_folder_writes_nothing(checkout: Path) -> None:
    """Such a tree cannot be checked out; here it is only read."""
    blob = git(checkout, "hash-object", "-w", "--stdin", given=b"stolen")
    climbing = f"100644 blob {blob}\tbenchmark.json\n".encode()
    for _ in range(2):
        tree = git(checkout, "mktree", given=climbing)
        climbing = f"040000 tree {tree}\t..\n".encode()
    sound = git(checkout, "rev-parse", "HEAD:boards/faces-64")
    inside = climbing + f"040000 tree {sound}\tfaces-64\n".encode()
    boards = git(checkout, "mktree", given=inside)
    root = git(checkout, "mktree", given=f"040000 tree {boards}\tboards\n".encode())
    bad = git(checkout, "commit-tree", root, "-m", "climbs out")
    with boards_at(bad, checkout / "boards") as folders:
        (faces,) = folders
        # Of that name alone: other programs write to the same temporary folder.
        written = [path for path in faces.parents[1].glob("benchmark.json") if path.is_file()]
        assert written == []
        assert (faces / "benchmark.json").read_text() == "second"


def test_a_board_and_its_history_are_compared(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real board: committed without its method, then with it, then measured by another source."""
    monkeypatch.setenv("COLUMNS", "80")
    boards = board.parent
    monkeypatch.setenv("BENCH_LEADERBOARDS", str(boards))
    git(boards, "init", "--quiet")
    aside = boards.parent / "aside"
    shutil.move(board / "pixel-arith", aside)
    commit(boards)
    shutil.move(aside, board / "pixel-arith")
    commit(boards)
    (now,) = api.diff("HEAD~1").boards
    assert [(change.label, change.cause) for change in now.changes] == [
        ("pixel-arith", "new method")
    ]
    assert now.unchanged == 4
    (back,) = api.diff("HEAD", "HEAD~1", "synthfaces").boards
    assert [change.cause for change in back.changes] == ["removed method"]
    assert api.diff("HEAD").boards[0].changes == ()
    (whole,) = api.diff(str(board), str(board)).boards
    assert whole.unchanged == 5
    with pytest.raises(BenchError, match="did you mean 'synthfaces-64'"):
        api.diff("HEAD", benchmark="synthface")
    result = CliRunner().invoke(app, ["leaderboard", "diff", "HEAD~1"])
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "new method" in result.stdout
    result = CliRunner().invoke(app, ["leaderboard", "diff", "HEAD~1", "HEAD", "--json"])
    told = json.loads(result.stdout)
    assert (told["before"], told["after"]) == ("HEAD~1", "HEAD")
    assert told["boards"][0]["changes"][0]["cause"] == "new method"


def test_a_board_that_is_new_has_new_methods_alone(
    board: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BENCH_LEADERBOARDS", str(board.parent))
    git(board.parent, "init", "--quiet")
    write_board(board.parent, "faces-64", "no board that could be read")
    git(board.parent, "add", "faces-64/README.md")
    shutil.rmtree(board.parent / "faces-64")
    other = tmp_path / "other" / "synthfaces-32"
    shutil.copytree(board, other)
    path = other / "benchmark.json"
    path.write_text(path.read_text().replace('"synthfaces-64"', '"synthfaces-32"'))
    found = {one.benchmark: one for one in api.diff(str(other.parent)).boards}
    assert set(found) == {"synthfaces-32", "synthfaces-64"}
    assert {change.cause for change in found["synthfaces-64"].changes} == {"new method"}
    assert {change.cause for change in found["synthfaces-32"].changes} == {"removed method"}
