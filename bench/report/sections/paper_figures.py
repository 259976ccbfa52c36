"""The figures of the reference paper, of any run.

Valenzuela, Diego, Segura and Gomez, "Expression Transfer Using Flow-based Generative Models",
CVPR Workshops 2021. Figures 1 to 5 are pictures, 6 distances over alpha, 7 and 8 Action Units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.data.split import Pair
from bench.report.contents import ReportInput, ReportMethod
from bench.report.pictures import Pictures
from bench.report.sections.paper_content import PaperFigure, Shot
from bench.report.sections.paper_pictures import (
    TITLES,
    MethodPictures,
    reference_shots,
    refused,
)
from bench.report.sections.paper_readings import (
    MOST_PAIRS,
    Sources,
    board_rows,
    distances_figure,
    outcomes_of,
    presence_figure,
    readings_figure,
)
from bench.report.wording import picture_refusal, printable, row_command
from bench.run.gallery import fixed_order
from bench.run.store import StoredRun

__all__ = ["MethodFigures", "PaperFigures", "collect"]


@dataclass(frozen=True, slots=True, eq=False)
class MethodFigures:
    """Figures 1 to 6 and 8 of one method.

    Attributes:
        run_id: of its run.
        name: printable.
        figures: in order.
    """

    run_id: str
    name: str
    figures: tuple[PaperFigure, ...]

    def figure(self, number: int) -> PaperFigure:
        return next(figure for figure in self.figures if figure.number == number)


@dataclass(frozen=True, slots=True, eq=False)
class PaperFigures:
    """The eight figures; all but the seventh are of a method.

    Attributes:
        methods: in the order of the board; anchors only where there is nothing else.
        presence: Figure 7, which no method has a part in.
        folder: of the runs, by which picture files are named.
    """

    methods: tuple[MethodFigures, ...]
    presence: PaperFigure
    folder: Path | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "methods": [
                {
                    "run_id": method.run_id,
                    "method": method.name,
                    "figures": [figure.to_dict(self.folder) for figure in method.figures],
                }
                for method in self.methods
            ],
            "sources": self.presence.to_dict(self.folder),
        }

    def to_markdown(self) -> str:
        """The figures of the first method; those of all are in the page and in the JSON."""
        first = self.methods[0]
        figures = sorted([*first.figures, self.presence], key=lambda figure: figure.number)
        return "\n\n".join(figure.to_markdown() for figure in figures)


def collect(report: ReportInput) -> PaperFigures | None:
    """The figures of every method with a stored run; None without any."""
    stored = [method for method in report.methods if method.run is not None]
    methods = [method for method in stored if not method.row.is_anchor] or stored
    sources = Sources.of(report)
    if not methods or sources is None:
        return None
    pictures = Pictures.of(report)
    references = reference_shots(pictures)
    return PaperFigures(
        methods=tuple(
            _of_method(method, method.run, report, pictures, sources, references)
            for method in methods
            if method.run is not None
        ),
        presence=presence_figure(sources, pictures.pairs, report.board.part),
        folder=report.folder,
    )


def _of_method(
    method: ReportMethod,
    run: StoredRun,
    report: ReportInput,
    pictures: Pictures,
    sources: Sources,
    references: Mapping[str, Sequence[Shot]],
) -> MethodFigures:
    rows = board_rows(run, report)
    pairs = _shown(pictures, rows)
    reason = picture_refusal(report.card)
    if reason:
        figures = [refused(number, reason) for number in TITLES]
    else:
        figures = MethodPictures(
            pictures=pictures,
            run_id=run.run_id,
            name=printable(method.row.label),
            command=row_command(method.info, method.row.method, report.benchmark),
            has_alpha=run.has_alpha,
            outcomes=outcomes_of(rows, pairs),
            expressions=sources.expressions,
            references=references,
        ).figures()
    figures.append(distances_figure(method, report))
    figures.append(readings_figure(method, rows, sources, pairs))
    return MethodFigures(run.run_id, printable(method.row.label), tuple(figures))


def _shown(pictures: Pictures, rows: pd.DataFrame) -> Sequence[Pair]:
    """The gallery, else the first pairs of the board: numbers need no picture."""
    if pictures.pairs:
        return pictures.pairs
    keys = rows[["part", "source", "sample", "target"]].drop_duplicates()
    return fixed_order(Pair(*key) for key in keys.itertuples(index=False, name=None))[:MOST_PAIRS]
