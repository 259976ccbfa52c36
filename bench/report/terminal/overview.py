"""Where benchmarks come from, and what can be added to them, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.report.wording import printable

__all__ = ["where_from"]


def where_from(rows: Sequence[dict[str, Any]], to_add: Sequence[dict[str, Any]]) -> list[str]:
    """Lines below the table of benchmarks.

    Args:
        rows: the benchmarks.
        to_add: datasets that lack a list of images or a split.
    """
    lines = []
    for row in [*rows, *to_add]:
        hides = f", not from {', '.join(row['hidden'])}" if row["hidden"] else ""
        if hides or not row["comes_with_bench"]:
            lines.append(printable(f"{row['name']} is from {row['card']}{hides}"))
    lines += [
        f"{row['name']} has identities alone: for bench check-instruments"
        for row in rows
        if row["is_calibration"]
    ]
    unsplit = [row for row in to_add if row["next"].startswith("bench data splits")]
    lines += [f"{row['name']} needs a split: {row['next']}" for row in unsplit]
    copies = [row["name"] for row in to_add if row not in unsplit]
    if copies:
        lines.append(f"Add your copy of one of these: {', '.join(copies)}")
        lines.append("(bench data show NAME tells where to get it, bench data add NAME adds it)")
    return lines
