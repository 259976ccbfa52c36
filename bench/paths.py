"""Where things are: the data folders of a checkout or an install, and the cache."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder", "datasets_folder"]


def datasets_folder() -> Path:
    """The folder of dataset cards and splits: beside the package in a checkout, inside a wheel."""
    package = Path(__file__).resolve().parent
    installed = package / "_datasets"
    return installed if installed.is_dir() else package.parent / "datasets"


def cache_folder() -> Path:
    """The folder for downloads: ``$XDG_CACHE_HOME/bench``, by default ``~/.cache/bench``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bench"
