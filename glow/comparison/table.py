"""The comparison for the terminal: 100 columns, without colour and in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from glow.comparison.accuracy import Accuracy
from glow.comparison.machine import Machine, MatrixPeak
from glow.comparison.peers import DIFFERENCES
from glow.comparison.rows import Row

__all__ = ["WIDTH", "print_accuracy", "print_machine", "print_notes", "print_rows"]

WIDTH = 100

_COLUMNS = (
    ("implementation", 18),
    ("precision", 9),
    ("encode/s", 8),
    ("decode/s", 8),
    ("medians", 11),
    ("MiB", 5),
    ("round\ntrip", 5),
    ("% of\npeak", 7),
    ("x best\npeer", 9),
    ("x best\nfp32", 9),
)


def print_machine(machine: Machine, peaks: Sequence[MatrixPeak], console: Console) -> None:
    """The line of the machine and how fast it multiplies matrices."""
    _print(console, str(machine))
    for peak in peaks:
        _print(console, f"matrix peak {peak.precision}: {peak.gflops:.0f} GFLOP/s ({peak.product})")


def print_rows(rows: Sequence[Row], console: Console) -> None:
    """One table, a part for each cell; speeds are images per second."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for index, (title, width) in enumerate(_COLUMNS):
        table.add_column(
            title, justify="left" if index < 2 else "right", min_width=width, no_wrap=True
        )
    for (size, batch), cell in groupby(rows, key=lambda row: (row.size, row.batch)):
        table.add_row()
        table.add_row(Text(f"{size}x{size}, {batch} at once", style="bold"))
        for row in cell:
            table.add_row(*_texts(row))
    console.print(table, soft_wrap=True)


def print_notes(rows: Sequence[Row], console: Console) -> None:
    """What did not run and why, what the columns mean, and how the peers differ."""
    _print(
        console,
        "\nImages per second on one thread, by processor time: the fastest call, and the median. "
        "MiB: peak of a process of its own that makes the model, encodes and decodes (that of the "
        "compiler too). Round trip: largest error of a value in [0, 1]. % of peak: operations a "
        "second over those of the machine's best product of matrices. x best peer: ours over the "
        "fastest peer in the same precision, encode/decode; x best fp32: over the fastest in fp32.",
    )
    names = {row.implementation for row in rows}
    for name, difference in DIFFERENCES.items():
        if name in names:
            _print(console, f"{name}: {difference}.")
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            what = f"{row.implementation} {row.precision} {row.size}x{row.size} x {row.batch}"
            by_reason.setdefault(row.note, []).append(what)
    for reason, failed in by_reason.items():
        _print(console, f"Not measured: {', '.join(failed)}: {reason}")


def print_accuracy(results: Sequence[Accuracy], console: Console) -> None:
    """How far ours is from the float64 reference, a line for each model and precision."""
    _print(console, "\nLargest difference from the op-by-op Glow in float64, on trained weights:")
    for result in results:
        what = f"{result.model} {result.precision}"
        if result.latents is None or result.images is None:
            _print(console, f"  {what}: not measured: {result.note}")
        else:
            numbers = f"latents {result.latents:.1e}, decoded images {result.images:.1e}"
            _print(console, f"  {what:<20} {numbers}")


def _texts(row: Row) -> list[str]:
    if row.note:
        return [row.implementation, row.precision, "-", "-", "-", "-", "-", "-"]
    return [
        row.implementation,
        row.precision,
        _number(row.encode_images_per_second),
        _number(row.decode_images_per_second),
        _pair(row.encode_median_images_per_second, row.decode_median_images_per_second),
        f"{row.peak_mib:.0f}",
        f"{row.round_trip:.0e}",
        _shares(row.encode_share_of_peak, row.decode_share_of_peak),
        _ratios(row.encode_vs_best_peer, row.decode_vs_best_peer),
        _ratios(row.encode_vs_best_fp32_peer, row.decode_vs_best_fp32_peer),
    ]


def _number(value: float | None) -> str:
    """Three digits."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}"


def _pair(encode: float | None, decode: float | None) -> str:
    if encode is None or decode is None:
        return ""
    return f"{_number(encode)}/{_number(decode)}"


def _ratios(encode: float | None, decode: float | None) -> str:
    if encode is None or decode is None:
        return ""
    return "/".join(f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}" for ratio in (encode, decode))


def _shares(encode: float | None, decode: float | None) -> str:
    if encode is None or decode is None:
        return ""
    return f"{100 * encode:.0f}/{100 * decode:.0f}"


def _print(console: Console, text: str) -> None:
    console.print(Text(text), width=WIDTH)
