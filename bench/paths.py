"""Where the data folders are, in a checkout and in an install."""

from __future__ import annotations

from pathlib import Path

__all__ = ["datasets_folder"]


def datasets_folder() -> Path:
    """The folder of dataset cards and splits: beside the package in a checkout, inside a wheel."""
    package = Path(__file__).resolve().parent
    installed = package / "_datasets"
    return installed if installed.is_dir() else package.parent / "datasets"
