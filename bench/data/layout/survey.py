"""What the files of a user's copy are, by their names and the side files alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.data.card import DatasetCard
from bench.data.layout.fields import FoundFiles, find_images
from bench.data.layout.roles import Cast, cast_images
from bench.errors import BenchError

__all__ = ["Survey", "survey"]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the names and side files of a folder say, before any image is opened.

    Attributes:
        chosen: the images to list.
        unused: paths that fit and that no rule on the card uses.
        surplus: paths beyond the number that a rule takes of one expression.
    """

    card: DatasetCard
    data: Path
    files: FoundFiles
    chosen: tuple[Cast, ...]
    unused: tuple[str, ...]
    surplus: tuple[str, ...]


def survey(card: DatasetCard, data: Path, beside: Path | None = None) -> Survey:
    """Finds out what each file of a folder is, by its name and the side files.

    Args:
        card: the dataset's card.
        data: folder of the images.
        beside: folder of the side files; by default the same.

    Raises:
        BenchError: a folder or a side file is missing, or a side file is malformed.
    """
    layout = card.files_layout()
    groups = () if card.groups_file else card.groups
    if not data.is_dir():
        raise BenchError(f"no data folder at {data}", hint=card.how_to_get)
    found = find_images(layout, card.labels, groups, data, beside or data)
    chosen, unused, surplus = cast_images(layout, found.images)
    return Survey(
        card,
        data,
        found,
        tuple(chosen),
        tuple(image.path for image in unused),
        tuple(image.path for image in surplus),
    )
