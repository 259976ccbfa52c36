"""Errors and distances of each method over alpha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.analysis.alpha import JSON_CURVE_COLUMNS
from bench.analysis.records import number_or_none
from bench.report.contents import ReportInput, ReportMethod
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.wording import alpha_conclusion, crossover_text, number, percent

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis.alpha import AlphaSearch

__all__ = ["MethodOverAlpha", "OverAlpha", "collect"]


@dataclass(frozen=True, slots=True, eq=False)
class MethodOverAlpha:
    """What was measured of one method over alpha.

    Attributes:
        run_id: of its run.
        label: of the method, as it is in the run.
        alpha: that of the board; None where each target has its own.
        search: on the dev part; None where there was none.
        frames: part and curve, with the columns of ``bench.analysis.alpha.alpha_curve``; dev comes
            first.
        sentence: what the alpha search found; empty where there was none.
    """

    run_id: str
    label: str
    alpha: float | None
    search: AlphaSearch | None
    frames: tuple[tuple[str, pd.DataFrame], ...]
    sentence: str

    @classmethod
    def of(cls, method: ReportMethod, benchmark: str, part: str) -> MethodOverAlpha | None:
        """What there is of a method; None for one without a curve and without a search.

        Args:
            method: the method.
            benchmark: name of the benchmark.
            part: the part that ``method.curve`` was measured on.
        """
        search = method.search
        frames = [] if search is None else [("dev", search.curve)]
        # A board without a test part is made of the very pairs of the search.
        if method.curve is not None and (search is None or part != "dev"):
            frames.append((part, method.curve))
        if not frames:
            return None
        label = method.row.label
        said = alpha_conclusion(search, benchmark, label) if search is not None else ""
        return cls(method.row.run_id, label, method.row.alpha, search, tuple(frames), said)

    @property
    def crossover(self) -> str:
        """Its alpha or ``none in range``; empty without a search."""
        return crossover_text(self.search.crossover) if self.search is not None else ""

    @property
    def crossover_decoded(self) -> str:
        """The same to the method's own decoded mean faces."""
        if self.search is None or self.search.crossover_decoded is None:
            return ""
        return crossover_text(self.search.crossover_decoded)

    def to_dict(self) -> dict[str, Any]:
        search = self.search
        found: dict[str, Any] = {
            "run_id": self.run_id,
            "method": self.label,
            "alpha": number_or_none(self.alpha),
            "search": None,
            "curves": [
                {"part": part, "curve": _rows(frame, JSON_CURVE_COLUMNS)}
                for part, frame in self.frames
            ],
        }
        if search is not None:
            oracle = search.oracle["alpha_mse"].value_counts().sort_index()
            decoded = search.crossover_decoded
            found["search"] = {
                "dev_alpha": number_or_none(search.dev_alpha),
                "dev_alpha_mae": number_or_none(search.dev_alpha_mae),
                "crossover": number_or_none(search.crossover.alpha),
                "crossover_decoded": None if decoded is None else number_or_none(decoded.alpha),
                "pairs": search.pairs,
                "oracle_edge_share": number_or_none(search.oracle_edge_share),
                "oracle": [
                    {"alpha": float(alpha), "pairs": int(count)} for alpha, count in oracle.items()
                ],
            }
        return found


def _rows(frame: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, float | None]]:
    there = [column for column in columns if column in frame]
    return [
        {name: number_or_none(value) for name, value in row.items()}
        for row in frame[there].to_dict("records")
    ]


@dataclass(frozen=True, slots=True, eq=False)
class OverAlpha:
    """Every method with alpha, in the order of the board."""

    methods: tuple[MethodOverAlpha, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"methods": [method.to_dict() for method in self.methods]}

    def to_markdown(self) -> str:
        """A row for each method; the curves are in the page and in the JSON."""
        headings = ["Method", "dev alpha\\*", "Least AU error", "Crossover", "Oracle on the edge"]
        rows = []
        for method in self.methods:
            search = method.search
            if search is None:
                rows.append([markdown_text(method.label), *["n/a"] * 4])
                continue
            rows.append(
                [
                    markdown_text(method.label),
                    number(search.dev_alpha),
                    number(float(search.curve["au_mse"].min()), 4),
                    method.crossover,
                    percent(search.oracle_edge_share),
                ]
            )
        return markdown_table(headings, rows) + (
            "\n\nOf the dev part. The least AU error is the mean squared one at dev alpha\\*. At "
            "the crossover the output is as far from the target as from the source. The oracle "
            "takes the best alpha of each pair with hindsight."
        )


def collect(report: ReportInput) -> OverAlpha | None:
    """What there is over alpha; None where no method has one."""
    found = (
        MethodOverAlpha.of(method, report.benchmark, report.board.part) for method in report.methods
    )
    methods = tuple(method for method in found if method is not None)
    return OverAlpha(methods) if methods else None
