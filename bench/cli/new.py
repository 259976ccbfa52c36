"""``bench new``: a plugin or a dataset card that works, to be changed into one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import options
from bench.cli.check import show_report

if TYPE_CHECKING:
    from bench.plugins.checks.contract import Kind

__all__ = ["new"]

new = typer.Typer(
    help="Begin a method, an embedder, an AU estimator or a dataset.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Its name: lower case, with hyphens.")]
Folder = Annotated[Path, typer.Option("--folder", help="Where to write.")]
Package = Annotated[
    bool, typer.Option("--package", help="Write a package to install, with its entry point.")
]


@new.command("method")
def method(
    name: Name, package: Package = False, folder: Folder = Path("."), json: options.Json = False
) -> None:
    """Write a method that works, with its test and its card, and check it.

    Examples:

    `bench new method my-blend`

    `bench new method my-blend --package --folder DIR`
    """
    _begin("method", name, folder, package=package, json=json)


@new.command("embedder")
def embedder(
    name: Name, package: Package = False, folder: Folder = Path("."), json: options.Json = False
) -> None:
    """Write an embedder that works, with its test and its card, and check it.

    Example: `bench new embedder my-eyes`
    """
    _begin("embedder", name, folder, package=package, json=json)


@new.command("au")
def au(
    name: Name, package: Package = False, folder: Folder = Path("."), json: options.Json = False
) -> None:
    """Write an AU estimator that works, with its test and its card, and check it.

    Example: `bench new au my-units`
    """
    _begin("au_estimator", name, folder, package=package, json=json)


@new.command("dataset")
def dataset(name: Name, json: options.Json = False) -> None:
    """Write the card of a dataset with a folder for each person, to be filled in, and check it.

    It is written to datasets/NAME/card.toml (in $BENCH_DATASETS if that is set). For files that lie
    otherwise change its layout: docs/add-a-dataset.md.

    Example: `bench new dataset my-faces`
    """
    from bench.api_checks import check_dataset
    from bench.data.adding import write_new_card

    path = write_new_card(name)
    report = check_dataset(name)
    commands = [f"bench data {step} {name} --data DIR" for step in ("scan", "add")]
    show_report(report, [path], commands, json=json)


def _begin(kind: Kind, name: str, folder: Path, *, package: bool, json: bool) -> None:
    from bench.api_checks import check_instrument, check_method
    from bench.plugins.scaffold import make_scaffold, write_files

    made = make_scaffold(kind, name, folder, package=package)
    write_files(made.texts)
    plugin = str(made.plugin)
    report = check_method(plugin) if kind == "method" else check_instrument(kind, plugin)
    show_report(report, list(made.texts), made.commands, json=json)
