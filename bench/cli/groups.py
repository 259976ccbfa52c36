"""``bench groups``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

__all__ = ["groups"]


class _Side(StrEnum):
    target = "target"
    source = "source"


def groups(
    methods: options.StoredMethods = None,
    benchmark: options.StoredBenchmark = None,
    runs: options.Runs = options.DEFAULT_OUT,
    data: options.Data = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            help="What tells groups apart, such as gender; repeatable. By default all that the "
            "dataset's card names.",
            show_default=False,
        ),
    ] = None,
    side: Annotated[
        list[_Side] | None,
        typer.Option(
            "--side",
            help="Whose group counts; repeatable. By default the target's.",
            show_default=False,
        ),
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(
            "--score",
            help="Which score; repeatable. By default expression_skill and identity_retention.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show what methods gain over doing nothing on each group of people, and how groups differ.

    Reads stored runs and the dataset's table of people, no image. Groups of fewer than five people
    get no number. Ages become bands.

    Examples:

    `bench groups --benchmark london --data DIR`

    `bench groups glow-arith --benchmark london --data DIR --by gender --side source`

    `bench groups --benchmark london --data DIR --score transfer_score --json`
    """  # fmt: skip
    from rich.console import Console

    from bench.analysis.found import stored_benchmark
    from bench.analysis.group_report import SCORES, stored_groups
    from bench.report.terminal.groups import print_groups

    name = stored_benchmark(runs, benchmark)
    with Console(stderr=True).status("scoring groups"):
        report = stored_groups(
            runs,
            name,
            methods or [],
            data=options.given_data(data, name),
            names=by or (),
            sides=tuple(one.value for one in side or [_Side.target]),
            scores=score or SCORES,
        )
    if json:
        print_json(report.to_dict())
    else:
        print_groups(report.to_dict(), stdout())
