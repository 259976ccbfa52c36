"""The simulation: what must hold whatever the numbers are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bench.run.distributed.bundles import BUNDLE_SECONDS
from bench.run.distributed.simulate import Model, made_up_chunks, main, simulate

SMALL = Model(images=60_000, people=200)

IDEAL = replace(
    SMALL,
    spread=0.0, unlike=0.0, encode_seconds=0.0, load_seconds=0.0, start_seconds=0.0,
    write_seconds=0.0, part_mb=0.0, task_seconds=0.0, plan_seconds=0.0, read_seconds=0.0,
)  # fmt: skip


def test_the_plan_holds_every_image_once() -> None:
    chunks = made_up_chunks(SMALL)
    rows = {(pair, alpha) for chunk in chunks for pair, alpha in chunk.rows}
    assert sum(map(len, chunks)) >= SMALL.images
    # Two pairs drawn alike are one row, and stand in the plan twice.
    assert len(rows) > 0.9 * SMALL.images
    assert {len(chunk) for chunk in chunks[:-1]} == {66}


def test_without_any_cost_everybody_works_all_the_time() -> None:
    chunks = made_up_chunks(IDEAL)
    one, eight = simulate(IDEAL, chunks, [1, 8])
    assert one.hours * 3600 == pytest.approx(sum(map(len, chunks)) * IDEAL.image_seconds)
    assert one.efficiency == one.command_efficiency == 1.0
    # At the end, one chunk more or less for each.
    assert 0.98 < eight.efficiency <= 1.0
    assert eight.efficiency == pytest.approx(1.0 - eight.ending)
    assert eight.waiting == eight.starting == eight.encoding == eight.scheduler == 0.0


def test_a_slow_scheduler_is_what_ends_the_scaling() -> None:
    model = replace(IDEAL, image_seconds=0.001, task_seconds=2 * BUNDLE_SECONDS)
    outcomes = simulate(model, made_up_chunks(model), [1, 16])
    assert outcomes[1].efficiency < 0.2
    assert outcomes[1].scheduler > 0.9
    assert outcomes[1].waiting > 0.5


def test_a_slow_storage_is_what_ends_the_scaling() -> None:
    model = replace(IDEAL, part_mb=1.0, storage_mb=1.0)
    one, many = simulate(model, made_up_chunks(model), [1, 16])
    assert one.storage < 0.5
    assert many.storage > 0.95
    assert many.efficiency < 0.5


def test_the_board_is_one_process_s_work() -> None:
    model = replace(IDEAL, read_seconds=1.0)
    (many,) = simulate(model, made_up_chunks(model), [64])
    assert many.command_efficiency < 0.1 < 0.8 < many.efficiency


def test_the_shares_add_up() -> None:
    model = replace(SMALL, unlike=0.0, spread=0.0)
    chunks = made_up_chunks(model)
    for one in simulate(model, chunks, [2, 16]):
        lost = one.starting + one.encoding + one.waiting + one.ending
        # What one worker loses while it starts is missing on the other side.
        assert one.efficiency == pytest.approx(1.0 - lost, abs=0.05)
        assert 0.0 < one.efficiency <= 1.0


def test_the_same_seed_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--images", "20000", "--people", "100", "--workers", "1", "4", "--json"]
    printed = []
    for seed in ("0", "0", "1"):
        assert main([*words, "--seed", seed]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != printed[2]
    found = json.loads(printed[0])
    assert [one["workers"] for one in found["outcomes"]] == [1, 4]
    assert found["model"]["images"] == 20000


def documented() -> list[list[str]]:
    """The cells of the table in the documentation, and nothing of their layout."""
    text = (Path(__file__).parents[3] / "docs" / "cluster.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\| *(workers|[0-9]+) *\|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.slow
def test_the_documentation_has_what_the_command_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    what, _, *table, _, verdict = capsys.readouterr().out.splitlines()
    assert [re.split(r" {2,}", line.strip()) for line in table] == documented()
    text = (Path(__file__).parents[3] / "docs" / "cluster.md").read_text(encoding="utf-8")
    assert f"{what}:" in text
    assert "at least 90% efficient up to 128 workers" in verdict
    assert "at least 90% efficient up to 128 workers" in text


def test_the_table_says_where_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--images", "20000", "--people", "100", "--workers", "1", "64"]) == 0
    printed = capsys.readouterr().out
    assert "20,000 images, 11 alphas, 100 people" in printed
    assert "at 64 most is lost by starting the workers" in printed


@pytest.mark.parametrize("words", [["--workers", "0"], ["--images", "0"], ["--spread", "-1"]])
def test_numbers_that_are_none(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert "too small" in capsys.readouterr().err
