"""SVG elements of our own charts: everything escaped, every coordinate finite."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from markupsafe import Markup

from bench.report.charts.labels import Label
from bench.report.charts.plane import Plane

__all__ = [
    "DASHES",
    "add",
    "axes",
    "coordinate",
    "drawing",
    "label_texts",
    "marker",
    "markup",
    "path",
    "series_class",
]

Element = ElementTree.Element
COLOURS = 7
DASHES = ("", "7 4", "2 3", "9 3 2 3")
_SHAPES = ("circle", "square", "triangle", "diamond")


def coordinate(value: float) -> str:
    """A coordinate as text, to a tenth of a unit.

    Raises:
        ValueError: the value is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"a drawing coordinate must be finite, got {value}")
    return f"{round(value, 1) + 0.0:g}"


def drawing(width: float, height: float, description: str, css_class: str = "chart") -> Element:
    """The root of a drawing that scales with the page; the description is for screen readers."""
    return ElementTree.Element(
        "svg",
        {
            "class": css_class,
            "viewBox": f"0 0 {coordinate(width)} {coordinate(height)}",
            "width": coordinate(width),
            "height": coordinate(height),
            "role": "img",
            "aria-label": description,
        },
    )


def add(parent: Element, tag: str, css_class: str = "", text: str = "", **at: float) -> Element:
    """Appends an element with finite attributes; ``_`` in an attribute's name stands for ``-``."""
    attributes = {name.replace("_", "-"): coordinate(value) for name, value in at.items()}
    if css_class:
        attributes["class"] = css_class
    child = ElementTree.SubElement(parent, tag, attributes)
    child.text = text or None
    return child


def series_class(index: int) -> str:
    """CSS classes of a series: colours repeat after seven, then the dashes and shapes change."""
    return f"series series-{index % COLOURS + 1} dash-{index // COLOURS % len(DASHES)}"


def path(parent: Element, points: Iterable[tuple[float, float]], css_class: str) -> Element:
    """A line through drawing coordinates."""
    steps = " L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in points)
    child = add(parent, "path", css_class)
    child.set("d", f"M{steps}")
    return child


def marker(
    parent: Element, x: float, y: float, index: int, radius: float, css_class: str, title: str = ""
) -> None:
    """The mark of a series: circle, square, triangle or diamond, so that colour is not needed."""
    shape = _SHAPES[index % len(_SHAPES)]
    if shape == "circle":
        child = add(parent, "circle", css_class, cx=x, cy=y, r=radius)
    elif shape == "square":
        side = 1.8 * radius
        child = add(
            parent, "rect", css_class, x=x - side / 2, y=y - side / 2, width=side, height=side
        )
    else:
        r = 1.25 * radius
        corners = [(x, y - r), (x + r, y + 0.8 * r), (x - r, y + 0.8 * r), (x, y - r)]
        if shape == "diamond":
            corners = [(x, y - r), (x + r, y), (x, y + r), (x - r, y), (x, y - r)]
        child = path(parent, corners, css_class)
    if title:
        add(child, "title", text=title)


def axes(root: Element, plane: Plane) -> None:
    """Grid, tick labels and the names of both axes; the y axis is named above the frame."""
    left, top, right, bottom = plane.frame
    for tick in plane.y.ticks:
        _, y = plane.at(plane.x.low, tick)
        add(root, "line", "zero" if tick == 0 else "grid", x1=left, x2=right, y1=y, y2=y)
        add(root, "text", "tick end", plane.y.tick_label(tick), x=left - 7, y=y + 4)
    for tick in plane.x.ticks:
        x, _ = plane.at(tick, plane.y.low)
        add(root, "line", "zero" if tick == 0 else "grid", x1=x, x2=x, y1=top, y2=bottom)
        add(root, "text", "tick middle", plane.x.tick_label(tick), x=x, y=bottom + 16)
    add(root, "text", "axis", plane.y.label, x=4, y=14)
    add(root, "text", "unit", plane.y.note, x=4, y=30)
    add(root, "text", "axis middle", plane.x.label, x=(left + right) / 2, y=bottom + 33)
    add(root, "text", "unit middle", plane.x.note, x=(left + right) / 2, y=bottom + 48)


def label_texts(root: Element, labels: Sequence[Label]) -> None:
    """Placed labels; a leader joins one that is far from its point, below all texts."""
    for label in labels:
        if label.leader:
            (x, y), box = label.target, label.box
            near_x, near_y = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
            add(root, "line", "leader", x1=x, y1=y, x2=near_x, y2=near_y)
    for label in labels:
        middle = (label.box.left + label.box.right) / 2
        add(root, "text", "label middle", label.text, x=middle, y=label.box.bottom - 4)


def markup(root: Element) -> Markup:
    """The drawing as text for an HTML page, already escaped."""
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # nosec B704 # it escapes
