"""``bench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout
from bench.errors import BenchError

__all__ = ["report"]


def report(
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", "-b", help="Benchmark; by default the only one in the runs."),
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder of runs.")] = Path("runs"),
    html: Annotated[bool, typer.Option("--html", help="Write one self-contained page.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.")] = Path("report.html"),
    json: options.Json = False,
) -> None:
    """Show the ranked table of all stored runs, or write the report with curves and pictures.

    Examples:

    `bench report`

    `bench report --html --benchmark london --runs runs --out report.html`
    """
    from bench import api
    from bench.report.terminal import print_board

    content = api.collect_report(runs, benchmark)
    if json:
        print_json(content.board.to_dict())
    else:
        print_board(content.board, stdout())
    if html:
        try:
            api.write_report(content, out)
        except OSError as error:
            raise BenchError(f"cannot write the report: {error}", hint="choose another --out") from error
        stdout().print(f"Report: {out}", highlight=False, soft_wrap=True) if not json else None
