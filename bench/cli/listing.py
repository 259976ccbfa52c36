"""``bench list``."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options
from bench.cli.instruments import au, embedders
from bench.cli.metrics import list_metrics
from bench.cli.output import print_json, stdout

__all__ = ["listing"]

listing = typer.Typer(
    help="List methods, benchmarks, instruments and metrics.", no_args_is_help=True
)
listing.command("embedders")(embedders)
listing.command("au")(au)
listing.command("metrics")(list_metrics)


@listing.command("methods")
def methods(
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Also the parameters: values and defaults."),
    ] = False,
    json: options.Json = False,
) -> None:
    """List the installed methods; those that fail to load with the reason.

    Examples:

    `bench list methods --verbose`

    `bench list methods --json`
    """
    from rich.table import Column, Table

    from bench.plugins.registry import list_methods
    from bench.report.terminal.parameters import print_parameters

    entries = list_methods()
    rows = [entry.to_dict() for entry in entries]
    if json:
        print_json({"schema_version": 1, "rows": rows})
        return
    table = Table("name", "kind", "description", Column("from", overflow="fold"))
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("name", "kind", "description", "origin")))
    console = stdout()
    console.print(table, markup=False)
    if verbose:
        console.print()
        print_parameters(entries, console)


@listing.command("benchmarks")
def benchmarks(json: options.Json = False) -> None:
    """List the benchmarks, and the datasets of which you can add your copy.

    Example: `bench list benchmarks`
    """
    from rich.table import Column, Table

    from bench.data.overview import benchmark_rows, rows_to_add
    from bench.report.terminal.overview import where_from

    rows, to_add = benchmark_rows(), rows_to_add()
    if json:
        print_json({"schema_version": 1, "rows": rows, "to_add": to_add})
        return
    table = Table(
        *("name", "dataset", "images", "people dev/test"),
        Column("instruments", min_width=14),
        box=None,
        pad_edge=False,
    )
    for row in rows:
        table.add_row(
            str(row["name"]),
            str(row["dataset"]),
            "included" if row["ships_images"] else f"your copy, {row['licence']}",
            f"{row['dev_identities']}/{row['test_identities']}",
            f"{row['embedder']}, {row['au_estimator']}",
        )
    console = stdout()
    console.print(table)
    for line in where_from(rows, to_add):
        console.print(line, markup=False, highlight=False)
