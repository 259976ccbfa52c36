"""Adds a user's copy of a dataset: its card, the list of its images and their AU labels."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench.data.card import DatasetCard, find_card, load_card, read_card
from bench.data.card_check import name_problem
from bench.data.layout.scan import Scan
from bench.data.manifest import manifest_text
from bench.data.truth import labels_text
from bench.errors import BenchError
from bench.paths import datasets_folder, own_datasets_folder

__all__ = ["Added", "card_for", "write_dataset", "write_new_card"]

FIRST_CARD = "folder-per-person"
"""The layout with which a new card begins."""


@dataclass(frozen=True, slots=True)
class Added:
    """What was written.

    Attributes:
        card: the dataset's, in the user's folder of datasets.
        files: names of the files that are new or changed; empty if all were there already.
        replaced: whether a list of images was there and another stands instead of it.
    """

    card: DatasetCard
    files: tuple[str, ...]
    replaced: bool


def card_for(given: str, name: str | None = None) -> DatasetCard:
    """The card of a dataset to add, under the name that it will have.

    Args:
        given: name of a card, or the path of a card file or of its folder.
        name: instead of the name on the card.

    Raises:
        BenchError: there is no such card, or the name is malformed.
    """
    path = Path(given)
    if path.suffix == ".toml" or path.is_absolute() or (path / "card.toml").is_file():
        card = read_card(path if path.suffix == ".toml" else path / "card.toml")
    else:
        card = load_card(given)
    if name is not None and (problem := name_problem(name)):
        raise BenchError(problem, hint="such as my-faces")
    return replace(card, name=name or card.name)


def write_dataset(scan: Scan, card_file: Path, *, overwrite: bool = False) -> Added:
    """Writes a dataset into the user's folder of datasets.

    Args:
        scan: of the user's copy, by the card of :func:`card_for`.
        card_file: the card as it was found.
        overwrite: whether files that are there and differ may be written anew.

    Raises:
        BenchError: a file is there and differs, or the folder cannot be written.
    """
    card = scan.survey.card
    folder = _destination(card, card_file)
    texts = {"card.toml": _card_text(card, card_file), "files.csv": manifest_text(scan.entries)}
    if card.labels is not None and scan.labels:
        units = card.labels.action_units or sorted({u for v in scan.labels.values() for u in v})
        texts[card.labels.file] = labels_text(units, scan.labels)
    changed, replaced = [], False
    for name, text in texts.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == text.encode("utf-8"):
            continue
        if path.is_file() and not overwrite:
            raise BenchError(
                f"{path} is there already and differs from what --data holds",
                hint="--replace, or --name OTHER-NAME to keep both",
            )
        replaced |= name == "files.csv" and path.is_file()
        changed.append(name)
    for name in changed:
        _write(folder / name, texts[name])
    return Added(read_card(folder / "card.toml"), tuple(changed), replaced)


def write_new_card(name: str) -> Path:
    """Writes a card to be filled in, for a folder of images for each person.

    Raises:
        BenchError: the name is malformed, or there is a dataset of that name.
    """
    if known := find_card(name):
        raise BenchError(f"there is a dataset {name} already, in {known}", hint=f"my-{name}")
    card = card_for(FIRST_CARD, name)
    path = own_datasets_folder() / name / "card.toml"
    _write(path, _card_text(card, card.folder / "card.toml"))
    return path


def _destination(card: DatasetCard, card_file: Path) -> Path:
    """Where a dataset is written: its own folder if that is the user's, else a new one there."""
    package = datasets_folder().resolve()
    found_in = card_file.resolve().parent
    is_folder_of_datasets = card_file.name == "card.toml" and found_in.name == card.name
    if is_folder_of_datasets and found_in.parent == own_datasets_folder().resolve():
        return own_datasets_folder() / card.name
    if found_in.parent == package and found_in.name == card.name and card.is_ready:
        option = "" if card.ships_images else " --data DIR"
        raise BenchError(
            f"{card.name} comes with the list of its images: nothing is to be added",
            hint=f"bench data verify {card.name}{option}",
        )
    return own_datasets_folder() / card.name


def _card_text(card: DatasetCard, card_file: Path) -> str:
    """The card's text, under the dataset's name."""
    text = card_file.read_text(encoding="utf-8")
    line = re.compile(r"^name[ \t]*=.*$", re.MULTILINE)
    if not line.search(text):
        raise BenchError(f"{card_file}: write the name as name = {json.dumps(card.name)}")
    return line.sub(lambda _: f"name = {json.dumps(card.name)}", text, count=1)


def _write(path: Path, text: str) -> None:
    """Writes a file that is whole or absent at any moment."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise BenchError(
            f"cannot write {path}: {error.strerror or error}",
            hint="BENCH_DATASETS=DIR names another folder of datasets",
        ) from error
