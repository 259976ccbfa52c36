"""The whole report as Markdown, for pull requests: no pictures, readable raw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.report.contents import ReportInput
from bench.report.markdown.text import markdown_text
from bench.report.sections import TITLES, collect_sections
from bench.report.sections.base import Section
from bench.report.wording import conclusion, printable

__all__ = ["report_markdown"]


def report_markdown(report: ReportInput, sections: Mapping[str, Section] | None = None) -> str:
    """The heading, the answer and every section that has something to say.

    Args:
        report: its content.
        sections: of it, where they were collected already.
    """
    found = collect_sections(report) if sections is None else sections
    return "\n\n".join(_parts(report, found)) + "\n"


def _parts(report: ReportInput, sections: Mapping[str, Section]) -> Iterator[str]:
    yield f"# Expression transfer on {markdown_text(report.benchmark)}"
    below = report.floor is not None and report.floor.lead_is_below
    yield f"**{markdown_text(conclusion(report.board, lead_is_below=below))}**"
    yield markdown_text(f"{printable(report.board.part)} part, {report.created}.")
    for name, section in sections.items():
        if text := section.to_markdown().strip():
            yield f"## {TITLES[name]}"
            yield text
