"""``bench compare`` as a user types it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.compute as compute
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from bench import api
from bench.analysis.tolerance import TOLERANCE
from bench.cli import app
from bench.errors import BenchError
from bench.run.parts import encode_table, part_name

BENCHMARK = "synthfaces-64"


def bench(*words: str | Path, width: int = 80) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": str(width)})
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def runs(
    embed: Callable[[pytest.MonkeyPatch], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        embed(patch)
        api.run(["pixel-arith"], api.Settings(out=out))
    return out


def folder_of(runs: Path, method: str) -> Path:
    (folder,) = (runs / BENCHMARK).glob(f"{method}-*")
    return folder


def test_every_score_stands_in_80_columns(runs: Path) -> None:
    text = bench("compare", "pixel-arith", "copy-source", "--runs", runs)
    assert max(map(len, text.splitlines())) <= 80
    for name in ("transfer score", "raw E", "AU error, squared", "hypervolume", "Wilcoxon"):
        assert name in text
    assert "pixel-arith is better than copy-source" in " ".join(text.split())
    assert "Every" not in text


def test_people_are_printed_when_asked_for(runs: Path) -> None:
    words = ("compare", "pixel-arith", "copy-source", "--runs", runs)
    by_target = bench(*words, "--by-person", "target")
    assert "Every target, by difference in transfer score" in by_target
    found = json.loads(bench(*words, "--json"))
    people = found["people"]["target"]["people"]
    assert all(f"\n{person['identity']} " in by_target for person in people)


def test_json_tells_both_runs_and_that_test_was_read(runs: Path) -> None:
    found = json.loads(bench("compare", "pixel-arith", "target-neutral", "--runs", runs, "--json"))
    assert (found["benchmark"], found["part"]) == (BENCHMARK, "test")
    assert found["first"]["run_id"] == folder_of(runs, "pixel-arith").name
    assert (found["first"]["alpha_protocol"], found["second"]["alpha"]) == ("dev", None)
    rows = {row["name"]: row for row in found["rows"]}
    # Doing nothing is the target itself.
    assert rows["identity_retention"]["second"] == pytest.approx(1.0)
    assert rows["transfer_score"]["difference"] == rows["transfer_score"]["first"] > 0
    assert len(found["disagreements"]) == 5
    assert any("test part has been read" in note for note in found["notes"])


def test_a_run_can_be_named_by_its_folder(runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs, tmp_path / "runs"))
    original = folder_of(copy, "pixel-arith")
    shutil.copytree(original, original.with_name("pixel-arith-c0ffee00"))
    words = ("compare", original.name, "pixel-arith-c0ffee00", "--runs", copy, "--json")
    found = json.loads(bench(*words))
    assert found["second"]["label"] == "pixel-arith-c0ffee00"
    assert {row["difference"] for row in found["rows"]} == {0.0}


def test_the_same_run_of_another_machine_is_compared_row_by_row(runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs, tmp_path / "elsewhere"))
    words = ("compare", "pixel-arith", folder_of(copy, "pixel-arith"), "--runs", runs)
    found = json.loads(bench(*words, "--json"))
    assert found["first"]["run_id"] == found["second"]["run_id"]
    assert found["first"]["label"] != found["second"]["label"]
    assert found["agreement"]["is_same"]
    assert found["agreement"]["rows"] > 4
    assert set(found["agreement"]["largest_differences"].values()) == {0.0}
    assert "all are the same to the last digit" in " ".join(bench(*words).split())
    for share, said in ((0.5, "the two are the same"), (3.0, "differ by more than the 1% of a")):
        shift_naturalness(folder_of(copy, "pixel-arith"), 1.0 + share * TOLERANCE)
        assert said in " ".join(bench(*words).split())
    assert not json.loads(bench(*words, "--json"))["agreement"]["is_same"]
    other = json.loads(bench("compare", "pixel-arith", "copy-source", "--runs", runs, "--json"))
    assert other["agreement"] is None


def shift_naturalness(run: Path, times: float) -> None:
    """As if every image had been made and read on a machine that rounds differently."""
    for path in list(run.glob("scores/*.parquet")):
        table = pq.read_table(path)
        column = table.schema.get_field_index("niqe")
        shifted = table.set_column(column, "niqe", compute.multiply(table["niqe"], times))
        content = encode_table(shifted)
        path.unlink()
        (path.parent / part_name(path.name[: len("part-0123456789abcdef")], content)).write_bytes(
            content
        )


def test_other_instruments_cannot_be_compared(runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs, tmp_path / "runs"))
    path = folder_of(copy, "copy-source") / "run.json"
    info = json.loads(path.read_text(encoding="utf-8"))
    info["identity"]["parts"]["resolution"] = 32
    path.write_text(json.dumps(info), encoding="utf-8")
    with pytest.raises(BenchError, match="other data or instruments and cannot be compared"):
        bench("compare", "pixel-arith", "copy-source", "--runs", copy)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("pixel-arit", "copy-source", r"did you mean 'pixel-arith'.*there: copy-source, pixel-ar"),
        ("pixel-arith", "pixel-arith", "are one run.*name two methods"),
    ],
)
def test_what_cannot_be_compared_says_why(
    runs: Path, first: str, second: str, message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        bench("compare", first, second, "--runs", runs)


def test_a_run_at_a_given_alpha_alone_says_how_to_choose_one(
    embedded: Path, tmp_path: Path
) -> None:
    api.run(["pixel-arith"], api.Settings(out=tmp_path), alpha=1.0)
    with pytest.raises(
        BenchError, match=r"no rows of the dev part.*bench alpha-search pixel-arith"
    ):
        bench("compare", "pixel-arith", "copy-source", "--runs", tmp_path)


def test_a_run_without_rows_is_none(runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs, tmp_path / "runs"))
    folder = folder_of(copy, "copy-source")
    for path in folder.glob("scores/*.parquet"):
        path.unlink()
    with pytest.raises(BenchError, match="no stored run of 'copy-source'"):
        bench("compare", "pixel-arith", "copy-source", "--runs", copy)
