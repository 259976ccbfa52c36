"""Charts and pictures that stand alone: they show themselves in a notebook and can be saved."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from bench.data.images import Pixels
from bench.errors import BenchError
from bench.report.charts.svg import COLOURS
from bench.report.page.html import asset
from bench.run.files import write_atomically

__all__ = ["Figure", "Picture", "plain_style"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart.

    Attributes:
        svg: an SVG file that needs nothing else, light and with its own colours.
    """

    svg: str = field(repr=False)

    @classmethod
    def of(cls, chart: Markup) -> Figure:
        """A chart of the report, which has its colours from the page's style sheet."""
        opening, _, rest = str(chart).partition(">")
        opening = opening.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        background = '<rect width="100%" height="100%" fill="#ffffff"/>'
        return cls(f"{opening}><style>{plain_style()}</style>{background}{rest}")

    def save(self, path: Path | str) -> Path:
        """Writes the chart as SVG.

        Raises:
            BenchError: the name does not end in ``.svg``, or the place is not writable.
        """
        return _save(Path(path), ".svg", self.svg.encode())

    def _repr_html_(self) -> str:
        # As an image, so that its style stays its own.
        return _image("image/svg+xml", self.svg.encode())


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture.

    Attributes:
        pixels: (H, W, 3) RGB.
    """

    pixels: Pixels = field(repr=False)

    def save(self, path: Path | str) -> Path:
        """Writes the picture as PNG.

        Raises:
            BenchError: the name does not end in ``.png``, or the place is not writable.
        """
        return _save(Path(path), ".png", self._repr_png_())

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self.pixels).save(buffer, "PNG")
        return buffer.getvalue()


def _image(kind: str, content: bytes) -> str:
    return f'<img src="data:{kind};base64,{base64.b64encode(content).decode("ascii")}">'


def _save(path: Path, suffix: str, content: bytes) -> Path:
    if path.suffix.lower() != suffix:
        raise BenchError(f"this is written as {suffix}, and {path} is no {suffix}")
    try:
        write_atomically(path, content)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror}") from error
    return path


@cache
def plain_style(font_family: str = "sans-serif") -> str:
    """The charts' light style in plain CSS: many programs that draw SVG know no variables."""
    sheet = asset("charts.css")
    palette = dict(re.findall(r"--([\w-]+): (#\w+);", sheet))
    rules = [f"svg {{ font-family: {font_family}; }}"]
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        if "--" not in body.replace("var(--", ""):
            rules += _plain(selectors.strip(), body, palette)
    return "\n".join(rules)


def _plain(selectors: str, body: str, palette: dict[str, str]) -> list[str]:
    """A rule with values for its variables: one for each series where it has their colour."""
    if "var(--series)" in body:
        return [
            rule
            for number in range(1, COLOURS + 1)
            for rule in _plain(
                f".series-{number}{selectors}",
                body.replace("var(--series)", f"var(--series-{number})"),
                palette,
            )
        ]
    values = re.sub(r"var\(--([\w-]+)\)", lambda found: palette[found[1]], body)
    return [f"{selectors} {{{values}}}"]
