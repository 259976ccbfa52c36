"""Small bars for the cells of a table: a few readings from zero on, on an axis of the column."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from bench.report.charts import svg
from bench.report.charts.plane import Axis

__all__ = ["bars"]

WIDTH, HEIGHT = 100.0, 20.0
"""In drawing units; the width follows the cell."""


def bars(values: Sequence[tuple[str, float]], axis: Axis, marks: Sequence[float] = ()) -> Markup:
    """Bars from zero, one below the other, the first on top.

    The script of the page moves them: each bar has the class that it is given here, and a value's
    place is its share of the axis. Values beyond the ends of the axis end there, and what is not
    finite has no bar. It tells nothing that the numbers in the row do not say, so nobody hears it.

    Args:
        values: class and value of each bar.
        axis: of the column.
        marks: further values, as thin lines through all bars.
    """
    root = svg.drawing(WIDTH, HEIGHT, "", "bars")
    del root.attrib["aria-label"]
    root.set("role", "presentation")
    root.set("aria-hidden", "true")
    root.set("preserveAspectRatio", "none")
    zero = WIDTH * axis.share(0.0)
    height = HEIGHT / len(values)
    for place, (style, value) in enumerate(values):
        end = WIDTH * axis.share(value) if math.isfinite(value) else zero
        svg.add(
            root,
            "rect",
            style,
            x=min(zero, end),
            y=place * height + 1,
            width=abs(end - zero),
            height=height - 2,
        )
    svg.add(root, "rect", "bars-zero", x=zero - 0.3, y=0, width=0.6, height=HEIGHT)
    for mark in marks:
        at = WIDTH * axis.share(mark) if math.isfinite(mark) else -9.0
        svg.add(root, "rect", "bars-mark", x=at - 0.4, y=0, width=0.8, height=HEIGHT)
    return svg.markup(root)
