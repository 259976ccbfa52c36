"""From stored scores back to terms, numbers and a ranked board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from bench.analysis.alpha import alpha_curve, choose_alpha
from bench.analysis.board import Board, BoardRow, Estimate
from bench.analysis.entries import at_zero
from bench.analysis.ranking import BoardEntry, rank_methods
from bench.analysis.records import number_or_none
from bench.analysis.scores import Scores
from bench.analysis.stored_terms import on_grid
from bench.errors import BenchError
from bench.leaderboard.basis import CONSTANTS, Basis, read_basis
from bench.leaderboard.checks import (
    check_complete,
    check_finite,
    check_measured_with,
    check_scores_version,
)
from bench.leaderboard.entry import SCORE_NUMBERS, Entry, list_entries
from bench.leaderboard.verification import is_verified

__all__ = [
    "MEASURED",
    "RANKED_PART",
    "board_entry",
    "board_of",
    "check_contents",
    "chosen_alpha",
    "entry_numbers",
    "entry_terms",
    "published_board",
    "ranked_entries",
    "statuses",
]

RANKED_PART: Final = "test"

MEASURED: Final = tuple(name for name in SCORE_NUMBERS if name != "alpha")
NOT_STORED: Final = ("au_cosine", "id_dist_target_mean", "id_dist_source_mean")
"""Columns of ``sample_terms`` that no number of a board needs."""

# Of the numbers in entry.json: more than another computer reproduces.
SIGNIFICANT_DIGITS: Final = 9


def entry_terms(entry: Entry, basis: Basis, part: str) -> pd.DataFrame:
    """The rows of a part with the columns of ``sample_terms``.

    What is not stored is NaN: on dev all but ``au_mse``, and everywhere ``NOT_STORED``.

    Raises:
        BenchError: a pair is not one of the board's.
    """
    pairs = basis.of_part(part)
    keys = ["part", "source", "sample", "target"]
    rows = entry.scores[entry.scores["part"] == part]
    terms = rows.merge(pairs, on=keys, how="left", validate="many_to_one")
    unknown = terms["expression"].isna()
    if unknown.any():
        lost = "{source}/{sample}>{target}".format(**terms[unknown].iloc[0])
        raise BenchError(f"{entry.folder}: {part} pair {lost} is not one of the board's")
    terms["kind"] = "cross"
    terms["pair"] = terms["source"] + "/" + terms["sample"] + ">" + terms["target"]
    terms[list(NOT_STORED)] = np.nan
    order = [*keys, "kind", "pair", "expression", "alpha", "outcome"]
    terms = terms[[*order, *MEASURED, *NOT_STORED, *CONSTANTS]]
    terms.attrs["unusable_pairs"] = basis.unusable_pairs.get(part, 0)
    return terms


def check_contents(entry: Entry, basis: Basis) -> None:
    """Refuses an entry that is not of this board, or not whole.

    Raises:
        BenchError: it was measured with something else or scored by other formulas, lacks a pair
            or an alpha on either part, or has no number where the outcome is ``ok``.
    """
    who = str(entry.folder)
    check_scores_version(who, entry.info["scores_version"])
    if entry.info["benchmark"] != basis.benchmark:
        raise BenchError(
            f"{who} is of benchmark {entry.info['benchmark']}, its board of {basis.benchmark}"
        )
    check_measured_with(who, entry.info["identity"]["parts"], basis.measured_with, "the board's is")
    alphas = basis.alphas if entry.has_alpha else None
    columns = {"test": MEASURED, "dev": ("au_mse",)}
    for part in ("dev", "test") if entry.has_alpha else ("test",):
        rows = entry.scores[entry.scores["part"] == part]
        pairs = basis.of_part(part)
        keys = pairs["source"] + "/" + pairs["sample"] + ">" + pairs["target"]
        check_complete(who, rows, set(keys), alphas, part)
        check_finite(who, rows, columns[part])


def chosen_alpha(entry: Entry, basis: Basis) -> float | None:
    """The alpha of least AU error on dev (protocol *dev*); None for a method without alpha."""
    if not entry.has_alpha:
        return None
    dev = entry_terms(entry, basis, "dev")
    return choose_alpha(alpha_curve(dev, basis.niqe_real["dev"]))


def board_entry(entry: Entry, basis: Basis) -> BoardEntry:
    """An entry as it is ranked."""
    terms = entry_terms(entry, basis, RANKED_PART)
    alpha = chosen_alpha(entry, basis)
    return BoardEntry(
        method=entry.method,
        run_id=f"{entry.method}-{entry.info['identity']['hash']}",
        parameters=entry.parameters,
        is_anchor=entry.is_anchor,
        terms=terms if alpha is None else on_grid(terms, [alpha]),
        terms_at_zero=None if alpha is None else at_zero(terms),
        alpha=alpha,
        alpha_protocol=None if alpha is None else "dev",
        images_per_second=entry.info["images_per_second"],
        peak_memory_mib=entry.info["peak_memory_mib"],
        curve_terms=None if alpha is None else terms,
    )


def board_of(entries: Sequence[BoardEntry], basis: Basis) -> Board:
    """The ranked table of some entries of a board."""
    return rank_methods(
        entries,
        benchmark=basis.benchmark,
        part=RANKED_PART,
        niqe_real=basis.niqe_real[RANKED_PART],
    )


def ranked_entries(entries: Sequence[Entry], basis: Basis) -> list[BoardEntry]:
    """Entries of a board as they are ranked, each checked to be of it and whole.

    Raises:
        BenchError: as ``check_contents``.
    """
    for entry in entries:
        check_contents(entry, basis)
    return [board_entry(entry, basis) for entry in entries]


def published_board(folder: Path) -> Board:
    """The ranked table of a board in git, computed again from the stored scores.

    Raises:
        BenchError: there is no board or no entry, or one of them is damaged or of another
            version.
    """
    basis, entries = read_basis(folder), list_entries(folder)
    if not entries:
        raise BenchError(f"{folder} has no entry", hint="bench leaderboard add RUN")
    return board_of(ranked_entries(entries, basis), basis)


def statuses(entries: Sequence[Entry]) -> dict[str, str]:
    """By label, ``verified`` where pairs were regenerated, else ``claimed``."""
    return {entry.label: "verified" if is_verified(entry) else "claimed" for entry in entries}


def entry_numbers(entry: Entry, basis: Basis) -> dict[str, Any]:
    """The numbers of ``entry.json``, computed from the stored scores.

    Returns:
        ``alpha``, ``scores``, ``measures``, ``pairs`` and ``failures`` as JSON values; what is
        undefined is None.
    """
    row = board_of([board_entry(entry, basis)], basis).rows[0]
    return {
        "alpha": None if row.alpha is None else _alpha(row.alpha, basis),
        "scores": {
            **{field.name: _estimate(getattr(row, field.name)) for field in fields(Scores)},
            "hypervolume": None if row.hypervolume is None else _estimate(row.hypervolume),
        },
        "measures": _measures(row),
        "pairs": row.pairs,
        "failures": row.failures,
    }


def _alpha(alpha: float, basis: Basis) -> dict[str, Any]:
    return {
        "value": round(alpha, 6),
        "protocol": "dev",
        "criterion": "au",
        "grid": list(basis.alphas),
    }


def _measures(row: BoardRow) -> dict[str, float | None]:
    names = (
        "coverage",
        "au_mse",
        "au_mae",
        "id_dist_target",
        "id_dist_source",
        "expression_skill_at_zero",
        "identity_retention_at_zero",
        "naturalness_at_zero",
    )
    return {name: _rounded(getattr(row, name)) for name in names}


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {field.name: _rounded(getattr(estimate, field.name)) for field in fields(Estimate)}


def _rounded(value: float | None) -> float | None:
    number = number_or_none(value)
    return None if number is None else float(f"{number:.{SIGNIFICANT_DIGITS}g}")
