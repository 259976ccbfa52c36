"""Which stored runs stand on one board, and what the board says of the others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from bench import api
from bench.analysis.light_runs import read_light
from bench.analysis.stored import search_command
from bench.api_alpha import alpha_search
from bench.errors import BenchError
from bench.report.collect import collect_report
from bench.run.store import list_runs

BENCHMARK = "synthfaces-64"


@pytest.fixture(scope="module")
def pristine(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Runs of pixel-arith and the anchors on the first eight pairs of each part."""
    out = tmp_path_factory.mktemp("pristine") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api.run(["pixel-arith"], api.Settings(out=out, alphas=(0.0, 1.0), limit=8))
    return out


@pytest.fixture
def runs(pristine: Path, embedded: Path, tmp_path: Path) -> Path:
    """A copy of those runs that may be changed."""
    return Path(shutil.copytree(pristine, tmp_path / "runs"))


def folder_of(runs: Path, method: str) -> Path:
    (folder,) = (runs / BENCHMARK).glob(f"{method}-*")
    return folder


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes run.json."""
    path = folder / "run.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    change(info)
    path.write_text(json.dumps(info), encoding="utf-8")


def copied(runs: Path, method: str, created: str, **parts: Any) -> Path:
    """A copy of a run as other code, instruments or parameters would have made it."""
    original = folder_of(runs, method)
    copy = original.with_name(f"{method}-c0ffee00")
    shutil.copytree(original, copy)

    def change(info: dict[str, Any]) -> None:
        info["created"] = created
        info["identity"]["parts"].update(parts)

    edit(copy, change)
    return copy


def keep_rows(folder: Path, **values: list[str]) -> None:
    """Drops the stored rows with other values."""
    for path in folder.glob("scores/*.parquet"):
        table = pq.read_table(path)
        for name, kept in values.items():
            table = table.filter(pc.is_in(table[name], pa.array(kept)))
        path.unlink()
        # The name of a file of earlier versions, which says nothing of its content.
        pq.write_table(table, path.with_name(f"{path.name[:21]}.parquet"))


def ids(content: Any) -> set[str]:
    return {row.run_id for row in content.board.rows}


def about(content: Any, run: Path) -> str:
    """The one note that names a run."""
    (note,) = (note for note in content.board.notes if note.startswith(f"{run.name} "))
    return note


def read_by(commands: int, variants: str) -> str:
    return f"The test part has been read by {commands} commands with pixel-arith ({variants})."


def test_of_runs_that_belong_together_only_the_reading_is_noted(runs: Path) -> None:
    content = collect_report(runs, None)
    # The command that ran the methods was the first.
    assert content.board.notes == (read_by(2, "1 variant"),)
    assert collect_report(runs, None).board.notes == (read_by(3, "1 variant"),)
    assert ids(content) == {folder.folder.name for folder in list_runs(runs, BENCHMARK)}
    assert len(content.methods) == 5


def test_a_run_of_other_instruments_is_left_out_by_name(runs: Path) -> None:
    other = copied(runs, "pixel-arith", "2001-01-01", instruments={"embedder": {"version": "0"}})
    content = collect_report(runs, None)
    assert about(content, other).endswith("is left out: made with other data or instruments.")
    assert other.name not in ids(content)
    assert folder_of(runs, "copy-source").name in ids(content)


def test_the_newest_run_says_which_instruments_count(runs: Path) -> None:
    other = copied(runs, "pixel-arith", "2999-01-01", instruments={"embedder": {"version": "3"}})
    content = collect_report(runs, None)
    assert ids(content) == {other.name}
    for method in ("copy-source", "target-neutral", "real-target", "shuffled-source"):
        assert "other data or instruments" in about(content, folder_of(runs, method))


@pytest.mark.parametrize("part", ["manifest_sha256", "split_sha256", "resolution", "dataset"])
def test_a_run_on_other_data_is_left_out(runs: Path, part: str) -> None:
    other = copied(runs, "copy-source", "2001-01-01", **{part: "another"})
    content = collect_report(runs, None)
    assert "other data or instruments" in about(content, other)
    assert other.name not in ids(content)


def test_a_run_without_dev_rows_is_left_out_with_the_command_to_type(
    embedded: Path, tmp_path: Path
) -> None:
    settings = api.Settings(out=tmp_path, alphas=(0.0, 1.0), limit=8)
    api.run(["pixel-arith"], settings, alpha=0.5)
    content = collect_report(tmp_path, None)
    run = folder_of(tmp_path, "pixel-arith")
    assert about(content, run).endswith(
        "is left out: no alpha was chosen on dev (bench alpha-search pixel-arith)."
    )
    assert run.name not in ids(content)
    assert {row.is_anchor for row in content.board.rows} == {True}
    # And that command makes it rankable.
    alpha_search("pixel-arith", settings)
    assert run.name in ids(collect_report(tmp_path, None))


@pytest.mark.parametrize(("created", "newer"), [("2001-01-01", 0), ("2999-01-01", 1)])
def test_of_one_method_from_code_of_two_ages_the_newer_stays(
    runs: Path, created: str, newer: int
) -> None:
    original = folder_of(runs, "pixel-arith")
    copy = copied(runs, "pixel-arith", created, method_source_sha256="of other code")
    stays, goes = [(original, copy), (copy, original)][newer]
    content = collect_report(runs, None)
    assert about(content, goes) == f"{goes.name} is left out: {stays.name} is newer."
    assert stays.name in ids(content)
    assert goes.name not in ids(content)


@pytest.mark.parametrize("parts", [{"parameters": {"x": "1"}}, {"seed": 7}])
def test_other_parameters_or_another_seed_are_another_contestant(
    runs: Path, parts: dict[str, Any]
) -> None:
    copy = copied(runs, "pixel-arith", "2001-01-01", **parts)
    content = collect_report(runs, None)
    assert copy.name in ids(content)
    assert len(content.board.rows) == 6
    assert content.board.notes == (read_by(2, "2 variants"),)


def test_a_run_with_more_pairs_is_cut_to_the_common_ones(embedded: Path, tmp_path: Path) -> None:
    api.run(["pixel-arith"], api.Settings(out=tmp_path, alphas=(0.0, 1.0), limit=4))
    api.run(["copy-source"], api.Settings(out=tmp_path, limit=10))
    content = collect_report(tmp_path, None)
    assert {row.pairs for row in content.board.rows} == {4}
    note = about(content, folder_of(tmp_path, "copy-source"))
    assert note.endswith("has 10 pairs; the board has the 4 that all runs have.")
    named = [note.split()[0] for note in content.board.notes]
    assert folder_of(tmp_path, "pixel-arith").name not in named


def test_runs_without_a_common_pair_cannot_be_ranked(runs: Path) -> None:
    scores = list_runs(runs, BENCHMARK)[0].read().scores
    targets = sorted(scores.loc[scores["part"] == "test", "target"].unique())
    keep_rows(folder_of(runs, "copy-source"), target=targets[:1])
    keep_rows(folder_of(runs, "real-target"), target=targets[1:])
    with pytest.raises(BenchError, match=r"no test pair in common: .*copy-source"):
        collect_report(runs, None)


def test_nothing_that_can_be_ranked_is_an_error_with_every_reason(runs: Path) -> None:
    for method in ("copy-source", "target-neutral", "real-target", "shuffled-source"):
        shutil.rmtree(folder_of(runs, method))
    keep_rows(folder_of(runs, "pixel-arith"), part=["test"])
    with pytest.raises(BenchError, match=r"no run can be ranked: pixel-arith-\w+ is left out"):
        collect_report(runs, None)
    keep_rows(folder_of(runs, "pixel-arith"), part=["dev"])
    with pytest.raises(BenchError, match="has no run on the test part"):
        collect_report(runs, None)


def test_several_benchmarks_must_be_told_apart(runs: Path) -> None:
    shutil.copytree(runs / BENCHMARK, runs / "other-64")
    with pytest.raises(BenchError, match=r"holds several benchmarks \(--benchmark other-64\)"):
        collect_report(runs, None)
    assert collect_report(runs, "synthfaces").benchmark == BENCHMARK
    with pytest.raises(BenchError, match=r"holds no runs of 'sinthfaces-64'; did you mean"):
        collect_report(runs, "sinthfaces-64")
    with pytest.raises(BenchError, match=r"no runs in .*nowhere"):
        collect_report(runs / "nowhere", None)


def test_the_command_that_chooses_alpha_names_every_benchmark_but_the_default(runs: Path) -> None:
    run = next(folder.read() for folder in list_runs(runs, BENCHMARK))
    run.info["method"]["name"] = "mine"
    assert search_command(run) == "bench alpha-search mine"
    run.info["identity"]["parts"]["dataset"] = "london"
    run.info["benchmark"] = "london-128"
    assert search_command(run) == "bench alpha-search mine --benchmark london-128"


def test_alpha_is_chosen_among_those_that_were_run_on_test(embedded: Path, tmp_path: Path) -> None:
    """A later search of more alphas on dev does not leave a row without outputs."""
    out = tmp_path / "runs"
    api.run(["pixel-arith"], api.Settings(out=out, alphas=(0.0, 0.5), limit=8))
    searched = alpha_search("pixel-arith", api.Settings(out=out, alphas=(0.0, 0.5, 1.0), limit=8))
    assert searched.search.dev_alpha == 1.0
    report = collect_report(out, None)
    method = next(method for method in report.methods if method.row.method == "pixel-arith")
    assert (method.row.alpha, method.row.pairs) == (0.5, 8)
    assert method.search is not None
    assert method.search.dev_alpha == 0.5


def test_named_runs_stand_alone_with_the_anchors(runs: Path) -> None:
    original = folder_of(runs, "pixel-arith").name
    copied(runs, "pixel-arith", "2001-01-01", parameters={"x": "1"})
    anchors = {"copy-source", "target-neutral", "real-target", "shuffled-source"}
    by_label = collect_report(runs, None, runs=["pixel-arith x=1"])
    assert {row.label for row in by_label.board.rows} == {"pixel-arith x=1", *anchors}
    # A label is one variant, the method without parameters; what is no label, all variants of it.
    assert ids(collect_report(runs, None, runs=["pixel-arith"])) == {
        run.folder.name
        for run in list_runs(runs, BENCHMARK)
        if run.folder.name != "pixel-arith-c0ffee00"
    }
    shutil.rmtree(runs / BENCHMARK / original)
    assert "pixel-arith x=1" in {
        row.label for row in collect_report(runs, None, runs=["pixel-arith"]).board.rows
    }


def test_a_named_anchor_and_a_name_given_twice_stand_once(runs: Path) -> None:
    names = ["copy-source", "pixel-arith", "pixel-arith", folder_of(runs, "copy-source").name]
    content = collect_report(runs, None, runs=names)
    assert len(content.board.rows) == 5
    assert ids(content) == {folder.folder.name for folder in list_runs(runs, BENCHMARK)}


def test_run_ids_bring_two_runs_of_one_method_side_by_side(runs: Path) -> None:
    original = folder_of(runs, "pixel-arith")
    older = copied(runs, "pixel-arith", "2001-01-01", method_source_sha256="of other code")
    content = collect_report(runs, None, runs=[original.name, older.name])
    assert {original.name, older.name} <= ids(content)
    assert not any("is newer" in note for note in content.board.notes)


def test_a_folder_says_which_benchmark_and_which_folder_of_runs(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(runs / BENCHMARK, runs / "other-64")
    folder = folder_of(runs, "pixel-arith")
    content = collect_report(Path("nowhere"), None, runs=[str(folder)])
    assert content.benchmark == BENCHMARK
    assert content.folder == runs
    assert folder.name in ids(content)
    monkeypatch.chdir(runs.parent)
    short = collect_report(Path("runs"), None, runs=[f"runs/{BENCHMARK}/{folder.name}/"])
    assert short.folder == Path("runs")
    with pytest.raises(BenchError, match="different benchmarks"):
        collect_report(runs, None, runs=[str(folder), str(runs / "other-64" / folder.name)])
    with pytest.raises(BenchError, match="is a run of synthfaces-64, not of london"):
        collect_report(runs, "london", runs=[str(folder)])
    assert collect_report(runs, "synthfaces", runs=[str(folder)]).benchmark == BENCHMARK


@pytest.mark.parametrize("name", ["pixle-arith", "", "-", "../..", "<script>", "x" * 300])
def test_a_name_that_no_run_has_is_an_error_that_names_those_there(runs: Path, name: str) -> None:
    with pytest.raises(BenchError, match="there is no stored run of") as raised:
        collect_report(runs, None, runs=["pixel-arith", name])
    assert "copy-source" in str(raised.value)
    if name == "pixle-arith":
        assert "did you mean" in str(raised.value)


def test_named_runs_of_other_instruments_are_not_compared(runs: Path) -> None:
    other = copied(runs, "pixel-arith", "2001-01-01", instruments={"embedder": {"version": "0"}})
    with pytest.raises(BenchError, match="made with other data or instruments and cannot be"):
        collect_report(runs, None, runs=[folder_of(runs, "copy-source").name, other.name])
    # Alone it stands without the anchors, which the others measured.
    assert ids(collect_report(runs, None, runs=[other.name])) == {other.name}


def test_a_named_run_without_dev_rows_is_an_error_with_the_command(runs: Path) -> None:
    keep_rows(folder_of(runs, "pixel-arith"), part=["test"])
    with pytest.raises(BenchError, match=r"no alpha was chosen on dev \(bench alpha-search"):
        collect_report(runs, None, runs=["pixel-arith"])


def test_only_named_runs_are_read(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = folder_of(runs, "pixel-arith").name
    copied(runs, "pixel-arith", "2001-01-01", parameters={"x": "1"})
    read: list[str] = []

    def noted(folder: Any, references: Any = None) -> Any:
        read.append(folder.folder.name)
        return read_light(folder, references)

    monkeypatch.setattr("bench.report.collect.read_light", noted)
    collect_report(runs, None, runs=["pixel-arith x=1"])
    assert "pixel-arith-c0ffee00" in read
    assert original not in read
