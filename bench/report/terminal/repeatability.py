"""How far the readings of a benchmark repeat, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.report.terminal.console import print_sentence, titled_table
from bench.report.wording import number, percent, signed

if TYPE_CHECKING:
    from bench.analysis.instruments.repeatability import Repeatability, RepeatedReading

__all__ = ["print_repeatability"]

_NAMED_FROM = 76
"""Columns below which the names of the Action Units go, so that no number is cut."""


def print_repeatability(measured: Repeatability, console: Console) -> None:
    """Prints what each perturbation changes: of one image, of a board, and Action Unit by unit."""
    console.print(_changes_table(measured))
    print_sentence(
        console,
        "Identity: root mean square L2 distance (0 to 2) of an image to its perturbed self. AUs: "
        f"root mean square change over Action Units ({measured.scale}). Faces: found afterwards; "
        f"{percent(measured.coverage)} before. E, R, Q, score: what a board's score changes by if "
        "this happens to all outputs, the "
        "larger of real-target and shuffled-source; the score's at E = R = Q = 0.5.",
    )
    if not any(reading.kind == "reduction" for reading in measured.readings):
        print_sentence(console, "No smaller resolution is offered; --method-resolution N adds one.")
    console.print()
    console.print(_units_table(measured, named=console.width >= _NAMED_FROM))
    console.print()
    print_sentence(console, _floor_sentence(measured), "bold")


def _changes_table(measured: Repeatability) -> Table:
    table = titled_table(f"Readings of {measured.images} {measured.part} images, perturbed")
    table.add_column("", no_wrap=True)
    for heading in ("identity", "AUs", "faces", "E", "R", "Q", "score"):
        table.add_column(heading, justify="right", no_wrap=True)
    for reading in measured.readings:
        table.add_row(*map(Text, _cells(reading)))
    return table


def _cells(reading: RepeatedReading) -> list[str]:
    from bench.analysis.instruments.floor import largest_score_shift, largest_shift

    return [
        reading.label,
        number(reading.identity_rms, 3),
        number(reading.au_rms, 3),
        percent(reading.coverage),
        *(
            signed(largest_shift(reading.shifts, score), 3)
            for score in ("expression_skill", "identity_retention", "naturalness")
        ),
        signed(largest_score_shift(reading.shifts), 3),
    ]


def _units_table(measured: Repeatability, *, named: bool) -> Table:
    """Mean absolute change of each unit; the four shifts are one column, their mean."""
    from metrics.au.facs import ACTION_UNIT_NAMES

    shifts = [reading for reading in measured.readings if reading.kind == "shift"]
    others = [reading for reading in measured.readings if reading.kind != "shift"]
    table = titled_table("Each Action Unit: mean absolute change")
    table.add_column("AU", no_wrap=True)
    if named:
        table.add_column("", overflow="fold")
    for heading in (*(["1 pixel"] if shifts else []), *(reading.label for reading in others)):
        table.add_column(heading, justify="right", no_wrap=True)
    for unit in measured.readings[0].au_mean_absolute:
        changes = [reading.au_mean_absolute[unit] for reading in others]
        if shifts:
            mean = sum(reading.au_mean_absolute[unit] for reading in shifts) / len(shifts)
            changes.insert(0, mean)
        names = [ACTION_UNIT_NAMES.get(unit, "")] if named else []
        label = unit.removeprefix("AU").lstrip("0")
        table.add_row(*map(Text, [label, *names, *(number(change, 3) for change in changes)]))
    return table


def _floor_sentence(measured: Repeatability) -> str:
    from bench.analysis.instruments.floor import floor_of

    floor = floor_of(measured)
    return (
        "Floor, the largest of these (reductions aside): of a board, score "
        f"{number(floor.of_transfer_score(), 3)}, "
        f"E {number(floor.of('expression_skill'), 3)}, "
        f"R {number(floor.of('identity_retention'), 3)}, "
        f"Q {number(floor.of('naturalness'), 3)}; of one image, identity "
        f"{number(floor.identity, 3)}, AUs {number(floor.action_units, 3)}. Smaller differences "
        "are printed in grey by bench report."
    )
