"""The ranked table and how sure its order is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jinja2

from bench.analysis.board import Board, BoardRow
from bench.analysis.records import number_or_none, without_nan
from bench.report.contents import ReportInput
from bench.report.floor import SCORES, BoardFloor
from bench.report.markdown.ranked_tables import (
    anchors_table,
    details_table,
    differences_table,
    mean_faces,
    ranking_table,
)
from bench.report.markdown.text import markdown_code, markdown_table, markdown_text
from bench.report.significance import mean_ranks_text
from bench.report.wording import conclusion, row_command

__all__ = ["Ranking", "collect"]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The ranked table and how sure its order is.

    Attributes:
        board: the ranked table.
        floor: which differences the instruments cannot tell; None to say nothing.
        commands: what makes each row again, by run id.
        hardware: on which each row was made, by label, as in ``run.json``; empty if unknown.
    """

    board: Board
    floor: BoardFloor | None
    commands: Mapping[str, str]
    hardware: Mapping[str, Mapping[str, Any]]

    @property
    def contestants(self) -> Sequence[BoardRow]:
        """Best first."""
        return [row for row in self.board.rows if not row.is_anchor]

    @property
    def anchors(self) -> Sequence[BoardRow]:
        """In the order of the board."""
        return [row for row in self.board.rows if row.is_anchor]

    @property
    def answer(self) -> str:
        """What the table says, in one sentence with its uncertainty."""
        below = self.floor is not None and self.floor.lead_is_below
        return conclusion(self.board, lead_is_below=below)

    def to_dict(self) -> dict[str, Any]:
        """What the board itself does not have: it is the JSON's top level and not said twice."""
        return {
            "answer": self.answer,
            "commands": dict(self.commands),
            "floor": self._floor(),
        }

    def _floor(self) -> dict[str, Any] | None:
        """The floor of the instruments and, from each row to the next, what lies below it."""
        if self.floor is None or self.floor.floor is None:
            return None
        steps = []
        for (above, row), step in zip(pairwise(self.board.rows), self.floor.steps, strict=True):
            scores = {
                score: {
                    "difference": number_or_none(
                        getattr(row, score).value - getattr(above, score).value
                    ),
                    "below_floor": difference.below,
                }
                for score, difference in zip(SCORES, step.differences, strict=True)
            }
            steps.append({"above": above.run_id, "row": row.run_id, **scores})
        values: dict[str, Any] = without_nan(self.floor.floor.to_dict())
        return {**values, "remark": self.floor.remark, "steps": steps}

    def to_markdown(self) -> str:
        environment = jinja2.Environment(  # nosec B701 # Markdown; its filters escape
            loader=jinja2.PackageLoader("bench.report", "templates"),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        contestants, anchors = self.contestants, self.anchors
        text = environment.get_template("sections/ranking.md.j2").render(
            ranking=ranking_table(contestants) if contestants else "",
            anchors=anchors_table(anchors) if anchors else "",
            notes=[markdown_text(note) for note in self.board.notes],
            details=details_table(contestants, self.hardware),
            mean_faces=markdown_text(mean_faces(contestants)),
            mean_ranks=markdown_text(mean_ranks_text(self.board)),
            differences=differences_table(self.board, contestants),
            steps=self._steps(),
            remark=markdown_text(self.floor.remark) if self.floor else "",
            commands=self._commands(),
        )
        return text.strip()

    def _steps(self) -> str:
        """Differences to the row above; those below the floor are in brackets."""
        if self.floor is None or not self.floor.steps:
            return ""
        headings = ["from", "to", "score", "E", "R", "Q"]
        cells = [
            [
                markdown_text(above.label),
                markdown_text(row.label),
                *(difference.text for difference in step.differences),
            ]
            for (above, row), step in zip(pairwise(self.board.rows), self.floor.steps, strict=True)
        ]
        return markdown_table(headings, cells, texts=2)

    def _commands(self) -> str:
        """One block for each command, since several rows may come from one."""
        rows: dict[str, list[str]] = {}
        for row in self.board.rows:
            rows.setdefault(self.commands[row.run_id], []).append(markdown_text(row.label))
        cells = [[", ".join(labels), markdown_code(command)] for command, labels in rows.items()]
        return markdown_table(["rows", "command"], cells, texts=2) if cells else ""


def collect(report: ReportInput) -> Ranking | None:
    infos = {method.row.run_id: method.info for method in report.methods}
    return Ranking(
        board=report.board,
        floor=report.floor,
        commands={
            row.run_id: row_command(infos.get(row.run_id, {}), row.method, report.benchmark)
            for row in report.board.rows
        },
        hardware={
            row.label: infos.get(row.run_id, {}).get("hardware") or {} for row in report.board.rows
        },
    )
