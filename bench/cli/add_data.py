"""``bench data scan``, ``add`` and ``splits``: from a folder of images to a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

if TYPE_CHECKING:
    from bench.data.card import DatasetCard
    from bench.data.layout.scan import Scan

__all__ = ["add", "scan", "splits"]

Card = Annotated[str, typer.Argument(help="Name of a dataset's card, or the path of a card file.")]
Copy = Annotated[
    Path,
    typer.Option("--data", "-d", envvar="BENCH_DATA", help="Your copy of the dataset's images."),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="Folder of the side files (labels, lists), where it is not --data.",
        show_default=False,
    ),
]


def scan(card: Card, data: Copy, labels: Labels = None, json: options.Json = False) -> None:
    """Show what a card makes of a folder of images; writes nothing.

    Says how many images would be listed and, with examples, which files do not fit and why.

    Examples:

    `bench data scan kdef --data DIR`

    `bench data scan ./card.toml --data DIR --json`
    """
    from bench.data.adding import card_for

    found = _scan(card_for(card), data, labels)
    if json:
        print_json(found.to_dict())
    else:
        _print(found)


def add(
    card: Card,
    data: Copy,
    labels: Labels = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", help="Name of your dataset, instead of the card's.", show_default=False
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite a list of images that differs.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Add your copy of a dataset: lists its images in the folder datasets, where you are.

    Writes datasets/NAME/card.toml and files.csv there (in $BENCH_DATASETS if that is set), and
    says which files do not fit. The images stay where they are.

    Examples:

    `bench data add kdef --data DIR`

    `bench data add folder-per-person --name my-faces --data DIR`

    `bench data add ck-plus --data ALIGNED --labels DIR`
    """
    from bench.data.adding import card_for, write_dataset

    chosen = card_for(card, name)
    file = Path(card) if card.endswith(".toml") else chosen.folder / "card.toml"
    found = _scan(chosen, data, labels)
    added = write_dataset(found, file, overwrite=replace)
    where = added.card.folder
    if json:
        print_json({**found.to_dict(), "folder": str(where), "written": list(added.files)})
        return
    _print(found)
    print(f"{where}: {', '.join(added.files)} written" if added.files else f"{where}: unchanged")
    if added.replaced and added.card.split_file.is_file():
        print(f"its splits were made of the former list: bench data splits {added.card.name}")
    elif not added.card.split_file.is_file():
        print(f"Next: bench data splits {added.card.name}")


def _scan(card: DatasetCard, folder: Path, labels: Path | None) -> Scan:
    """Reads a folder, with a progress bar over its images."""
    from rich.console import Console

    from bench.data.layout.scan import read_images
    from bench.data.layout.survey import survey
    from bench.run.progress import progress_bar

    with Console(stderr=True).status("looking at the files"):
        surveyed = survey(card, folder, labels)
    with progress_bar("reading images", len(surveyed.chosen)) as advance:
        return read_images(surveyed, advance)


def _print(found: Scan) -> None:
    from bench.report.terminal.scan import print_scan

    print_scan(found.to_dict(), stdout())


def splits(
    name: Annotated[str, typer.Argument(help="Name of the dataset.")],
    version: Annotated[str, typer.Option("--version", help="Name of the split.")] = "v1",
    data: options.Data = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="By default the card's.", show_default=False)
    ] = None,
    dev_share: Annotated[
        float | None,
        typer.Option("--dev-share", help="Share of the people in dev.", show_default=False),
    ] = None,
    targets_per_source: Annotated[
        int | None,
        typer.Option(
            "--targets-per-source", min=1, help="People that receive a source.", show_default=False
        ),
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(
            "--balance", help="Groups that both parts hold alike: a,b.", show_default=False
        ),
    ] = None,
    people: Annotated[
        int | None,
        typer.Option("--people", min=0, help="At most so many; 0: all.", show_default=False),
    ] = None,
) -> None:
    """Make a split with nobody in both parts, by the recipe on the card or by options.

    It is written with its recipe; a published one is never overwritten, only superseded.

    Examples:

    `bench data splits kdef`

    `bench data splits kdef --version v2 --seed 7 --dev-share 0.3`

    `bench data splits london --version v2 --data DIR`
    """
    from dataclasses import replace

    from bench.data.card import load_card
    from bench.data.splitting import publish_split

    card = load_card(name)
    made = card.split_recipe
    recipe = replace(
        made,
        seed=made.seed if seed is None else seed,
        dev_share=made.dev_share if dev_share is None else dev_share,
        targets_per_source=targets_per_source or made.targets_per_source,
        balance=made.balance if balance is None else tuple(b for b in balance.split(",") if b),
        people=made.people if people is None else people,
    )
    folder = options.given_data(data, name) if card.groups_file else data
    path, pairs = publish_split(card, version, recipe, folder)
    parts = {
        part: {who for p in pairs if p.part == part for who in (p.source, p.target)}
        for part in ("dev", "test")
    }
    print(
        f"{path}: {len(pairs)} pairs, {len(parts['dev'])} people in dev, {len(parts['test'])} in "
        "test"
    )
