"""``bench list``."""

from __future__ import annotations

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

__all__ = ["listing"]

listing = typer.Typer(help="List methods and benchmarks.", no_args_is_help=True)


@listing.command("methods")
def methods(json: options.Json = False) -> None:
    """List the installed methods; those that fail to load with the reason.

    Example: `bench list methods --json`
    """
    from rich.table import Column, Table

    from bench.plugins.registry import list_methods

    entries = list_methods()
    rows = [
        {
            "name": entry.name,
            "kind": "failed"
            if entry.card is None
            else "anchor"
            if entry.card.is_anchor
            else "method",
            "description": entry.problem if entry.card is None else entry.card.description,
            "parameters": {name: str(p.default) for name, p in entry.parameters().items()},
            "origin": entry.origin,
        }
        for entry in entries
    ]
    if json:
        print_json({"schema_version": 1, "rows": rows})
        return
    table = Table("name", "kind", "description", Column("from", overflow="fold"))
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("name", "kind", "description", "origin")))
    stdout().print(table, markup=False)


@listing.command("benchmarks")
def benchmarks(json: options.Json = False) -> None:
    """List the benchmarks.

    Example: `bench list benchmarks`
    """
    from rich.table import Column, Table

    from bench.data.benchmark import list_benchmarks, load_benchmark

    rows = []
    for name in list_benchmarks():
        benchmark = load_benchmark(name)
        split = benchmark.split
        rows.append(
            {
                "name": name,
                "dataset": benchmark.card.title,
                "licence": benchmark.card.licence,
                "ships_images": benchmark.card.ships_images,
                "split": split.version,
                "dev_identities": len(split.identities("dev")),
                "test_identities": len(split.identities("test")),
                "test_pairs": len(split.part("test")),
                "alphas": benchmark.alphas,
                "embedder": benchmark.embedder,
                "au_estimator": benchmark.au_estimator,
            }
        )
    if json:
        print_json({"schema_version": 1, "rows": rows})
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
    stdout().print(table)
