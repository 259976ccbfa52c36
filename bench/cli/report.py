"""``bench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import stdout
from bench.errors import BenchError
from bench.stderr import stderr_console

__all__ = ["report"]


def report(
    chosen: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN]...",
            help="Only these runs, beside the anchors: folders, run ids, methods with their "
            "parameters as the tables name them, or methods. By default all.",
            show_default=False,
        ),
    ] = None,
    benchmark: options.StoredBenchmark = None,
    runs: options.Runs = options.DEFAULT_OUT,
    data: options.Data = None,
    html: Annotated[bool, typer.Option("--html", help="Write one self-contained page.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print it as Markdown, or write that to --out.")
    ] = False,
    figures: Annotated[
        Path | None,
        typer.Option(
            "--figures", help="Write every figure there, as SVG and PNG.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="The page, by default report.html, or else the Markdown; of both, the Markdown "
            "lies beside the page and ends in .md.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show the ranked table of stored runs, or write the report: page, Markdown, JSON, figures.

    Of exactly two methods it says how they compare.

    Examples:

    `bench report`

    `bench report --html`

    `bench report glow-arith pixel-arith --html --out both.html`

    `bench report --html --benchmark london --data DIR --figures figures`

    `bench report --markdown --out report.md`

    `bench report --json`
    """
    from bench.report.as_json import json_text, report_dict
    from bench.report.collect import collect_report
    from bench.report.files import write_files
    from bench.report.markdown.report import report_markdown
    from bench.report.sections import collect_sections
    from bench.report.terminal.report import print_report

    to_stdout = markdown and out is None
    if to_stdout and json:
        raise BenchError("--markdown and --json would both be printed", hint="--out report.md")
    with stderr_console().status("reading stored runs"):
        content = collect_report(runs, benchmark, data, tuple(chosen or ()))
        sections = collect_sections(content) if markdown or json else {}
    console = stderr_console() if json or to_stdout else stdout()
    if json:
        print(json_text(report_dict(content, sections)))
    elif to_stdout:
        print(report_markdown(content, sections), end="")
    else:
        print_report(content, console)
    with stderr_console().status("writing the report"):
        written = write_files(
            content,
            html=html,
            markdown=markdown and not to_stdout,
            figures=figures,
            out=out,
            sections=sections,
        )
    for line in written:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
