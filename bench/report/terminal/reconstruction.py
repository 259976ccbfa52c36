"""What encoding and decoding lose, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.report.terminal.console import titled_table
from bench.report.wording import MISSING, interval, number, printable

if TYPE_CHECKING:
    from bench.analysis.reconstruction import (
        MethodFidelity,
        ReconstructionTable,
        ReconstructionValue,
    )

__all__ = ["print_reconstructions"]

_WHAT = {
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "lpips": "LPIPS",
    "id_dist": "identity distance",
    "au_mae": "AU error (mean abs.)",
}


def print_reconstructions(table: ReconstructionTable, console: Console) -> None:
    """Prints every metric of every method with its interval and its worst image."""
    for fidelity in table.methods:
        console.print(_table(fidelity, f"{printable(table.benchmark)}, {table.part} part"))
        console.print()
    for line in _sentences(table):
        console.print(Text(line))


def _table(fidelity: MethodFidelity, where: str) -> Table:
    table = titled_table(
        f"{where}: {printable(fidelity.label)}, encoded and decoded, "
        f"{fidelity.images} images of {fidelity.people} people"
    )
    table.add_column("metric", no_wrap=True)
    table.add_column("mean [95% interval]", justify="right", no_wrap=True)
    table.add_column("worst", justify="right", no_wrap=True)
    table.add_column("image", overflow="fold")
    for value in fidelity.values:
        table.add_row(
            Text(_WHAT.get(value.name, value.name)),
            Text(_mean(value)),
            Text(_worst(value)),
            Text(printable(value.worst_image) or "-"),
        )
    return table


def _mean(value: ReconstructionValue) -> str:
    if math.isinf(value.estimate.value):
        return "exact"
    digits = _digits(value)
    return f"{number(value.estimate.value, digits)} {interval(value.estimate, digits)}".rstrip()


def _worst(value: ReconstructionValue) -> str:
    if math.isinf(value.worst):
        return "exact"
    return number(value.worst, _digits(value)) if value.images else MISSING


def _digits(value: ReconstructionValue) -> int:
    return 2 if value.name == "psnr" else 4


def _sentences(table: ReconstructionTable) -> Iterator[str]:
    yield (
        "Each image against its original; intervals over people. The PSNR is that of the mean "
        f"squared error. Identity distance by {table.embedder} (L2, 0 to 2), Action Units by "
        f"{table.au_estimator} ({table.scale})."
    )
    for fidelity in table.methods:
        if fidelity.failures:
            failed = ", ".join(f"{name} {n}" for name, n in sorted(fidelity.failures.items()))
            yield (
                f"{printable(fidelity.label)}: {sum(fidelity.failures.values())} of "
                f"{fidelity.images} images count in no mean ({failed})."
            )
    absent = {name: why for fidelity in table.methods for name, why in fidelity.absent.items()}
    for why in dict.fromkeys(absent.values()):
        names = ", ".join(_WHAT.get(n, n).partition(",")[0] for n in absent if absent[n] == why)
        yield f"{names} not computed: {printable(why)}."
