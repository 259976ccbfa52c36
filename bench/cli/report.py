"""``bench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

__all__ = ["report"]


def report(
    benchmark: options.StoredBenchmark = None,
    runs: options.Runs = options.DEFAULT_OUT,
    html: Annotated[bool, typer.Option("--html", help="Write one self-contained page.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.")] = Path("report.html"),
    json: options.Json = False,
) -> None:
    """Show the ranked table of all stored runs, or write the report with curves and pictures.

    Examples:

    `bench report`

    `bench report --html`

    `bench report --html --benchmark london --runs runs --out report.html`
    """
    from bench.report.board_details import print_board_details
    from bench.report.collect import collect_report
    from bench.report.html import write_html
    from bench.report.terminal import print_board

    content = collect_report(runs, benchmark)
    if json:
        print_json(content.board.to_dict())
    else:
        print_board(content.board, stdout(), content.floor)
        stdout().print()
        print_board_details(content.board, stdout())
    if html:
        write_html(content, out)
        if not json:
            stdout().print(f"Report: {out}", highlight=False, soft_wrap=True)
