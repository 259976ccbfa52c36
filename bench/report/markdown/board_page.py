"""README.md of a board: everything that its files say, as Markdown; the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jinja2

from bench.errors import BenchError
from bench.leaderboard.basis import read_basis
from bench.leaderboard.contents import board_of, ranked_entries, statuses
from bench.leaderboard.entry import Entry, list_entries
from bench.leaderboard.schema import read_json
from bench.report.markdown.board_sources import (
    basis_lines,
    instruments_table,
    make_command,
    makers,
    row_commands,
)
from bench.report.markdown.ranked_tables import (
    anchors_table,
    details_table,
    differences_table,
    mean_faces,
    ranking_table,
)
from bench.report.markdown.text import markdown_text
from bench.report.significance import mean_ranks_text
from bench.report.terminal.groups import groups_markdown
from bench.report.terminal.opinion import opinion_markdown
from bench.report.wording import conclusion, listed, printable

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
    hardware = {entry.label: entry.info["hardware"] for entry in entries}
    notes = folder / NOTES_FILE
    return _template().render(
        benchmark=printable(basis.benchmark),
        conclusion=markdown_text(conclusion(board)),
        ranking=ranking_table(contestants, statuses(entries)),
        anchors=anchors_table([row for row in board.rows if row.is_anchor], statuses(entries)),
        board_notes=[markdown_text(note) for note in board.notes],
        details=details_table(contestants, hardware),
        mean_ranks=markdown_text(mean_ranks_text(board)),
        mean_faces=markdown_text(mean_faces(contestants)),
        differences=differences_table(board, contestants),
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
    environment = jinja2.Environment(  # nosec B701 # Markdown; its filters escape
        loader=jinja2.PackageLoader("bench.report", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("leaderboard.md.j2")


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
