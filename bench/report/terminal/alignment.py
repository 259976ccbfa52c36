"""What was aligned, and how well a folder is, for the terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.data.alignment.record import ALIGNED, AlignedPicture
from bench.report.terminal.console import titled_table
from bench.report.wording import number, percent, printable

__all__ = ["alignment_summary", "print_aligned", "print_alignment_check"]

MANY: Final = 20
"""Pictures that are listed one by one, at most."""

FEW: Final = 5

MEANING: Final = {
    "ok": "aligned",
    "several_faces": "aligned by the largest of several faces",
    "exists": "there already, left as it was (--overwrite makes it again)",
    "no_face": "no face found",
    "no_landmarks": "no usable landmarks",
    "too_small": "too small",
    "unreadable": "cannot be read",
    "name_taken": "another picture has the name of its PNG file",
}


def alignment_summary(pictures: Sequence[AlignedPicture], aligned: str) -> dict[str, Any]:
    """What happened as JSON values, a row for each picture."""
    counts = Counter(picture.outcome for picture in pictures)
    return {
        "schema_version": 1,
        "folder": aligned,
        "pictures": len(pictures),
        "aligned": sum(counts[outcome] for outcome in ALIGNED),
        "outcomes": dict(sorted(counts.items())),
        "rows": [picture.cells() for picture in pictures],
    }


def print_aligned(pictures: Sequence[AlignedPicture], table: str, console: Console) -> None:
    """Prints how many pictures met which outcome, and those that were not aligned by name."""
    counts = Counter(picture.outcome for picture in pictures)
    for outcome, meaning in MEANING.items():
        if count := counts[outcome]:  # type: ignore[index]
            _line(console, f"{count:>6}  {meaning}", 8)
    failed = [picture for picture in pictures if picture.outcome not in ALIGNED]
    if failed:
        console.print()
        rows = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
        rows.add_column("not aligned", overflow="fold", max_width=console.width // 2)
        rows.add_column("because", overflow="fold")
        for picture in failed[:MANY]:
            reason = picture.reason or MEANING[picture.outcome]
            rows.add_row(Text(printable(picture.file)), Text(printable(reason)))
        console.print(rows)
        if failed[MANY:]:
            _line(console, f"and {len(failed) - MANY} more")
        console.print()
    dark = [p for p in pictures if p.inside is not None and p.inside < 1.0]
    if dark:
        share = max(1.0 - (picture.inside or 0.0) for picture in dark)
        _line(
            console,
            f"Pictures that end inside of the frame and have a black border: {len(dark)}, up to "
            f"{percent(share)} of it.",
        )
    _line(console, f"Table of all pictures, with eyes, scale and confidence: {table}")


def print_alignment_check(check: dict[str, Any], console: Console) -> None:
    """Prints a check (:meth:`bench.data.alignment.check.AlignmentCheck.to_dict`)."""
    measured, pictures, side = check["measured"], check["pictures"], check["reference_side"]
    title = f"{check['folder']} against the template {check['template']}"
    table = titled_table(printable(title), header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    left, right = check["mean_left_eye_offset"], check["mean_right_eye_offset"]
    rows = [
        ("pictures", f"{measured} of {pictures} measured, by {check['source']}"),
        ("mean offset", f"{number(check['mean_offset'])} px of {side}"),
        (
            "",
            f"median {number(check['median_offset'])}, 95 % within "
            f"{number(check['offset_95_percent'])}",
        ),
        ("worst offset", f"{number(check['worst_offset'])} px, {check['worst_file']}"),
        ("left eye", f"{_pair(left)} px right and down, in the mean"),
        ("right eye", f"{_pair(right)} px"),
        (
            "between eyes",
            f"{number(check['mean_interocular'])} px, should be "
            f"{number(check['expected_interocular'])}",
        ),
    ]
    for name, text in rows:
        table.add_row(Text(name), Text(printable(text)))
    console.print(table)
    for name, files in (
        ("no face", check["without_face"]),
        ("several faces, the largest measured", check["several_faces"]),
        ("far off", check["far"]),
        ("not measured", [f"{row['file']} ({row['reason']})" for row in check["unusable"]]),
    ):
        if files:
            more = f" and {len(files) - FEW} more" if files[FEW:] else ""
            _line(console, f"{name}: {', '.join(files[:FEW])}{more}")
    console.print()
    console.print(Text(_verdict(check), style="bold"))


def _verdict(check: dict[str, Any]) -> str:
    tolerance = f"{check['tolerance']:g} px"
    if check["aligned"]:
        return f"Aligned: the mean offset is within {tolerance}."
    if check["mean_offset"] > check["tolerance"]:
        return f"Not aligned: the mean offset is more than {tolerance}."
    return f"Not all aligned: the mean offset is within {tolerance}, but some are far off."


def _pair(offset: Sequence[float]) -> str:
    return ", ".join(f"{value:+.2f}" for value in offset)


def _line(console: Console, text: str, indent: int = 0) -> None:
    # Wrapped here: the console would fill the lines up with spaces.
    for part in textwrap.wrap(
        printable(text),
        console.width,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        drop_whitespace=True,
    ):
        console.print(part, markup=False, highlight=False, soft_wrap=True)
