"""The charts of each method over alpha on the page: one method open, the others folded."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from bench.report.charts.figures import swatch
from bench.report.charts.over_alpha import alpha_axis, error_chart, identity_chart, oracle_chart
from bench.report.page.base import Page, Rendered
from bench.report.sections.over_alpha import MethodOverAlpha, OverAlpha
from bench.report.wording import number, printable

__all__ = ["render"]


@dataclass(frozen=True, slots=True)
class _Item:
    """One method; ``oracle`` is None where there is nothing to draw."""

    method: MethodOverAlpha
    name: str
    short: str
    error: Markup
    identity: Markup
    oracle: Markup | None


def render(section: OverAlpha, page: Page) -> Rendered:
    body = page.template(
        "over_alpha",
        swatches=[swatch(0), swatch(1)],
        items=[_item(method) for method in section.methods],
    )
    return Rendered(body)


def _item(method: MethodOverAlpha) -> _Item:
    name, search = printable(method.label), method.search
    x = alpha_axis([frame for _, frame in method.frames])
    short = ""
    if search is not None:
        short = f"dev alpha* {number(search.dev_alpha)}, crossover {method.crossover}"
    return _Item(
        method=method,
        name=name,
        short=short,
        error=error_chart(name, method.frames, x, search, method.alpha),
        identity=identity_chart(name, method.frames[0][1], x, search),
        oracle=oracle_chart(name, search) if search is not None else None,
    )
