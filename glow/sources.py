"""Where images come from: folders, text lists, and dataset cards with their dev part."""

from __future__ import annotations

import csv
import hashlib
import os
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

__all__ = ["ImageFile", "find_image_files", "hold_out"]

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
CARD = "card.toml"
FOLLOW_LINKS = "BENCH_FOLLOW_LINKS"
"""Environment variable: ``1`` for users who made the links in their copies themselves."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image, not yet read.

    Attributes:
        path: of the file.
        group: images of one group are held out together: the person in a dataset with a card,
            elsewhere the image alone.
        label: the first folder below the one that was searched; empty if there is none.
    """

    path: Path
    group: str
    label: str = ""


def find_image_files(
    sources: Iterable[Path], *, part: str = "dev", data_folders: Sequence[Path] = ()
) -> list[ImageFile]:
    """Images of folders (searched recursively), text lists (a path a line) and dataset cards.

    Args:
        sources: each a folder, a list, or a ``card.toml`` or its folder. Beside a card lie
            ``files.csv`` (path, identity) and ``splits/<version>.csv`` (part, source, target).
        part: of a card's split; the images of its people are taken.
        data_folders: where the images of cards may lie, if not beside the card.

    Raises:
        ValueError: a source does not exist, holds no image, or is a card that is malformed, whose
            images are not there or whose test part is asked for.
    """
    files: list[ImageFile] = []
    for source in sources:
        card = source / CARD if (source / CARD).is_file() else source
        if card.suffix == ".toml" and card.is_file():
            found = _of_card(card, part, data_folders)
        elif source.is_dir():
            found = _of_folder(source)
        elif source.is_file():
            found = [ImageFile(Path(line), line) for line in _lines(source) if line.strip()]
        else:
            raise ValueError(f"no folder, list of images or dataset card at {source}")
        if not found:
            raise ValueError(f"no images in {source}")
        files += found
    return files


def hold_out(files: Sequence[ImageFile], share: float) -> tuple[list[ImageFile], list[ImageFile]]:
    """Parts images into those to train on and those to measure on, by whole groups.

    Which groups are held out depends on their names alone: not on the order, nor on a seed, so
    runs can be compared, and more images move few of them to the other side.

    Args:
        files: images of at least two groups.
        share: of the groups to hold out, above 0 and below 1; at least one group.

    Raises:
        ValueError: there are fewer than two groups, or no share is left to train on.
    """
    groups = sorted({file.group for file in files}, key=_digest)
    count = max(1, round(share * len(groups)))
    if count >= len(groups):
        raise ValueError(
            f"a share of {share} of {len(groups)} people or images leaves none to train on; give "
            "the images that measure as --held-out"
        )
    held_out = set(groups[:count])
    training = [file for file in files if file.group not in held_out]
    return training, [file for file in files if file.group in held_out]


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()


def _of_folder(folder: Path) -> list[ImageFile]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    files = []
    for path in paths:
        below = path.relative_to(folder)
        label = below.parts[0] if len(below.parts) > 1 else ""
        files.append(ImageFile(path, below.as_posix(), label))
    return files


def _of_card(path: Path, part: str, data_folders: Sequence[Path]) -> list[ImageFile]:
    if part == "test":
        raise ValueError(
            f"{path}: the test part is what the benchmark measures; a model that has seen it "
            "cannot be measured there; train on --part dev"
        )
    card = _read_card(path)
    split = _below(path.parent / "splits", f"{card['benchmark']['split']}.csv", path)
    parts: dict[str, set[str]] = {}
    for row in _rows(split, ("part", "source", "target")):
        parts.setdefault(row["part"], set()).update((row["source"], row["target"]))
    if part not in parts:
        raise ValueError(f"{split} has no part {part!r}; it has {', '.join(sorted(parts))}")
    listed = [
        row
        for row in _rows(path.parent / "files.csv", ("path", "identity"))
        if row["identity"] in parts[part]
    ]
    if not listed:
        return []
    folder = _data_folder(path, listed[0]["path"], data_folders)
    listing = path.parent / "files.csv"
    return [
        ImageFile(_below(folder, row["path"], listing), f"{card['name']}: {row['identity']}")
        for row in listed
    ]


def _below(folder: Path, text: str, where: Path) -> Path:
    """The file that a written path names, which must lie below a folder on any system.

    Raises:
        ValueError: it does not, by what it says or by a link.
    """
    for path in (PurePosixPath(text), PureWindowsPath(text)):
        if not path.parts or path.anchor or ".." in path.parts or "\0" in text:
            raise ValueError(f"{where}: the path {text[:100]!r} does not lie below {folder}")
    real, base = os.path.realpath(folder / text), os.path.realpath(folder)
    if os.environ.get(FOLLOW_LINKS) != "1" and os.path.commonpath([real, base]) != base:
        raise ValueError(
            f"{where}: {folder / text} is a link that leaves {folder}; set {FOLLOW_LINKS}=1 if you "
            "made it yourself"
        )
    return folder / text


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from error
    benchmark = card.get("benchmark")
    if "name" not in card or not isinstance(benchmark, dict) or "split" not in benchmark:
        raise ValueError(f"{path} is no dataset card: it lacks name or benchmark.split")
    return card


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.is_file():
        raise ValueError(f"the dataset card needs {path}, which is not there")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if missing := set(columns) - set(reader.fieldnames or ()):
                raise ValueError(f"{path} has no column {', '.join(sorted(missing))}")
            rows = list(reader)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no CSV file in UTF-8: {error}") from error
    for line, row in enumerate(rows, start=2):
        if any(not isinstance(row[column], str) for column in columns):
            raise ValueError(f"{path}, row {line}: it has fewer values than columns")
    return rows


def _data_folder(card: Path, first: str, data_folders: Sequence[Path]) -> Path:
    for folder in (*data_folders, card.parent):
        if (folder / first).is_file():
            return folder
    places = ", ".join(str(folder) for folder in (*data_folders, card.parent))
    raise ValueError(
        f"the images of {card} are not there: no {first} in {places}; give --data-folder DIR"
    )


def _lines(source: Path) -> list[str]:
    try:
        return source.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{source} is neither a folder, nor a text list of images, nor a dataset card"
        ) from error
