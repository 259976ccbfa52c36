from __future__ import annotations

import pytest

from glow.comparison.cells import Cell, Contestant, config_for
from glow.comparison.flops import flops_per_image
from glow.comparison.measure import Times
from glow.comparison.process import Ready
from glow.comparison.rows import Row, failed_row, measured_row, with_ratios

CELL = Cell(config_for(8, width=4, steps=1), 6)
READY = Ready(peak_mib=300.0, model_mib=250.0, round_trip=1e-6)


def row(implementation: str, precision: str, encode: float, decode: float) -> Row:
    return Row(implementation, precision, 8, 1, encode, decode)


def test_speeds_are_images_of_the_least_and_of_the_median_call() -> None:
    times = Times({"encode": [2.0, 3.0, 6.0], "decode": [1.0, 1.5, 3.0]})
    found = measured_row(Contestant("FrEIA", "fp32", compiled=True), CELL, READY, times, {})
    assert found.implementation == "FrEIA compiled"
    assert (found.encode_images_per_second, found.decode_images_per_second) == (3.0, 6.0)
    assert (found.encode_median_images_per_second, found.decode_median_images_per_second) == (2, 4)
    assert (found.peak_mib, found.round_trip, found.calls) == (300.0, 1e-6, 3)
    assert found.encode_share_of_peak is None


@pytest.mark.parametrize(("name", "priors"), [("glow", True), ("nflows", False)])
def test_share_of_the_peak_counts_the_operations_that_are_made(name: str, priors: bool) -> None:
    times = Times({"encode": [6.0], "decode": [3.0]})
    found = measured_row(Contestant(name, "fp32"), CELL, READY, times, {"fp32": 2.0, "bf16": 9.0})
    a_second = flops_per_image(CELL.config, priors=priors) / 1e9
    assert found.encode_share_of_peak == pytest.approx(a_second / 2.0)
    assert found.decode_share_of_peak == pytest.approx(2.0 * a_second / 2.0)


def test_additive_is_measured_by_its_own_operations() -> None:
    times = Times({"encode": [6.0], "decode": [6.0]})
    rows = [
        measured_row(Contestant(name, "fp32"), CELL, READY, times, {"fp32": 1.0})
        for name in ("glow", "glow additive")
    ]
    assert (rows[1].encode_share_of_peak or 1.0) < (rows[0].encode_share_of_peak or 0.0)


def test_ratios_are_to_the_fastest_peer_in_each_direction() -> None:
    rows = [
        row("glow", "fp32", 10.0, 12.0),
        row("glow additive", "fp32", 20.0, 20.0),
        row("FrEIA", "fp32", 4.0, 8.0),
        row("FrEIA compiled", "fp32", 5.0, 3.0),
        row("glow", "bf16", 40.0, 48.0),
        row("nflows", "bf16", 20.0, 12.0),
    ]
    fp32, additive, *peers, bf16, rival = with_ratios(rows, ["FrEIA", "nflows"])
    assert (fp32.encode_vs_best_peer, fp32.decode_vs_best_peer) == (2.0, 1.5)
    assert (fp32.encode_vs_best_fp32_peer, fp32.decode_vs_best_fp32_peer) == (2.0, 1.5)
    assert (bf16.encode_vs_best_peer, bf16.decode_vs_best_peer) == (2.0, 4.0)
    assert (bf16.encode_vs_best_fp32_peer, bf16.decode_vs_best_fp32_peer) == (8.0, 6.0)
    assert [r.encode_vs_best_peer for r in (additive, *peers, rival)] == [None] * 4


def test_what_failed_is_neither_a_rival_nor_compared() -> None:
    bad = failed_row(Contestant("FrEIA", "fp32"), CELL, "no compiler")
    ours, _ = with_ratios([row("glow", "fp32", 10.0, 10.0), bad], ["FrEIA"])
    assert ours.encode_vs_best_peer is None
    refused = failed_row(Contestant("glow", "bf16"), CELL, "no fast bf16")
    ours, _ = with_ratios([refused, row("FrEIA", "bf16", 1.0, 1.0)], ["FrEIA"])
    assert (ours.encode_vs_best_peer, ours.note) == (None, "no fast bf16")


def test_a_failure_while_timing_is_a_row_with_the_reason_alone() -> None:
    times = Times(failure="killed")
    found = measured_row(Contestant("nflows", "bf16"), CELL, READY, times, {"bf16": 1.0})
    assert found == Row("nflows", "bf16", 8, 6, note="killed")
