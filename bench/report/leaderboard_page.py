"""README.md of a board: everything that its files say, as Markdown; the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import jinja2

from bench.analysis.board import Board, BoardRow
from bench.analysis.statistics.comparisons import explain
from bench.errors import BenchError
from bench.leaderboard.basis import read_basis
from bench.leaderboard.contents import board_of, ranked_entries, statuses
from bench.leaderboard.entry import Entry, list_entries
from bench.leaderboard.schema import read_json
from bench.report.groups import groups_markdown
from bench.report.leaderboard_sources import (
    basis_lines,
    instruments_table,
    make_command,
    makers,
    row_commands,
)
from bench.report.markdown import markdown_table, markdown_text
from bench.report.opinion import opinion_markdown
from bench.report.significance import mean_ranks_text
from bench.report.wording import (
    alpha_text,
    conclusion,
    coverage_text,
    interval,
    listed,
    number,
    own_mean_face,
    percent,
    printable,
    rank_text,
    rate,
    signed,
)

__all__ = ["GROUPS_FILE", "MADE_FROM", "OPINION_FILE", "PAGE_FILE", "board_page"]

PAGE_FILE: Final = "README.md"
GROUPS_FILE: Final = "groups.json"
OPINION_FILE: Final = "opinion.json"
NOTES_FILE: Final = "notes.md"

MADE_FROM: Final = "made_from"
"""In ``groups.json``, the identity hash of each run by label, so that an old file is told."""


def board_page(folder: Path) -> str:
    """The page of a board, from its files alone.

    Args:
        folder: of the board, with ``groups.json``, ``opinion.json`` and ``notes.md`` where made.

    Raises:
        BenchError: there is no board, or a file is damaged.
    """
    basis, entries = read_basis(folder), list_entries(folder)
    if not entries:
        raise BenchError(f"{folder} has no entry", hint="bench leaderboard add RUN")
    board = board_of(ranked_entries(entries, basis), basis)
    by_label = {entry.label: entry for entry in entries}
    contestants = [row for row in board.rows if not row.is_anchor]
    notes = folder / NOTES_FILE
    return _template().render(
        benchmark=printable(basis.benchmark),
        conclusion=markdown_text(conclusion(board)),
        ranking=_ranking(contestants, statuses(entries)),
        anchors=_anchors([row for row in board.rows if row.is_anchor], statuses(entries)),
        board_notes=[markdown_text(note) for note in board.notes],
        details=_details(contestants, by_label),
        mean_ranks=markdown_text(mean_ranks_text(board)),
        mean_faces=markdown_text(_mean_faces(contestants)),
        differences=_differences(board, contestants),
        make_command=make_command(basis),
        commands=row_commands([by_label[row.label] for row in board.rows], basis),
        makers=makers([by_label[row.label] for row in board.rows]),
        basis=basis_lines(basis),
        instruments=instruments_table(basis),
        groups=_groups(folder / GROUPS_FILE, entries),
        opinion=_opinion(folder / OPINION_FILE),
        notes=notes.read_text(encoding="utf-8").strip() if notes.is_file() else "",
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bench.report", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("leaderboard.md.j2")


def _ranking(rows: Sequence[BoardRow], status: Mapping[str, str]) -> str:
    headings = ["method", "rank", "score [95 %]", "E", "R", "Q", "coverage", "alpha", "status"]
    cells = [
        [
            markdown_text(row.label),
            rank_text(row),
            *_scores(row),
            f"{alpha_text(row)} {row.alpha_protocol}" if row.alpha is not None else "-",
            status[row.label],
        ]
        for row in rows
    ]
    return markdown_table(headings, cells)


def _anchors(rows: Sequence[BoardRow], status: Mapping[str, str]) -> str:
    headings = ["anchor", "score [95 %]", "E", "R", "Q", "coverage", "status"]
    cells = [[markdown_text(row.label), *_scores(row), status[row.label]] for row in rows]
    return markdown_table(headings, cells)


def _scores(row: BoardRow) -> list[str]:
    parts = (row.expression_skill, row.identity_retention, row.naturalness)
    return [
        f"{number(row.transfer_score.value, 3)} {interval(row.transfer_score, 3)}".rstrip(),
        *(f"{number(part.value)} {interval(part)}".rstrip() for part in parts),
        coverage_text(row),
    ]


def _details(rows: Sequence[BoardRow], entries: Mapping[str, Entry]) -> str:
    if not rows:
        return ""
    headings = [
        "method", "hardware", "P(best)", "mean rank", "Pareto", "hypervolume [95 %]", "images/s",
        "MiB",
    ]  # fmt: skip
    cells = []
    for row in rows:
        volume = row.hypervolume
        hardware = entries[row.label].info["hardware"]
        cores = f", {hardware['cores']} cores" if hardware["cores"] else ""
        cells.append(
            [
                markdown_text(row.label),
                markdown_text(f"{hardware['processor']}{cores}, {hardware['device']}"),
                percent(row.best_probability),
                number(row.average_rank),
                f"{'yes' if row.on_front else 'no'}, {percent(row.front_frequency)}",
                f"{number(volume.value, 3)} {interval(volume, 3)}".rstrip() if volume else "",
                rate(row.images_per_second),
                number(row.peak_memory_mib, 0),
            ]
        )
    return markdown_table(headings, cells, texts=2)


def _mean_faces(rows: Sequence[BoardRow]) -> str:
    """What methods lose before any transfer; nothing where none has alpha."""
    lost = [f"{row.label} {scores}" for row in rows if (scores := own_mean_face(row))]
    return "; ".join(lost)


def _differences(board: Board, rows: Sequence[BoardRow]) -> str:
    """Each method and the one below it: told apart or not, and what it would take."""
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


def _groups(path: Path, entries: Sequence[Entry]) -> str:
    """What groups.json says, and which entries it does not know as they are; nothing without."""
    if not path.is_file():
        return ""
    text = _as_markdown(path, groups_markdown)
    made_from = read_json(path, "").get(MADE_FROM, {})
    hashes = {entry.label: entry.info["identity"]["hash"] for entry in entries}
    changed = [label for label, value in hashes.items() if made_from.get(label) != value]
    if not changed:
        return text
    names = markdown_text(listed(changed, len(changed)))
    return f"Made before these rows stood here as they are: {names}.\n\n{text}"


def _opinion(path: Path) -> str:
    return _as_markdown(path, opinion_markdown) if path.is_file() else ""


def _as_markdown(path: Path, markdown: Callable[[Mapping[str, Any]], str]) -> str:
    """A stored result as Markdown."""
    try:
        return markdown(read_json(path, "")).strip()
    except (KeyError, TypeError, IndexError) as error:
        raise BenchError(f"{path} is damaged: {error!r}", hint="make it anew") from error
