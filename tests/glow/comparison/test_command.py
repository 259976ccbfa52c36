from __future__ import annotations

import argparse
import json

import pytest

from glow.comparison import command
from glow.comparison.accuracy import Accuracy
from glow.comparison.cells import Cell
from glow.comparison.command import add_bench, run_bench
from glow.comparison.contest import Contest
from glow.comparison.machine import MatrixPeak
from glow.comparison.rows import Row, failed_row

ASKED_FOR = [
    "implementation",
    "precision",
    "size",
    "batch",
    "encode_images_per_second",
    "decode_images_per_second",
    "peak_mib",
    "round_trip",
]


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_bench(parser.add_subparsers())
    return parser.parse_args(["bench", *arguments])


@pytest.fixture
def contests(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Contest, Cell]]:
    """Nothing is measured; what would have been is listed."""
    made: list[tuple[Contest, Cell]] = []

    def run(contest: Contest, cell: Cell, advance: object) -> list[Row]:
        made.append((contest, cell))
        return [failed_row(contestant, cell, "not run") for contestant in contest.contestants]

    monkeypatch.setattr(Contest, "run", run)
    monkeypatch.setattr(command, "_matrix_peaks", lambda _: [MatrixPeak("fp32", 100.0, "mm")])
    monkeypatch.setattr(command, "_accuracy", lambda _: [Accuracy("london-64", "fp32", 1e-6, 1e-7)])
    return made


def test_default_cells(contests: list[tuple[Contest, Cell]]) -> None:
    assert run_bench(parse()) == 0
    cells = [(cell.config.image_size, cell.batch) for _, cell in contests]
    assert cells == [(64, 1), (64, 8), (64, 32), (256, 1), (256, 4)]
    assert len(contests[0][0].contestants) == 2 * (2 + 3 * 2)
    assert contests[0][0].peak_gflops == {"fp32": 100.0}


def test_quick(contests: list[tuple[Contest, Cell]]) -> None:
    run_bench(parse("--quick"))
    ((contest, cell),) = contests
    assert (cell.config.image_size, cell.batch, contest.repeats) == (64, 1, 3)
    assert not any(contestant.compiled for contestant in contest.contestants)


def test_options_choose(contests: list[tuple[Contest, Cell]]) -> None:
    options = "--sizes 8,16 --batches 3 --precisions bf16 --peers none --width 4 --depth 2"
    run_bench(parse(*options.split()))
    assert [(cell.config.image_size, cell.batch) for _, cell in contests] == [(8, 3), (16, 3)]
    assert (contests[0][1].config.width, contests[0][1].config.steps) == (4, 2)
    found = [(c.label, c.precision) for c in contests[0][0].contestants]
    assert found == [("glow", "bf16"), ("glow additive", "bf16")]


@pytest.mark.usefixtures("contests")
def test_json_rows_have_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    run_bench(parse("--json", "--quick", "--peers", "FrEIA"))
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"machine", "matrix_peaks", "peers", "rows", "accuracy"}
    assert all(list(row)[: len(ASKED_FOR)] == ASKED_FOR for row in report["rows"])
    assert list(report["peers"]) == ["FrEIA"]
    assert report["accuracy"][0]["latents"] == 1e-6


@pytest.mark.usefixtures("contests")
def test_the_table_goes_to_stdout_and_the_bar_to_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_bench(parse("--quick"))
    captured = capsys.readouterr()
    assert "64x64, 1 at once" in captured.out
    assert "100%" not in captured.out
    assert "64x64, 1 at once" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--sizes 48", "power of two"),
        ("--batches 0", "batch must be at least 1"),
        ("--precisions fp16", "no precision fp16; known: fp32, bf16"),
        ("--peers pyro", "no peer pyro; known: normflows, FrEIA, nflows"),
        ("--repeats 0", "--repeats must be at least 1"),
        ("--depth 0", "steps must be at least 1"),
    ],
)
def test_what_there_is_not_is_refused(arguments: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_bench(parse(*arguments.split()))


def test_a_list_that_is_none_says_what_was_expected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--sizes", "64;256")
    assert "expected whole numbers with commas between them, not '64;256'" in (
        capsys.readouterr().err
    )
