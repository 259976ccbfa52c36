"""``bench leaderboard``: what its commands print, and where a local run would stand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench import api_leaderboard
from bench.cli import app
from bench.errors import BenchError


@pytest.fixture
def published(board: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The board, where published boards are."""
    monkeypatch.setenv("BENCH_LEADERBOARDS", str(board.parent))
    monkeypatch.setenv("COLUMNS", "80")
    return board


def bench(*words: object) -> str:
    """What a command prints."""
    result = CliRunner().invoke(app, ["leaderboard", *map(str, words)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_boards_are_listed(published: Path) -> None:
    text = bench("show")
    assert "synthfaces-64" in text
    assert "0 of 5" in text
    (summary,) = json.loads(bench("show", "--json"))["boards"]
    assert (summary["contestants"], summary["anchors"], summary["verified"]) == (1, 4, 0)
    assert summary["best"] == "pixel-arith"


def test_no_board_yet_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_LEADERBOARDS", str(tmp_path))
    assert "bench leaderboard make" in bench("show")
    assert json.loads(bench("show", "--json"))["boards"] == []
    with pytest.raises(BenchError, match="there is no board called 'london'"):
        bench("show", "london")


def test_a_board_is_shown_by_its_dataset_s_name_or_its_folder(published: Path) -> None:
    text = bench("show", "synthfaces")
    assert text == bench("show", "synthfaces-64") == bench("show", "--board", published)
    assert max(map(len, text.splitlines())) <= 80
    for words in ("pixel-arith", "1.00 dev", "hypervolume", "Pareto", "Claimed"):
        assert words in text


def test_the_json_has_what_the_table_has(published: Path) -> None:
    values = json.loads(bench("show", "synthfaces", "--json"))
    rows = {row["method"]: row for row in values["rows"]}
    assert rows["pixel-arith"]["rank"] == 1
    assert rows["pixel-arith"]["alpha_protocol"] == "dev"
    assert rows["copy-source"]["rank"] is None
    assert set(values["status"].values()) == {"claimed"}


def test_a_mistyped_board_is_guessed(published: Path) -> None:
    with pytest.raises(BenchError, match="did you mean 'synthfaces-64'"):
        bench("show", "synthface-64")


def test_two_methods_are_explained(published: Path) -> None:
    text = bench("show", "synthfaces", "--explain", "pixel-arith", "copy-source")
    assert "pixel-arith is better than copy-source" in text
    values = json.loads(
        bench("show", "synthfaces", "--explain", "copy-source", "pixel-arith", "--json")
    )
    assert values["comparison"]["first"] == "copy-source"
    assert values["comparison"]["separated"]
    with pytest.raises(BenchError, match="'pixel' is not on the board; did you mean 'pixel-arith'"):
        bench("show", "synthfaces", "--explain", "pixel", "copy-source")
    with pytest.raises(BenchError, match="name two methods, or a method and an anchor"):
        bench("show", "synthfaces", "--explain", "target-neutral", "copy-source")


def worse(info: dict[str, Any]) -> None:
    info["identity"] = {
        "hash": "0badcafe",
        "parts": {**info["identity"]["parts"], "method_source_sha256": "ab" * 32},
    }


def test_a_local_run_stands_on_the_table_and_not_on_the_board(runs: Any, published: Path) -> None:
    before = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}

    def without_expression(rows: Any) -> Any:
        rows["AU12"] = rows["AU12"] * 0.5
        return rows

    runs.edit_info("pixel-arith", worse)
    runs.edit_scores("pixel-arith", without_expression)
    shown = api_leaderboard.show_board("synthfaces", runs=runs.folder)
    status = shown.status
    assert status["pixel-arith (local)"] == "local"
    assert status["pixel-arith"] == "claimed"
    ranks = {row.label: row.rank for row in shown.board.rows if not row.is_anchor}
    assert ranks == {"pixel-arith": 1, "pixel-arith (local)": 2}
    assert "Local (runs here, not on the board): pixel-arith (local)." in bench(
        "show", "synthfaces", "--runs", runs.folder
    )
    assert before == {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}


def test_the_run_that_an_entry_was_made_from_is_not_shown_twice(runs: Any, published: Path) -> None:
    shown = api_leaderboard.show_board("synthfaces", runs=runs.folder)
    assert "local" not in shown.status.values()
    assert any(
        "is the run that pixel-arith on the board was made from" in n for n in shown.board.notes
    )


def test_a_local_run_that_is_not_whole_is_told_and_left_out(runs: Any, published: Path) -> None:
    runs.edit_info("pixel-arith", worse)
    runs.edit_scores("pixel-arith", lambda rows: rows[rows["part"] == "test"])
    shown = api_leaderboard.show_board("synthfaces", runs=runs.folder)
    assert "local" not in shown.status.values()
    (note,) = (note for note in shown.board.notes if "cannot stand on this board" in note)
    assert "was not chosen on dev" in note


def test_add_prints_what_it_wrote_and_what_comes_next(runs: Any, published: Path) -> None:
    text = bench("add", runs.of("pixel-arith"))
    assert text.splitlines()[0].startswith(f"replaced pixel-arith: {published / 'pixel-arith'} (")
    assert text.splitlines()[-1] == "Next: bench leaderboard show synthfaces-64"
    (added,) = json.loads(bench("add", runs.of("pixel-arith"), "--json"))["added"]
    assert added["replaced"]


def test_make_makes_the_whole_board(
    runs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are stored already are not made again; the rest is, and all stands on the board."""
    monkeypatch.setenv("BENCH_LEADERBOARDS", str(tmp_path / "boards"))
    monkeypatch.setattr(
        api_leaderboard,
        "built_in_names",
        lambda: ["pixel-arith", "target-neutral", "copy-source", "shuffled-source", "real-target"],
    )
    shutil.rmtree(runs.of("copy-source"))
    text = bench("make", "synthfaces", "--out", runs.folder)
    board = tmp_path / "boards" / "synthfaces-64"
    assert text.count("added ") == 5
    assert sorted(path.parent.name for path in board.glob("*/entry.json")) == sorted(
        api_leaderboard.built_in_names()
    )
    assert (board / "README.md").is_file()
    # The made-up dataset tells no groups of people.
    assert not (board / "groups.json").exists()


def test_all_built_in_methods_can_be_run_without_a_word_more() -> None:
    assert {"glow-arith", "pixel-arith", "target-neutral", "real-target"} <= set(
        api_leaderboard.built_in_names()
    )


def test_a_page_is_written_anew(published: Path) -> None:
    page = published / "README.md"
    before = page.read_text(encoding="utf-8")
    page.write_text("edited", encoding="utf-8")
    assert bench("page", "synthfaces").strip() == f"Page: {page}"
    assert page.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("command", ["show", "add", "make", "page"])
def test_help_has_examples(command: str) -> None:
    assert f"bench leaderboard {command}" in bench(command, "--help")
