"""Identity against expression on the page."""

from __future__ import annotations

from typing import Any, Final

from bench.report.charts.figures import swatch
from bench.report.charts.trade_off import draw_trade_off
from bench.report.page.base import Page, Rendered
from bench.report.sections.trade_off import MethodTradeOff, TradeOff, TradeOffPoint
from bench.report.wording import number, printable

__all__ = ["render"]

_WIDE, _NARROW = (860, 560), (380, 420)

_OF_BOARD: Final = 1
_OTHERS: Final = 2
"""Priorities of pictures at the alpha of the board, and of those at other alphas."""


def render(section: TradeOff, page: Page) -> Rendered:
    names = [printable(method.label) for method in section.methods]
    pair = section.pair
    data = {
        "methods": [_method(method, page) for method in section.methods],
        "reason": page.images.refusal or "no picture stored",
    }
    body = page.template(
        "trade_off",
        charts=[
            ("wide", draw_trade_off(section, _WIDE)),
            ("narrow", draw_trade_off(section, _NARROW)),
        ],
        legend=[(name, swatch(m.index)) for name, m in zip(names, section.methods, strict=True)],
        # At alpha 0 nothing is transferred, and many methods are equal there.
        front=list(dict.fromkeys(printable(m.label) for m, point in section.front if point.alpha)),
        pair=pair and [printable(name) for name in (pair.source, pair.sample, pair.target)],
    )
    return Rendered(body, data)


def _method(method: MethodTradeOff, page: Page) -> dict[str, Any]:
    """Name and points; the last point is that of the board where it is of no single alpha."""
    points = list(method.points)
    if not any(point.is_chosen for point in points):
        points.append(method.chosen)
    return {
        "name": printable(method.label),
        "points": [_point(method, point, page) for point in points],
    }


def _point(method: MethodTradeOff, point: TradeOffPoint, page: Page) -> list[str]:
    """Alpha, R, E and the name of the picture, as they are printed."""
    alpha = "" if point.alpha is None else f"{point.alpha:.3g}"
    if point.is_chosen and method.alpha:
        alpha = f"{alpha or method.alpha}, on the board"
    priority = _OF_BOARD if point.is_chosen else _OTHERS
    image = page.images.add(point.picture, priority=priority) if point.picture else ""
    return [alpha, number(point.retention), number(point.skill), image]
