"""Writes the figures of a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.report.contents import ReportInput
from bench.report.export.drawing import png_file, svg_file
from bench.report.export.figures import FigureOnPaper, figures_of
from bench.report.export.fonts import find_fonts
from bench.report.markdown.text import markdown_text
from bench.report.wording import printable
from bench.run.files import write_atomically

__all__ = ["CAPTIONS", "write_figures"]

CAPTIONS = "captions.md"


def write_figures(report: ReportInput, folder: Path) -> list[Path]:
    """Writes every figure of a report as SVG and as PNG of 300 dpi, and their captions.

    They are 84 or 174 mm wide, the columns of a two-column paper, with text of 7 points or more,
    light, on white, and with their font inside. Faces are in them only where the card of the
    dataset has ``may_show_images = true``. Files of the same names are overwritten.

    Args:
        report: what to draw.
        folder: is made if it is not there.

    Returns:
        The files: an SVG and a PNG of each figure, in the order of the report, and last
        ``captions.md``, which names also what could not be drawn and why.

    Raises:
        BenchError: a package that figures are made with is missing, or the folder is not writable.
    """
    find_fonts()  # said before anything is computed
    written: list[Path] = []
    figures: list[FigureOnPaper] = []
    for figure in figures_of(report):
        figures.append(figure)
        if figure.drawing is None:
            continue
        drawn = svg_file(figure.drawing, figure.title, figure.caption)
        files = {
            folder / f"{figure.name}.svg": drawn.encode("utf-8"),
            folder / f"{figure.name}.png": png_file(drawn, figure.title, figure.caption),
        }
        for path, content in files.items():
            _write(path, content)
            written.append(path)
    path = folder / CAPTIONS
    _write(path, _captions(report, figures).encode("utf-8"))
    return [*written, path]


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content, wait_for_disk=False)
    except BenchError as error:
        raise BenchError(error.message, hint="choose another folder for --figures") from error


def _captions(report: ReportInput, figures: Sequence[FigureOnPaper]) -> str:
    lines = [f"# Figures of {markdown_text(report.benchmark)}", ""]
    lines += [f"Made by `{_code(report.command)}`, {markdown_text(report.created)}.", ""]
    if report.card.get("may_show_images") is True:
        shown = " ".join(
            markdown_text(report.card[name])
            for name in ("citation", "licence")
            if report.card.get(name)
        )
        lines += [f"The faces are of this dataset: {shown}", ""] if shown else []
    for figure in figures:
        lines += [f"## {figure.name}", ""]
        if figure.drawing is None:
            lines += ["Not drawn.", ""]
        lines += [f"**{markdown_text(figure.title)}.** {markdown_text(figure.caption)}", ""]
    return "\n".join(lines)


def _code(text: str) -> str:
    """In a code span nothing is escaped, but a backtick ends it."""
    return printable(text).replace("`", "'")
