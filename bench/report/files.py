"""Writing a report: its page, its Markdown, its figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.run.files import write_atomically

if TYPE_CHECKING:
    from bench.report.contents import ReportInput
    from bench.report.sections.base import Section

__all__ = ["MARKDOWN", "PAGE", "write_files"]

PAGE: Final = Path("report.html")
MARKDOWN: Final = Path("report.md")


def write_files(
    report: ReportInput,
    *,
    html: bool = False,
    markdown: bool = False,
    figures: Path | None = None,
    out: Path | None = None,
    sections: Mapping[str, Section] | None = None,
) -> list[str]:
    """Writes what is asked for.

    Args:
        report: its content.
        html: the page.
        markdown: the report as Markdown.
        figures: a folder for every figure as SVG and PNG.
        out: the page, or else the Markdown; of both, the Markdown lies beside the page and ends in
            ``.md``. By default ``report.html`` and ``report.md``.
        sections: of the report, where they were collected already.

    Returns:
        What was written, a line for each.

    Raises:
        BenchError: a place is not writable.
    """
    written = []
    if html:
        from bench.report.page.html import write_html

        write_html(report, out or PAGE)
        written.append(f"Report: {out or PAGE}")
    if markdown:
        from bench.report.markdown.report import report_markdown

        place = out.with_suffix(".md") if out and html else out or MARKDOWN
        write_atomically(place, report_markdown(report, sections).encode())
        written.append(f"Markdown: {place}")
    if figures is not None:
        from bench.report.export import write_figures

        write_figures(report, figures)
        written.append(f"Figures: {figures}")
    return written
