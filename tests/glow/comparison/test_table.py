from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from glow.comparison.accuracy import Accuracy
from glow.comparison.machine import Machine, MatrixPeak
from glow.comparison.rows import Row
from glow.comparison.table import (
    WIDTH,
    print_accuracy,
    print_machine,
    print_notes,
    print_rows,
)

WIDEST = Row(
    "normflows compiled",
    "bf16",
    256,
    4,
    0.1234,
    1234.5,
    12345.6,
    1.4e-12,
    0.1234,
    12345.6,
    7,
    1000.0,
    0.1,
    1.01,
    12.34,
    56.78,
    0.123,
    9.876,
)


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=WIDTH)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_widest_row_fits_100_columns_uncut(console: Console) -> None:
    print_rows([WIDEST], console)
    lines = text_of(console).splitlines()
    assert max(map(len, lines)) <= 100
    line = next(line for line in lines if line.startswith("normflows compiled"))
    assert line.split()[3:] == [
        *("0.123", "1234", "0.123/12346", "12346", "1e-12", "10/101", "12.3/56.8", "0.12/9.88")
    ]


def test_each_cell_has_its_title_once(console: Console) -> None:
    small = replace(WIDEST, size=64, batch=1)
    print_rows([small, small, replace(small, batch=8), WIDEST], console)
    titles = [line.strip() for line in text_of(console).splitlines() if "at once" in line]
    assert titles == ["64x64, 1 at once", "64x64, 8 at once", "256x256, 4 at once"]


def test_what_did_not_run_is_a_row_and_a_reason(console: Console) -> None:
    rows = [Row("nflows", "bf16", 64, batch, note="no fast bf16") for batch in (1, 8)]
    print_rows(rows, console)
    print_notes(rows, console)
    text = " ".join(text_of(console).split())
    assert "nflows bf16 - - - - - -" in text
    assert "Not measured: nflows bf16 64x64 x 1, nflows bf16 64x64 x 8: no fast bf16" in text
    assert "OneByOneConvolution" in text
    assert "GlowBlock" not in text


def test_machine_and_accuracy_lines(console: Console) -> None:
    machine = Machine("Xeon", ("amx_bf16",), "2.13.0")
    print_machine(machine, [MatrixPeak("fp32", 188.2, "oneDNN, 2048x2048")], console)
    results = [
        Accuracy("london-64", "fp32", 1e-6, 6e-7),
        Accuracy("london-64", "bf16", note="no fast bf16"),
    ]
    print_accuracy(results, console)
    text = text_of(console)
    assert "Xeon (amx_bf16); torch 2.13.0; one thread, processor time" in text
    assert "matrix peak fp32: 188 GFLOP/s (oneDNN, 2048x2048)" in text
    assert "latents 1.0e-06, decoded images 6.0e-07" in text
    assert "london-64 bf16: not measured: no fast bf16" in text
