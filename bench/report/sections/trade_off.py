"""Identity against expression: a curve over alpha for each method, and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.analysis.board import Estimate
from bench.analysis.records import number_or_none
from bench.analysis.statistics.pareto import non_dominated
from bench.data.split import Pair
from bench.report.contents import ReportInput, ReportMethod
from bench.report.markdown.text import markdown_table, markdown_text
from bench.report.pictures import Pictures
from bench.report.wording import alpha_text, interval, number

__all__ = ["MethodTradeOff", "TradeOff", "TradeOffPoint", "collect", "trade_off_of"]

SAME: Final = 5e-7
"""Alphas this close are one alpha."""


@dataclass(frozen=True, slots=True)
class TradeOffPoint:
    """Scores of a method at one alpha.

    Attributes:
        alpha: None for a method without alpha, and where targets have different ones.
        retention: identity retention R; NaN where undefined.
        skill: expression skill E; NaN where undefined.
        is_chosen: whether it is the alpha of the board.
        on_front: whether no point of a contestant, at any alpha, is at least as good in both and
            better in one.
        picture: of the first pair at this alpha; None where none is stored.
    """

    alpha: float | None
    retention: float
    skill: float
    is_chosen: bool = False
    on_front: bool = False
    picture: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "alpha": number_or_none(self.alpha),
            "identity_retention": number_or_none(self.retention),
            "expression_skill": number_or_none(self.skill),
            "is_chosen": self.is_chosen,
            "on_front": self.on_front,
        }


@dataclass(frozen=True, slots=True)
class MethodTradeOff:
    """What one method pays in identity for expression.

    Attributes:
        run_id: of its run.
        label: as it is called by its author; printed through ``printable``.
        index: number of its colour and mark; None for an anchor.
        alpha: of the board, as text; empty without.
        retention, skill: on the board, with their intervals.
        on_front: whether no other contestant beats it, each at its own alpha of the board; None
            for an anchor.
        points: at each alpha, ascending; the one of the board for a method without alpha.
    """

    run_id: str
    label: str
    index: int | None
    alpha: str
    retention: Estimate
    skill: Estimate
    on_front: bool | None
    points: tuple[TradeOffPoint, ...]

    @property
    def has_curve(self) -> bool:
        """Whether there are points over alpha, to be joined by a line."""
        return self.index is not None and any(p.alpha is not None for p in self.points)

    @property
    def chosen(self) -> TradeOffPoint:
        """The point of the board, which need not lie on the curve.

        Where each target has its own alpha it is of no single one.
        """
        on_curve = next((point for point in self.points if point.is_chosen), None)
        return TradeOffPoint(
            alpha=on_curve.alpha if on_curve else None,
            retention=self.retention.value,
            skill=self.skill.value,
            is_chosen=True,
            on_front=on_curve is not None and on_curve.on_front,
            picture=on_curve.picture if on_curve else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class TradeOff:
    """All methods in the plane of identity retention R and expression skill E.

    Attributes:
        part: the part of the board.
        methods: in the order of the board.
        pair: of which pictures are shown; None where no run has any.
    """

    part: str
    methods: tuple[MethodTradeOff, ...]
    pair: Pair | None

    @property
    def front(self) -> tuple[tuple[MethodTradeOff, TradeOffPoint], ...]:
        """The Pareto front over all contestants and alphas, from the most R to the most E."""
        found = [
            (method, point) for method in self.methods for point in method.points if point.on_front
        ]
        return tuple(sorted(found, key=lambda one: (-one[1].retention, one[1].skill)))

    def to_dict(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "methods": [
                {
                    "run_id": method.run_id,
                    "method": method.label,
                    "is_anchor": method.index is None,
                    "identity_retention": number_or_none(method.retention.value),
                    "identity_retention_interval": method.retention.interval_dict(),
                    "expression_skill": number_or_none(method.skill.value),
                    "expression_skill_interval": method.skill.interval_dict(),
                    "on_front": method.on_front,
                    "points": [point.to_dict() for point in method.points],
                }
                for method in self.methods
            ],
            "front": [
                {"run_id": method.run_id, "method": method.label, **point.to_dict()}
                for method, point in self.front
            ],
        }

    def to_markdown(self) -> str:
        rows = [
            (
                markdown_text(method.label),
                method.alpha or "–",
                f"{number(method.skill.value)} {interval(method.skill)}".strip(),
                f"{number(method.retention.value)} {interval(method.retention)}".strip(),
                {True: "yes", False: "no", None: "anchor"}[method.on_front],
            )
            for method in self.methods
        ]
        headings = ("Method", "Alpha", "Expression skill E", "Identity retention R", "On the front")
        return markdown_table(headings, rows)


def collect(report: ReportInput) -> TradeOff | None:
    """The curves of all methods; None without any method."""
    return trade_off_of(report.methods, report.board.part, Pictures.of(report))


def trade_off_of(
    methods: Sequence[ReportMethod], part: str = "test", pictures: Pictures | None = None
) -> TradeOff | None:
    """The curves of methods; None for none.

    Args:
        methods: in the order of the board.
        part: of the board.
        pictures: of their runs; None to leave them out.
    """
    if not methods:
        return None
    pair = pictures.pairs[0] if pictures and pictures.pairs else None
    found, contestants = [], 0
    for method in methods:
        index = None if method.row.is_anchor else contestants
        contestants += index is not None
        found.append(_of_method(method, index, pair, pictures))
    return TradeOff(part, _with_front(found), pair)


def _of_method(
    method: ReportMethod, index: int | None, pair: Pair | None, pictures: Pictures | None
) -> MethodTradeOff:
    row = method.row

    def picture(alpha: float | None) -> Path | None:
        if pair is None or pictures is None:
            return None
        return pictures.output(row.run_id, pair, alpha)

    if method.curve is None or row.is_anchor:
        retention, skill = row.identity_retention.value, row.expression_skill.value
        shown = picture(row.alpha)
        points = [TradeOffPoint(row.alpha, retention, skill, is_chosen=True, picture=shown)]
    else:
        columns = ["alpha", "identity_retention", "expression_skill"]
        values = method.curve.sort_values("alpha")[columns].to_numpy(dtype=np.float64)
        points = [
            TradeOffPoint(
                alpha,
                retention,
                skill,
                is_chosen=row.alpha is not None and abs(alpha - row.alpha) < SAME,
                picture=picture(alpha),
            )
            for alpha, retention, skill in values.tolist()
        ]
    return MethodTradeOff(
        run_id=row.run_id,
        label=row.label,
        index=index,
        alpha=alpha_text(row),
        retention=row.identity_retention,
        skill=row.expression_skill,
        on_front=None if row.is_anchor else bool(row.on_front),
        points=tuple(points),
    )


def _with_front(methods: Sequence[MethodTradeOff]) -> tuple[MethodTradeOff, ...]:
    """The same methods; points on the front of all contestants' points say so."""
    places = [
        (method, place)
        for method in methods
        if method.index is not None
        for place in range(len(method.points))
    ]
    points = [
        (method.points[place].retention, method.points[place].skill) for method, place in places
    ]
    if not points:
        return tuple(methods)
    kept = non_dominated(np.array(points, dtype=np.float64))
    on_front = {
        (method.run_id, place) for (method, place), flag in zip(places, kept, strict=True) if flag
    }
    return tuple(
        replace(
            method,
            points=tuple(
                replace(point, on_front=(method.run_id, place) in on_front)
                for place, point in enumerate(method.points)
            ),
        )
        for method in methods
    )
