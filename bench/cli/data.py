"""``bench data``: what a dataset is, adding and verifying a copy of it, and making a split."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import options
from bench.cli.add_data import add, scan, splits
from bench.cli.align import align, check_alignment
from bench.cli.draw import draw
from bench.cli.output import print_json, stdout
from bench.cli.pairs import pairs
from bench.errors import BenchError

__all__ = ["data"]

data = typer.Typer(
    help="Look at datasets, add and verify a copy, make a split.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Name of the dataset.")]


@data.command("show")
def show(name: Name, json: options.Json = False) -> None:
    """Show a dataset's card: what it is, its licence, where to get it.

    Example: `bench data show london`
    """
    from dataclasses import asdict

    from bench.data.card import load_card

    card = load_card(name)
    if json:
        print_json(
            {"schema_version": 1, **{k: v for k, v in asdict(card).items() if k != "folder"}}
        )
        return
    console = stdout()
    here = [("images", f"{card.folder} (come with bench)")] if card.ships_images else []
    steps = []
    if not card.ships_images and not card.manifest.is_file():
        steps = [("next", f"bench data add {card.name} --data DIR")]
    elif not card.split_file.is_file():
        steps = [("next", f"bench data splits {card.name}")]
    for label, text in [
        ("title", card.title),
        ("citation", card.citation),
        ("licence", f"{card.licence} ({card.licence_url})"),
        ("how to get it", card.how_to_get),
        *here,
        ("files", card.layout.pattern if card.layout else card.path),
        ("alignment", card.alignment),
        ("card", card.folder / "card.toml"),
        *steps,
    ]:
        console.print(f"{label}: {text}", markup=False, highlight=False)


@data.command("verify")
def verify(
    name: Name,
    data: options.Data = None,
    json: options.Json = False,
) -> None:
    """Check a copy of a dataset: what is missing, unreadable, of the wrong size or changed.

    Prints one line for each file that is not as published, and ends with status 1 if there is any.

    Examples:

    `bench data verify synthfaces`

    `bench data verify london --data DIR`
    """
    from rich.console import Console
    from rich.progress import track

    from bench.data.card import load_card
    from bench.data.manifest import read_manifest
    from bench.data.manifest import verify as verify_files

    card = load_card(name)
    folder = card.data_folder(options.given_data(data, name))
    total = len(read_manifest(card.manifest))
    checks = track(
        verify_files(card, folder), "verifying", total=total, console=Console(stderr=True)
    )
    problems = [(entry.path, problem) for entry, problem in checks if problem is not None]
    if json:
        rows = [{"path": path, "problem": problem} for path, problem in problems]
        print_json({"schema_version": 1, "dataset": name, "files": total, "problems": rows})
    else:
        for path, problem in problems:
            print(f"{path} {problem}")
        print(f"{total - len(problems)} of {total} files are as published")
    if problems:
        raise typer.Exit(1)


@data.command("paths")
def paths(
    name: Name,
    part: Annotated[str, typer.Option("--part", help="dev or test.")] = "dev",
    data: options.Data = None,
) -> None:
    """Print the paths of a part's images, one a line: a list for training.

    Examples:

    `bench data paths synthfaces --part dev > dev.txt`

    `bench data paths london --part dev --data DIR > dev.txt`
    """
    from bench.data.benchmark import load_benchmark
    from bench.data.dataset import Dataset

    if part not in ("dev", "test"):
        raise BenchError(f"no part called {part!r}", hint="dev or test")
    benchmark = load_benchmark(name)
    folder = benchmark.card.data_folder(options.given_data(data, name))
    dataset = Dataset(benchmark.card, folder, benchmark.resolution)
    for path in dataset.paths(benchmark.split.identities(part)):  # type: ignore[arg-type]
        print(path)


data.command("pairs")(pairs)
data.command("scan")(scan)
data.command("add")(add)
data.command("splits")(splits)
data.command("align")(align)
data.command("check-alignment")(check_alignment)
data.command("draw")(draw)
