"""``bench compare``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

__all__ = ["compare"]


class _Side(StrEnum):
    source = "source"
    target = "target"


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Method with a stored run, or a run.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    benchmark: options.StoredBenchmark = None,
    runs: options.Runs = options.DEFAULT_OUT,
    by_person: Annotated[
        _Side | None,
        typer.Option(
            "--by-person", help="Print every person of that side, too.", show_default=False
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Compare two methods on the same pairs: every score, its paired difference and how sure it is.

    No method is run: bench run METHOD does that. A method with parameters is named as the tables
    name it; a run, to compare two of one method, by its folder. Of the same run made on two
    machines, by the paths of both folders, every row is compared, too.

    Examples:

    `bench compare pixel-arith glow-arith`

    `bench compare glow-arith "glow-arith precision=bf16" --benchmark london`

    `bench compare pixel-arith glow-arith --by-person target`

    `bench compare pixel-arith glow-arith --json`

    `bench compare RUN-HERE RUN-FROM-ELSEWHERE`
    """
    from rich.console import Console

    from bench.analysis.stored_pair import compare_stored
    from bench.report.terminal.paired import print_comparison

    with Console(stderr=True).status("comparing"):
        found = compare_stored(runs, benchmark, first, second)
    if json:
        print_json(found.to_dict())
    else:
        print_comparison(found, stdout(), by_person=by_person)
