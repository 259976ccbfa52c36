"""``bench list embedders`` and ``bench list au``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import options
from bench.cli.output import print_json, stdout

if TYPE_CHECKING:
    from bench.plugins.instruments import InstrumentEntry, Kind
    from metrics.cards import InstrumentCard

__all__ = ["au", "embedders"]

OWN_PACKAGE = "expression-transfer-bench"

Name = Annotated[
    str | None,
    typer.Argument(
        help="Print the whole card of this one: NAME, NAME:FILE or FILE.", show_default=False
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        "-d",
        help="Your copy of a dataset: a folder weights beside it is searched first. "
        "By default $BENCH_DATA.",
        show_default=False,
    ),
]


def embedders(name: Name = None, data: Data = None, json: options.Json = False) -> None:
    """List the installed embedders and what is missing to use them; or print the card of one.

    Examples:

    `bench list embedders`

    `bench list embedders mobilefacenet`

    `bench list embedders arcface-onnx:FILE.onnx --json`
    """
    _show("embedder", name, data, json)


def au(name: Name = None, data: Data = None, json: options.Json = False) -> None:
    """List the installed AU estimators and what is missing to use them; or print the card of one.

    Examples:

    `bench list au`

    `bench list au mediapipe`
    """
    _show("au_estimator", name, data, json)


def _show(kind: Kind, name: str | None, data: Path | None, json: bool) -> None:
    from rich.console import Console

    from bench.plugins.instruments import (
        list_instruments,
        load_au_estimator,
        load_embedder,
        weights_beside,
    )

    variable = os.environ.get("BENCH_DATA")
    folder = data or (Path(variable) if variable else None)
    beside = weights_beside(folder) if folder else []
    load = load_embedder if kind == "embedder" else load_au_estimator
    with Console(stderr=True).status("looking at the instruments"):
        card = load(name, beside).card if name else None
        entries = [] if name else list_instruments(kind, beside)
    if card and json:
        print_json({"schema_version": 1, "card": card.to_dict()})
    elif card:
        _print_card(card)
    elif json:
        print_json({"schema_version": 1, "rows": [entry.to_dict() for entry in entries]})
    else:
        _print_table(entries)


def _print_table(entries: list[InstrumentEntry]) -> None:
    from rich.table import Column, Table

    table = Table(
        Column("name", no_wrap=True),
        "ready",
        Column("scale", no_wrap=True),
        "licence",
        "from",
        box=None,
        pad_edge=False,
    )
    for entry in entries:
        ready = "no" if entry.problem else "yes"
        scale, licence = (entry.plugin.scale, entry.plugin.licence) if entry.plugin else ("", "")
        own = entry.origin.startswith(f"{OWN_PACKAGE} ")
        table.add_row(entry.name, ready, scale, licence, "bench" if own else entry.origin)
    stdout().print(table, markup=False)
    usable = [entry.plugin for entry in entries if entry.plugin and not entry.problem]
    taken = [f"{plugin.name}:{plugin.takes}" for plugin in usable if plugin.takes]
    if taken:
        print(f"\nWith a file: {', '.join(taken)}")
    for entry in entries:
        if entry.problem:
            print(f"\n{entry.name}: {entry.problem}")
        if entry.remedy:
            print(f"    {entry.remedy}")


def _print_card(card: InstrumentCard) -> None:
    from rich.table import Column, Table

    table = Table(
        Column(no_wrap=True), Column(overflow="fold"), box=None, pad_edge=False, show_header=False
    )
    for field, value in card.to_dict().items():
        text = ", ".join(value) if isinstance(value, (tuple, list)) else str(value)
        if text:
            table.add_row(field.replace("_", " "), text)
    stdout().print(table, markup=False)
