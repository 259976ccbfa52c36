"""What a reader of a board must know before using it, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bench.analysis.board import BoardRow
from bench.analysis.bootstrap import FEWEST_IDENTITIES, Interval

__all__ = ["board_notes"]


def board_notes(
    rows: Sequence[BoardRow],
    terms: Sequence[pd.DataFrame],
    *,
    identities: int,
    alphas: Mapping[str, frozenset[float]],
) -> list[str]:
    """The notes of a board, as far as its rows and what they were made from tell them.

    Args:
        rows: of the board.
        terms: of each row, at its alpha.
        identities: the fewer of the people on the two sides.
        alphas: of each contestant that has alpha, by name.
    """
    notes = []
    if identities < FEWEST_IDENTITIES:
        warning = Interval(np.nan, np.nan, identities).warning
        notes.append(f"{warning}.".capitalize())
    if failed := sum(sum(row.failures.values()) for row in rows):
        moved = [
            f"{row.label} {row.rank} -> {row.rank_without_failures}"
            for row in rows
            if row.rank != row.rank_without_failures
        ]
        change = f"change ranks: {', '.join(moved)}" if moved else "change no rank"
        notes.append(
            f"Failed pairs ({failed}) are scored as the worst anchor there; "
            f"leaving them out would {change}."
        )
    if not _same_pairs(terms):
        counts = ", ".join(f"{row.label} {row.pairs}" for row in rows)
        notes.append(f"Methods have unequal pairs, their ranks are not comparable: {counts}.")
    if len(set(alphas.values())) > 1:
        counts = ", ".join(f"{name} {len(values)}" for name, values in alphas.items())
        notes.append(f"Hypervolumes are not comparable, the grids of alpha are unequal: {counts}.")
    unusable = max((table.attrs.get("unusable_pairs", 0) for table in terms), default=0)
    if unusable:
        notes.append(
            f"{unusable} pairs are left out for every method: a real image could not be read."
        )
    return [*notes, *_undefined(rows)]


def _same_pairs(terms: Sequence[pd.DataFrame]) -> bool:
    pairs = [table.loc[table["kind"] == "cross", "pair"] for table in terms]
    counts = [pd.concat([pairs[0], own]).nunique() for own in pairs[1:]]
    return len({*counts, *map(len, pairs)}) <= 1


def _undefined(rows: Sequence[BoardRow]) -> list[str]:
    lacking = {row.label: _lacking(row) for row in rows if np.isnan(row.transfer_score.value)}
    notes = []
    for names in dict.fromkeys(lacking.values()):
        labels = ", ".join(label for label in lacking if lacking[label] == names)
        notes.append(
            f"No score is defined for {labels}: {names} could not be measured on every pair, or "
            "with nothing to divide by."
        )
    return notes


def _lacking(row: BoardRow) -> str:
    """The undefined ones of E, R and Q."""
    scores = (row.expression_skill, row.identity_retention, row.naturalness)
    named = zip("ERQ", scores, strict=True)
    return " and ".join(name for name, score in named if np.isnan(score.value))
