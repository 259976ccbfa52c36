"""From a chart of the report to a file for a paper: millimetres, fonts, white paper."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

from markupsafe import Markup
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bench.report.charts import svg
from bench.report.charts.labels import shorten, text_width
from bench.report.charts.standalone import plain_style
from bench.report.export.fonts import FAMILY, find_fonts, font_rules

__all__ = [
    "DOUBLE",
    "DPI",
    "SINGLE",
    "Column",
    "legend",
    "parsed",
    "png_file",
    "stacked",
    "svg_file",
]

DPI: Final = 300

_UNIT_MM: Final = 84 / 368
"""Of a drawing unit: the smallest text, of 11 units, is then 7.1 points high."""

_LEGEND_LINE, _SAMPLE, _LEGEND_GAP = 18.0, 40.0, 16.0

_NAMESPACE: Final = "http://www.w3.org/2000/svg"

# Everything that XML 1.0 cannot hold, and the separators that some readers break lines at.
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Column:
    """A width of a two-column paper, in millimetres and in drawing units."""

    millimetres: float

    @property
    def units(self) -> float:
        return self.millimetres / _UNIT_MM


SINGLE: Final = Column(84)
DOUBLE: Final = Column(174)


def parsed(chart: Markup) -> svg.Element:
    """A chart as an element again."""
    text = _NOT_XML.sub("", str(chart))
    return ElementTree.fromstring(text)  # nosec B314 # a chart that was drawn here


def stacked(drawings: Sequence[svg.Element], description: str, gap: float = 8) -> svg.Element:
    """Drawings below each other, at the left edge, as one."""
    sizes = [(float(one.get("width", "0")), float(one.get("height", "0"))) for one in drawings]
    height = sum(size[1] for size in sizes) + gap * (len(sizes) - 1)
    root = svg.drawing(max(size[0] for size in sizes), height, description)
    top = 0.0
    for one, (_, own) in zip(drawings, sizes, strict=True):
        place = svg.add(root, "g")
        place.set("transform", f"translate(0 {svg.coordinate(top)})")
        place.extend(list(one))
        top += own + gap
    return root


def legend(entries: Sequence[tuple[int | None, str]], width: float) -> svg.Element:
    """Samples of series with their names, in as many columns as fit.

    Args:
        entries: series number, or None for an anchor, and name.
        width: in drawing units.
    """
    named = [(index, shorten(name, 40)) for index, name in entries]
    columns = _columns(named, width)
    lines = max((len(column) for column in columns), default=0)
    root = svg.drawing(width, _LEGEND_LINE * lines, "")
    x = 0.0
    for column in columns:
        for line, (index, name) in enumerate(column):
            _legend_entry(root, index, name, x, _LEGEND_LINE * (line + 0.5))
        x += _legend_width(column)
    return root


Entries = Sequence[tuple[int | None, str]]


def _columns(entries: Entries, width: float) -> list[Entries]:
    """As many columns as fit side by side."""
    for count in range(len(entries), 1, -1):
        lines = -(-len(entries) // count)
        columns = [entries[place : place + lines] for place in range(0, len(entries), lines)]
        if sum(map(_legend_width, columns)) - _LEGEND_GAP <= width:
            return columns
    return [entries] if entries else []


def _legend_width(column: Entries) -> float:
    return max(text_width(name, 12) for _, name in column) * 1.04 + _SAMPLE + _LEGEND_GAP


def _legend_entry(root: svg.Element, index: int | None, name: str, x: float, y: float) -> None:
    if index is None:
        svg.marker(root, x + 17, y, 3, 5, "anchor-mark")
    else:
        svg.path(root, [(x + 2, y), (x + 32, y)], f"curve {svg.series_class(index)}")
        svg.marker(root, x + 17, y, index, 5, f"mark {svg.series_class(index)}")
    svg.add(root, "text", "", name, x=x + _SAMPLE, y=y + 4)


def svg_file(drawing: svg.Element, title: str, caption: str) -> str:
    """A whole SVG file of the drawing's size on paper, which needs nothing else.

    The font is inside, cut down to the characters of the drawing. Light, on white.
    """
    width, height = (float(drawing.get(side, "0")) for side in ("width", "height"))
    root = ElementTree.Element(
        "svg",
        {
            "xmlns": _NAMESPACE,
            "viewBox": f"0 0 {svg.coordinate(width)} {svg.coordinate(height)}",
            "width": f"{width * _UNIT_MM:.2f}mm",
            "height": f"{height * _UNIT_MM:.2f}mm",
            "role": "img",
        },
    )
    svg.add(root, "title", text=title)
    svg.add(root, "desc", text=caption)
    texts = [element for element in drawing.iter("text") if element.text]
    characters = {c for element in texts for c in _NOT_XML.sub("", element.text or "")}
    bold = any("axis" in (element.get("class") or "").split() for element in texts)
    rules = [
        font_rules(characters, bold=bold),
        plain_style(f'"{FAMILY}", sans-serif'),
        # Bold names of lines are for screens; on paper they crowd each other.
        "svg .label { font-weight: 400; }",
    ]
    style = svg.add(root, "style", text="\n".join(rules))
    style.set("type", "text/css")
    paper = svg.add(root, "rect")
    paper.attrib |= {"width": "100%", "height": "100%", "fill": "#ffffff"}
    root.extend(list(drawing))
    _make_valid(root)
    ElementTree.indent(root, "")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(
        root, encoding="unicode"
    )


def png_file(content: str, title: str, caption: str) -> bytes:
    """The same drawing as PNG of 300 dpi, drawn with the same font and no other.

    Args:
        content: of ``svg_file``.
        title: for the file's metadata.
        caption: for the file's metadata.
    """
    import resvg_py

    drawn = resvg_py.svg_to_bytes(
        svg_string=content,
        dpi=DPI,
        background="#ffffff",
        skip_system_fonts=True,
        font_files=[str(font.path) for font in find_fonts()],
        sans_serif_family=FAMILY,
        font_family=FAMILY,
    )
    with Image.open(io.BytesIO(drawn)) as picture:
        opaque = picture.convert("RGB")
    said = PngInfo()
    said.add_itxt("Title", title)
    said.add_itxt("Description", caption)
    buffer = io.BytesIO()
    opaque.save(buffer, "PNG", dpi=(DPI, DPI), pnginfo=said)
    return buffer.getvalue()


def _make_valid(root: svg.Element) -> None:
    """Leaves out what XML cannot hold, such as U+FFFF in a foreign name."""
    for element in root.iter():
        if element.text:
            element.text = _NOT_XML.sub("", element.text)
        for name, value in element.attrib.items():
            element.set(name, _NOT_XML.sub("", value))
