"""Where the data folders are: the user's, in a checkout and in an install."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "dataset_folders",
    "datasets_folder",
    "leaderboards_folder",
    "own_datasets_folder",
    "packaged_leaderboards",
]


def datasets_folder() -> Path:
    """The folder of dataset cards and splits: beside the package in a checkout, inside a wheel."""
    return _data_folder("datasets")


def leaderboards_folder() -> Path:
    """The folder of published boards: ``$BENCH_LEADERBOARDS``, else where the package has it."""
    own = os.environ.get("BENCH_LEADERBOARDS")
    return Path(own) if own else packaged_leaderboards()


def packaged_leaderboards() -> Path:
    """The package's own folder of boards, which also holds the schema of an entry."""
    return _data_folder("leaderboards")


def own_datasets_folder() -> Path:
    """The user's folder of datasets: ``$BENCH_DATASETS``, else ``datasets`` where they are."""
    return Path(os.environ.get("BENCH_DATASETS") or "datasets")


def dataset_folders() -> list[Path]:
    """Where cards are looked for, the first of a name wins.

    ``$BENCH_DATASETS``, ``datasets`` in the current folder, the package's; each once.
    """
    found: dict[Path, Path] = {}
    for place in (own_datasets_folder(), Path("datasets"), datasets_folder()):
        found.setdefault(place.resolve(), place)
    return list(found.values())


def _data_folder(name: str) -> Path:
    package = Path(__file__).resolve().parent
    installed = package / f"_{name}"
    return installed if installed.is_dir() else package.parent / name
