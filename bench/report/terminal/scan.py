"""What a scan of a user's copy found, for the terminal."""

from __future__ import annotations

import textwrap
from typing import Any

from rich.console import Console

from bench.report.wording import printable

__all__ = ["print_scan"]

MANY = 8
"""Names that are listed one by one, at most."""


def print_scan(found: dict[str, Any], console: Console) -> None:
    """Prints what is listed, and every file that is not, by fault with examples.

    Args:
        found: a scan as JSON values.
        console: where to.
    """
    _line(console, f"{found['dataset']} in {found['data']}: {found['image_files']} image files")
    roles = found["roles"]
    sizes = ", ".join(f"{size}x{size}" for size in found["sizes"])
    _line(
        console,
        f"{found['listed']} listed: {found['identities']} people, {roles.get('reference', 0)} "
        f"reference and {roles.get('source', 0)} source images, {sizes} pixels",
        2,
    )
    if found["expressions"]:
        counts = _counts(found["expressions"])
        _line(console, f"expressions: {counts}", 2)
    if found["labelled"]:
        _line(console, f"with AU labels: {found['labelled']}", 2)
    for misfit in found["misfits"]:
        _line(
            console, f"{misfit['files']} not used because {misfit['reason']}:{_such_as(misfit)}", 2
        )
    for name, reason in (
        ("unused", "fit and serve as nothing by the card's rules"),
        ("surplus", "beyond what a rule takes of one expression"),
    ):
        if found[name]["files"]:
            _line(console, f"{found[name]['files']} {reason}:{_such_as(found[name])}", 2)
    for pattern, count in found["side_files"].items():
        _line(console, f"{count} side files {pattern}", 2)
    if found["other_files"]:
        total = sum(found["other_files"].values())
        _line(console, f"{total} other files ({_counts(found['other_files'])})", 2)
    if people := found["without_reference"]:
        _line(
            console,
            f"{len(people)} people have no reference image and stay out of splits: {_some(people)}",
            2,
        )


def _line(console: Console, text: str, indent: int = 0) -> None:
    # Wrapped here: the console would fill the lines up with spaces.
    for part in textwrap.wrap(
        printable(text), console.width - indent - 2, subsequent_indent="  ", break_on_hyphens=False
    ):
        console.print(f"{' ' * indent}{part}", markup=False, highlight=False, soft_wrap=True)


def _such_as(fault: dict[str, Any]) -> str:
    more = ", ..." if fault["files"] > len(fault["examples"]) else ""
    return f" {', '.join(fault['examples'])}{more}"


def _counts(values: dict[str, int]) -> str:
    return _some([f"{name} {count}" for name, count in values.items()])


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
    return ", ".join(names[:MANY]) + more
