"""The tables of a ranked board as Markdown, for published boards and for reports alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bench.analysis.board import Board, BoardRow
from bench.analysis.statistics.comparisons import explain
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.wording import (
    alpha_text,
    coverage_text,
    interval,
    number,
    own_mean_face,
    percent,
    rank_text,
    rate,
    signed,
)

__all__ = [
    "anchors_table",
    "details_table",
    "differences_table",
    "mean_faces",
    "ranking_table",
]


def ranking_table(rows: Sequence[BoardRow], status: Mapping[str, str] | None = None) -> str:
    """The contestants, best first.

    Args:
        rows: of the board, without anchors.
        status: of each row by label, such as ``verified``; None for no such column.
    """
    headings = ["method", "rank", "score [95 %]", "E", "R", "Q", "coverage", "alpha"]
    cells = [
        [
            markdown_text(row.label),
            rank_text(row),
            *_scores(row),
            f"{alpha_text(row)} {row.alpha_protocol}" if row.alpha is not None else "-",
        ]
        for row in rows
    ]
    return _with_status(headings, cells, rows, status)


def anchors_table(rows: Sequence[BoardRow], status: Mapping[str, str] | None = None) -> str:
    """The anchors; arguments as :func:`ranking_table`."""
    headings = ["anchor", "score [95 %]", "E", "R", "Q", "coverage"]
    cells = [[markdown_text(row.label), *_scores(row)] for row in rows]
    return _with_status(headings, cells, rows, status)


def _with_status(
    headings: list[str],
    cells: list[list[str]],
    rows: Sequence[BoardRow],
    status: Mapping[str, str] | None,
) -> str:
    if status is None:
        return markdown_table(headings, cells)
    told = [[*line, status[row.label]] for line, row in zip(cells, rows, strict=True)]
    return markdown_table([*headings, "status"], told)


def _scores(row: BoardRow) -> list[str]:
    parts = (row.expression_skill, row.identity_retention, row.naturalness)
    return [
        f"{number(row.transfer_score.value, 3)} {interval(row.transfer_score, 3)}".rstrip(),
        *(f"{number(part.value)} {interval(part)}".rstrip() for part in parts),
        coverage_text(row),
    ]


def details_table(rows: Sequence[BoardRow], hardware: Mapping[str, Mapping[str, Any]]) -> str:
    """What is known of contestants beyond their scores; nothing without contestants.

    Args:
        rows: of the board, without anchors.
        hardware: on which each was run, by label, as in ``run.json``.
    """
    if not rows:
        return ""
    headings = [
        "method", "hardware", "P(best)", "mean rank", "Pareto", "hypervolume [95 %]", "images/s",
        "MiB",
    ]  # fmt: skip
    cells = []
    for row in rows:
        volume = row.hypervolume
        cells.append(
            [
                markdown_text(row.label),
                markdown_text(_hardware(hardware[row.label])),
                percent(row.best_probability),
                number(row.average_rank),
                f"{'yes' if row.on_front else 'no'}, {percent(row.front_frequency)}",
                f"{number(volume.value, 3)} {interval(volume, 3)}".rstrip() if volume else "",
                rate(row.images_per_second),
                number(row.peak_memory_mib, 0),
            ]
        )
    return markdown_table(headings, cells, texts=2)


def _hardware(hardware: Mapping[str, Any]) -> str:
    if not hardware:
        return "-"
    cores = f", {hardware['cores']} cores" if hardware.get("cores") else ""
    return f"{hardware.get('processor')}{cores}, {hardware.get('device')}"


def mean_faces(rows: Sequence[BoardRow]) -> str:
    """What methods lose before any transfer; nothing where none has alpha."""
    lost = [f"{row.label} {scores}" for row in rows if (scores := own_mean_face(row))]
    return "; ".join(lost)


def differences_table(board: Board, rows: Sequence[BoardRow]) -> str:
    """Each method and the one below it: told apart or not, and what it would take.

    Nothing with fewer than two, or where the methods of the board were not compared.
    """
    if not board.comparisons:
        return ""
    cells = []
    for upper, lower in pairwise(rows):
        found = explain(upper.label, lower.label, board.comparisons)
        one = found.comparison
        cells.append(
            [
                markdown_text(f"{upper.label} - {lower.label}"),
                f"{signed(one.difference, 3)} [{number(one.low, 3)}, {number(one.high, 3)}]",
                markdown_text(found.reason),
            ]
        )
    return markdown_table(["methods", "difference [95 %]", "why"], cells, texts=3) if cells else ""
