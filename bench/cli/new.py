"""``bench new``: a plugin or a dataset card that works, to be changed into one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

if TYPE_CHECKING:
    from bench.plugins.checks.outcome import Report
    from bench.plugins.scaffold import Kind

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
    _show([path], report, commands, json=json)


def _begin(kind: Kind, name: str, folder: Path, *, package: bool, json: bool) -> None:
    from bench.api_checks import check_instrument, check_method
    from bench.plugins.scaffold import make_scaffold, write_files

    made = make_scaffold(kind, name, folder, package=package)
    write_files(made.texts)
    plugin = str(made.plugin)
    report = check_method(plugin) if kind == "method" else check_instrument(kind, plugin)
    _show(list(made.texts), report, made.commands, json=json)


def _show(written: Sequence[Path], report: Report, commands: Sequence[str], *, json: bool) -> None:
    """Prints what was written and found, and what to type next; status 1 if a check has failed."""
    from bench.report.checks import print_checks

    if json:
        files = [str(path) for path in written]
        print_json({**report.to_dict(), "written": files, "next": list(commands)})
    else:
        console = stdout()
        print_checks(report, console)
        console.print()
        for lines, first in ((written, "Written: "), (commands, "Next: ")):
            for place, line in enumerate(lines):
                label = " " * len(first) if place else first
                # Never broken into two, so that it can be copied.
                console.print(f"{label}{line}", markup=False, highlight=False, soft_wrap=True)
    if not report.has_passed:
        raise typer.Exit(1)
